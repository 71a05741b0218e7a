//===- ActiveCount.h - Who is inside a body ---------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// The executions of a body that have begun and not ended, as two words that
/// its machine code counts up: one at the entry, one on every way out. Their
/// difference is the active count. Reclaimer.h says what it proves, and why it
/// takes two words: a word that only grows tells that nobody entered between
/// two looks, which a word that goes up and down cannot tell.
///
/// Ways out. A return; a `musttail` call, which counts before it jumps; and an
/// exception that passes through: each call that may throw gets a clean-up that
/// counts and goes on unwinding, and an existing landing pad counts where it
/// resumes. A forced unwinding (thread cancellation, `pthread_exit`) runs the
/// same clean-ups. What leaves by `longjmp`, or ends its thread without
/// unwinding, never counts out: the body counts as active for ever. So does
/// what the function could not have left by an exception (`nounwind`) and then
/// does. Both err on the side of keeping code.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_ACTIVECOUNT_H
#define REOPT_ACTIVECOUNT_H

#include "llvm/ExecutionEngine/Orc/Shared/ExecutorAddress.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>

namespace llvm {
class Function;
} // namespace llvm

namespace reopt {

/// The words that a body counts in, in the executor's memory. Machine code adds
/// to each by one atomic instruction, from any number of threads. Neither ever
/// goes back or wraps, and Exits never exceeds Entries.
struct ActiveCount {
  uint64_t Entries;
  uint64_t Exits;
};
static_assert(sizeof(ActiveCount) == 16, "machine code relies on the layout");

/// Why executions of \p F cannot be counted; empty if they can. Refused are
/// declarations, naked functions, coroutines that are not split yet, and
/// functions that unwind by funclets (Windows, WebAssembly).
std::string whyNotCounted(const llvm::Function &F);

/// Makes \p F count its executions in the ActiveCount at \p Count. An error,
/// which whyNotCounted() words, leaves F as it was. A function without a
/// personality that calls something that may throw gets __gxx_personality_v0,
/// which must be defined where the code is linked.
///
/// To be run when the optimiser is done with F: it would see an exit in front
/// of each return as a reason not to make tail calls, and copies of F that were
/// inlined before are not bodies of F. Several functions of one object may
/// count in one ActiveCount.
///
/// The thread that owns F's context calls it.
llvm::Error countActive(llvm::Function &F, llvm::orc::ExecutorAddr Count);

} // namespace reopt

#endif // REOPT_ACTIVECOUNT_H
