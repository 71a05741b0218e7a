//===- ThreadTable.h - Threads as the kernel has them -----------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Which threads this process has and what they are about, from /proc/self/task
/// (Linux). Any thread may ask; nothing is kept between calls.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_THREADTABLE_H
#define REOPT_THREADTABLE_H

#include "llvm/Support/Error.h"
#include <array>
#include <cstdint>
#include <optional>
#include <sys/types.h>
#include <vector>

namespace reopt {

/// Every thread that exists from the call to the return; those that begin or
/// end meanwhile may be missing.
///
/// The kernel leaves a living thread out of a listing only if one that it
/// listed ends before the listing does: it goes on from the last one listed,
/// and failing that counts places. So the threads are listed until two
/// successive listings are equal. The first of these is complete: a thread in
/// it that had ended would be missing from the second, as no thread gets a
/// number again before all other numbers were given out. An error if threads
/// come and go too fast.
llvm::Expected<std::vector<pid_t>> listThreads();

struct ThreadStatus {
  bool Ended;
  /// Signals that it blocks: signal N is bit N - 1.
  uint64_t Blocked;
  /// How often it was switched out. Unchanged: it was not.
  uint64_t Switches;
};
/// An error if the kernel does not say. A thread that is no more has ended.
llvm::Expected<ThreadStatus> getThreadStatus(pid_t Thread);

/// A system call that a thread is asleep in.
struct SleepingCall {
  long Number;
  std::array<uint64_t, 6> Arguments;
  uint64_t StackPointer;
};
/// Nothing if the thread is not asleep in a system call, or ended, or the
/// kernel does not say. It may have woken up since.
std::optional<SleepingCall> getSleepingCall(pid_t Thread);

} // namespace reopt

#endif // REOPT_THREADTABLE_H
