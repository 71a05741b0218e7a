//===- FunctionState.h ------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// What the session knows about one function: its identity, where its code is,
/// and the stage of its life. A function keeps its number, its stub and its
/// cell for as long as it exists; bodies come and go behind the stub.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_FUNCTIONSTATE_H
#define REOPT_FUNCTIONSTATE_H

#include "reopt/Hook.h"
#include "reopt/Reasons.h"
#include "llvm/ExecutionEngine/Orc/Core.h"
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace reopt {

/// Number of a function within its session, never used again.
using FunctionId = uint32_t;

/// The stages of a function's life.
enum class Stage : uint8_t {
  Lazy,      ///< Its stub leads to an entry that compiles tier 0.
  Tier0,     ///< Tier-0 code runs and counts.
  Queued,    ///< It tripped, or was asked for, and waits for a worker.
  Compiling, ///< A worker makes its optimised body.
  Tier1,     ///< The stub leads to a body of the policy's.
  Refused,   ///< Tier 0 stays; the reason says why. Only an explicit request
             ///< tries again.
  Removed,   ///< Its definition was taken back; nothing of it is reachable.
};

/// A lower-case word for \p S, as listings print it.
const char *getStageName(Stage S);

/// True where a function may go from \p From to \p To.
bool isLegalTransition(Stage From, Stage To);

/// One function. Guarded by ReOptimizeLayer's mutex, except Trip, which the
/// hook uses from any thread.
///
/// There may be very many, so what needs fewer bits has fewer, and the order is
/// one without gaps.
struct FunctionState {
  /// Linker name, which is the stub's name.
  llvm::orc::SymbolStringPtr Name;
  /// The function's address, in every tier.
  llvm::orc::ExecutorAddr Stub;
  /// Where it counts; null if it does not count.
  llvm::orc::ExecutorAddr Cell;
  /// The entry that compiles tier 0.
  llvm::orc::ExecutorAddr LazyEntry;
  /// LazyEntry, or tier 0's body if it exists.
  llvm::orc::ExecutorAddr Tier0Entry;
  /// The ContinuationTable that is published; null if there is none.
  llvm::orc::ExecutorAddr Continuations;
  /// Loops for which continuations were asked, and which of them were asked for
  /// again: waiting for a loop around them took too long (LoopRequest).
  uint64_t WantedLoops = 0, LongLoops = 0;
  /// Body of the policy's that is published; null while tier 0 is.
  llvm::orc::ExecutorAddr Body;
  /// More words on Why, from the policy or from the step that failed; null if
  /// there are none.
  std::unique_ptr<std::string> Detail;
  /// Counts of earlier armings.
  uint64_t PastCalls = 0, PastLoops = 0;
  /// Who made the call that tripped last, if that was tier-0 code.
  std::optional<FunctionId> LastCaller;
  FunctionId Id = 0;
  /// The group of bodies that tier 0's is compiled with; 0 while it is not.
  uint32_t TierZeroGroup = 0;
  /// The batch whose body is published; 0 while tier 0 is.
  uint32_t PublishedBatch = 0;
  /// The batch that Continuations is of.
  uint32_t ContinuationBatch = 0;
  /// Frames that went on in tables that are published no more.
  uint32_t PastContinued = 0;
  /// Published versions so far; 0 is tier 0. Going back to it is one, too.
  uint32_t Version = 0;
  /// Bodies of the policy's since tier 0 ran last.
  uint32_t Tier = 0;
  /// What the cell was last armed with.
  int32_t ArmedCalls = 0, ArmedLoops = 0;
  /// Instructions of tier 0's IR.
  uint32_t Size = 0;
  /// Failures so far: each doubles the distance to the next try.
  uint32_t Failures = 0;
  /// Wall time of the compile that made the published body, shared by all
  /// functions of its batch.
  std::chrono::duration<uint32_t, std::micro> CompileTime{0};
  Stage St = Stage::Lazy;
  Reason Why = Reason::NotHotYet;
  /// How often a body was not needed when it tripped, since its callers got it
  /// inlined.
  uint8_t TimesServed = 0;
  /// Whether tier 0's body exists as machine code and was called for.
  bool Tier0Compiled = false;
  /// Whether all that the body reaches is known to be defined.
  bool ReferencesChecked = false;
  /// Whether Body counts and trips.
  bool BodyCounts = false;
  bool Armed = false;
  /// It is called once: what is made of it is continuations, or a body that its
  /// only call waits for.
  bool RunsOnce = false;
  /// A frame of tier 0 is in a loop, and continuations are wanted.
  bool InLoop = false;
  /// Its loops cannot be continued, or were not: see Why.
  bool NoContinuations = false;
  /// Somebody asked for a body of its own, and has not got it.
  bool Asked = false;
  /// The hook's entry for this function.
  TripRecord Trip;

  /// The stage that says what runs: where a function goes back to when what was
  /// wanted of it is done or given up.
  Stage getRunningStage() const {
    return Body ? Stage::Tier1 : Tier0Compiled ? Stage::Tier0 : Stage::Lazy;
  }

  /// Whether Why says that it is, or was, compiled without being hot.
  bool isOnRequest() const {
    return Why == Reason::Requested || Why == Reason::BeforeFirstCall;
  }

  /// Sets Why, and Detail to \p Words.
  void explain(Reason R, llvm::StringRef Words = "");

  /// Changes the stage; asserts that the transition is legal.
  void transition(Stage To);
};

} // namespace reopt

#endif // REOPT_FUNCTIONSTATE_H
