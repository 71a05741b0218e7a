//===- RemovedCode.h - What removed code goes on with -----------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What objects of code hold together with their inputs, so that it goes with
// the last of them. ReOptimizeOldCode.cpp argues why that is the right moment.
//
// Threads: destructors act, and take Space::Adding and then M. So whoever lets
// go of one of these, which is anybody that frees code or removes a tracker,
// holds neither: what has to go is moved out under M, and dropped after.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_LIB_REMOVEDCODE_H
#define REOPT_LIB_REMOVEDCODE_H

#include "reopt/ReOptimizeLayer.h"

namespace reopt {

/// Keeps the calls of functions working that were removed together, for they
/// may call each other. Ends with the last that holds it, which must not hold
/// a lock then: calls trap from then on.
struct LayerRecords::RemovedCalls {
  explicit RemovedCalls(ReOptimizeLayer &L) : L(L) {}
  ~RemovedCalls();
  ReOptimizeLayer &L;
  std::shared_ptr<Space> From;
  std::vector<FunctionId> Functions;
  /// LastObjects, HeldData of code that stays, and RemovedCalls of what was
  /// defined under the same names later: what goes only when these calls have
  /// ended. Guarded by M.
  std::vector<std::shared_ptr<void>> Then;
};

/// What code that may call an input's functions holds.
struct LayerRecords::HeldCalls {
  /// Since the input was removed; null before. Guarded by M.
  std::shared_ptr<RemovedCalls> Removed;
};

/// Keeps what an input's code reads and writes once it is removed: its data,
/// and the cells that it counts in. Ends with the last that holds it, which
/// must not hold a lock then.
struct LayerRecords::HeldData {
  explicit HeldData(ReOptimizeLayer &L) : L(L) {}
  ~HeldData();
  ReOptimizeLayer &L;
  /// Of the data; null without any.
  llvm::orc::ResourceTrackerSP RT;
  std::vector<llvm::orc::ExecutorAddr> Cells;
  /// Guarded by M.
  bool IsRemoved = false;
};

} // namespace reopt

#endif // REOPT_LIB_REMOVEDCODE_H
