//===- Instrumenter.h -------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Puts the counting and the call of the hook into tier-0 IR. The code counts
/// calls at the function's entry and iterations on each back-edge, each in a
/// word of the function's Cell, and trips when a word gets negative. On the
/// usual path that is a load, a decrement, a store and a branch, of which tier
/// 0 makes a decrement in memory and a jump on x86-64 (lib/CountFolding.h).
///
/// Tier 0 also polls: when its loops trip, it looks whether there is a
/// continuation, and goes on there (OnStackReplacement.h).
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_INSTRUMENTER_H
#define REOPT_INSTRUMENTER_H

#include "llvm/ExecutionEngine/Orc/Shared/ExecutorAddress.h"
#include <cstdint>

namespace llvm {
class Function;
} // namespace llvm

namespace reopt {

/// What machine code passes to the hook, and where it counts.
struct InstrumentationSite {
  llvm::orc::ExecutorAddr Cell;
  uint64_t HookId = 0;
  uint32_t Version = 0;
  /// Whether the code is tier 0's, so that its loops can go on elsewhere.
  bool Polls = false;
};

/// Instruments \p F, which must have a body. The thread that owns F's context
/// calls it. Returns whether each loop of it polls, and can be left.
bool instrument(llvm::Function &F, const InstrumentationSite &Site);

} // namespace reopt

#endif // REOPT_INSTRUMENTER_H
