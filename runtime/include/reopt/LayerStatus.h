//===- LayerStatus.h - What a layer tells of itself -------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Snapshots for listings and status lines: plain values, the caller's own.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_LAYERSTATUS_H
#define REOPT_LAYERSTATUS_H

#include "reopt/FunctionState.h"
#include <chrono>
#include <cstdint>
#include <string>

namespace reopt {

/// What a listing shows of one function.
struct FunctionInfo {
  FunctionId Id;
  std::string Name;
  Stage St;
  uint32_t Version;
  uint64_t Calls, Loops;
  std::chrono::microseconds CompileTime;
  Reason Why;
  std::string Detail;
  bool Compiled;
  /// Frames whose loops went on at -O3.
  uint64_t Continued = 0;
};

/// Counts for a status line. What is queued or compiled is counted in the tier
/// that it runs in meanwhile, too.
struct LayerStatus {
  bool Enabled = false;
  int64_t Threshold = 0, LoopThreshold = 0;
  unsigned Lazy = 0, Tier0 = 0, Tier1 = 0, Refused = 0;
  unsigned Queued = 0, Compiling = 0;
  uint64_t Batches = 0, Failures = 0;
  bool WorkerStarted = false, WorkerBusy = false;
  std::chrono::microseconds CompileTime{0};
  /// Speculation: percent of a wait that is used, functions that wait to be
  /// compiled, bodies that were published, compiles, and their time.
  int64_t SpeculatePercent = 0;
  size_t Prospects = 0;
  uint64_t Speculated = 0, SpeculativeBatches = 0, SpeculationFailures = 0;
  std::chrono::microseconds SpeculationTime{0};
  /// Objects whose code was replaced or removed and is not freed yet, and those
  /// that were freed.
  size_t Retired = 0;
  uint64_t Freed = 0;
  /// What there is to free: these objects, and what may go after removed ones,
  /// their data for one. What a thread is just freeing is among it.
  size_t Pending = 0;
  /// Why nothing can be freed at present; empty if it can.
  std::string Obstacle;
};

} // namespace reopt

#endif // REOPT_LAYERSTATUS_H
