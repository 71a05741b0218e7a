//===- StackScan.h - Addresses of code on a stack ---------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Looks through the live part of a thread's own stack for words that are
/// addresses in some ranges of code. It is conservative: any word counts,
/// whatever it was meant to be.
///
/// A thread's own stack, with glibc on Linux, ends at the thread's control
/// block (at the thread pointer), which pthread_create places there, also on
/// a stack that the program supplies; the stack of the process's first thread
/// ends where the process began. Everything between a stack pointer and that
/// end must be readable: a stack pointer on another stack (a fiber's, an
/// alternate signal stack) is told by that, for there are other mappings, guard
/// pages or nothing in between, or the end lies below.
///
/// Memory is read by process_vm_readv, which fails where a load would fault. So
/// a scan does no harm even if it is wrong about where it reads, takes no lock
/// and no memory, and can be done for a thread that is asleep.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_STACKSCAN_H
#define REOPT_STACKSCAN_H

#include "reopt/QuiescenceProof.h"
#include <atomic>
#include <memory>
#include <vector>

namespace reopt {

/// The ranges that are looked for, and which were found. Marking is safe in
/// signal handlers and from several threads at once.
class RangeMarks {
public:
  /// Ranges may come in any order, and touch.
  explicit RangeMarks(llvm::ArrayRef<ObservedRange> Ranges);

  /// Marks the ranges that \p Word is an address in.
  void mark(uint64_t Word) {
    if (Word - Lowest <= Extent)
      markInside(Word);
  }
  /// Marks all ranges whose addresses were in tables.
  void markTables();
  bool hasTables() const { return HasTables; }

  /// By the numbers the ranges had in the constructor's list.
  llvm::BitVector takeMarks() const;

private:
  struct Entry {
    uint64_t Begin, Last; ///< The byte behind the range is an address in it.
    unsigned Number;
    bool InTables;
  };
  void markInside(uint64_t Word);

  std::vector<Entry> Sorted;
  std::unique_ptr<std::atomic<bool>[]> Marks; ///< In the order of Sorted.
  uint64_t Lowest = 0, Extent = 0;
  bool HasTables = false;
};

/// What code may use below its stack pointer (System V ABI for x86-64).
constexpr uint64_t RedZone = 128;

/// Marks what lies on a stack from \p Begin on until its end, \p StackEnd.
/// False, and nothing is known, if something in between is not readable or if
/// the two are too far apart for one stack. Async-signal-safe; any thread's
/// stack, if that thread does not run.
bool scanStack(RangeMarks &Marks, uint64_t Begin, uint64_t StackEnd);

/// Where the stack of the calling thread ends. Async-signal-safe.
uint64_t getOwnStackEnd();

/// Where the stack of \p Thread, of this process, ends. Zero if that cannot be
/// told (a thread that the C library did not make).
uint64_t getStackEnd(pid_t Thread);

/// Overwrites what calls that have returned left below the caller's frame. The
/// frames of later calls lie there, and where they do not write an old address
/// would look alive: for as long as the thread sleeps in such a call. For
/// threads that have handled addresses of code and are about to wait; they have
/// 20 kB of stack left. As GC_clear_stack of the Boehm collector.
void clearDeadStack();

} // namespace reopt

#endif // REOPT_STACKSCAN_H
