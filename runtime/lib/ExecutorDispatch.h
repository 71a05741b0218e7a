//===- ExecutorDispatch.h - Questions from the executor ---------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// What code in the executor needs to ask the session something: a tag that
/// says what is asked, a handler that answers, and errno, which asking must not
/// change. The question travels as a JIT dispatch of the session's
/// ExecutorProcessControl, so that no ORC runtime is needed, and a local and a
/// remote executor are the same code.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_LIB_EXECUTORDISPATCH_H
#define REOPT_LIB_EXECUTORDISPATCH_H

#include "llvm/ExecutionEngine/Orc/Core.h"
#include "llvm/Support/Process.h"
#include <condition_variable>
#include <mutex>

namespace reopt {

/// A tag that no other caller in this process has, or is given later. Any
/// thread.
llvm::orc::ExecutorAddr makeDispatchTag();

/// Has \p Handler answer what is asked under \p Tag. For good: a session cannot
/// forget a handler, which must therefore own, or be able to do without, all
/// that it uses.
llvm::Error registerDispatchHandler(
    llvm::orc::ExecutionSession &ES, llvm::orc::ExecutorAddr Tag,
    llvm::orc::ExecutionSession::JITDispatchHandlerFunction Handler);

/// The executor's function that returns the address of errno; null if it has
/// none that can be found: errno is not preserved then.
llvm::orc::ExecutorAddr findErrnoLocation(llvm::orc::ExecutionSession &ES);

/// Questions that are being answered, so that who answers them does not go away
/// meanwhile. All members are called under one mutex of the owner's.
class QuestionsInWork {
public:
  void begin() { ++Number; }
  void end() {
    if (--Number == 0)
      None.notify_all();
  }
  /// Gives \p Lock back while it waits. Returns at once in a forked child,
  /// which has none of the threads that answer.
  void waitForNone(std::unique_lock<std::mutex> &Lock) {
    if (Owner == llvm::sys::Process::getProcessId())
      None.wait(Lock, [this] { return Number == 0; });
  }

private:
  const llvm::sys::Process::Pid Owner = llvm::sys::Process::getProcessId();
  std::condition_variable None;
  unsigned Number = 0;
};

} // namespace reopt

#endif // REOPT_LIB_EXECUTORDISPATCH_H
