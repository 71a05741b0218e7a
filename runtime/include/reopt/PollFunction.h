//===- PollFunction.h - What a loop of tier 0 asks --------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// The slow path of counting code, as functions that instrumented modules
/// declare and call: the hook (Hook.h), and what a loop of tier 0 calls when
/// its count gets negative:
///
///   ptr poll(cell, id, version, loop):
///     cell->LoopsLeft = PollInterval
///     seen = cell->Continuations
///     if seen == 0 and we change it to 1: hook(id, version, loop + 1)
///     if seen is odd:
///       add 2 to its count, up to the largest, and note this loop, unless
///       it changed
///       return null
///   look:
///     table = cell->Continuations, which the hook may have set
///     if table is odd, or 0, or table[loop] == 0: return null
///     if table[loop] == 1:
///       if we change it to 0: hook(id, version, loop + 1), look again
///       return null
///     if table[loop] is odd:
///       take 2 from it, unless it changed
///       cell->LoopsLeft = 0
///       return null
///     ++table->Entered
///     return table[loop]
///
/// Cell.h has the words and argues why this needs no lock. It is made as IR, so
/// that an executor needs nothing for it, and once for all modules: it is a
/// hundred instructions, half of them atomic, and took more time to compile
/// than most functions that have a loop.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_POLLFUNCTION_H
#define REOPT_POLLFUNCTION_H

#include "llvm/ExecutionEngine/Orc/ThreadSafeModule.h"
#include "llvm/IR/DerivedTypes.h"

namespace llvm {
class DataLayout;
class Triple;
} // namespace llvm

namespace reopt {

/// Its name in machine code, without the target's prefix.
constexpr const char *PollName = "__reopt_poll";

/// The hook, as \p M calls it.
llvm::FunctionCallee declareHook(llvm::Module &M);

/// The poll, as \p M calls it.
llvm::FunctionCallee declarePoll(llvm::Module &M);

/// A module in a context of its own that defines the poll, and calls the hook.
llvm::orc::ThreadSafeModule createPollModule(const llvm::DataLayout &Layout,
                                             const llvm::Triple &Target);

} // namespace reopt

#endif // REOPT_POLLFUNCTION_H
