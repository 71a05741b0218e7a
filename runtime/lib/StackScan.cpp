//===- StackScan.cpp - Addresses of code on a stack -----------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/StackScan.h"
#include "llvm/ADT/STLExtras.h"
#include <cstring>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/// The stack pointer with which the process began; the dynamic linker's.
extern "C" void *__libc_stack_end;

namespace reopt {

//===----------------------------------------------------------------------===//
// RangeMarks
//===----------------------------------------------------------------------===//

RangeMarks::RangeMarks(llvm::ArrayRef<ObservedRange> Ranges)
    : Marks(new std::atomic<bool>[Ranges.size()]()) {
  if (Ranges.empty())
    return;
  for (auto &R : Ranges) {
    Sorted.push_back({R.Range.Start.getValue(), R.Range.End.getValue(),
                      static_cast<unsigned>(Sorted.size()), R.InTables});
    HasTables |= R.InTables;
  }
  llvm::sort(Sorted,
             [](const Entry &A, const Entry &B) { return A.Begin < B.Begin; });
  Lowest = Sorted.front().Begin;
  Extent = Sorted.back().Last - Lowest;
}

void RangeMarks::markInside(uint64_t Word) {
  // The first entry that begins behind Word. Ranges do not overlap, but the
  // byte behind one may begin the next.
  size_t Low = 0, High = Sorted.size();
  while (Low != High) {
    size_t Middle = Low + (High - Low) / 2;
    if (Sorted[Middle].Begin <= Word)
      Low = Middle + 1;
    else
      High = Middle;
  }
  for (size_t I = Low; I && Sorted[I - 1].Last >= Word; --I)
    Marks[I - 1].store(true, std::memory_order_relaxed);
}

void RangeMarks::markTables() {
  for (size_t I = 0; I != Sorted.size(); ++I)
    if (Sorted[I].InTables)
      Marks[I].store(true, std::memory_order_relaxed);
}

llvm::BitVector RangeMarks::takeMarks() const {
  llvm::BitVector Result(Sorted.size());
  for (size_t I = 0; I != Sorted.size(); ++I)
    if (Marks[I].load(std::memory_order_relaxed))
      Result.set(Sorted[I].Number);
  return Result;
}

//===----------------------------------------------------------------------===//
// Stacks
//===----------------------------------------------------------------------===//

/// No stack is larger; what is further away is another one.
static constexpr uint64_t LargestStack = uint64_t(1) << 28;

/// Copies a piece of this process's memory. Async-signal-safe.
static bool readMemory(uint64_t From, void *To, size_t Size) {
  iovec Local = {To, Size}, Remote = {reinterpret_cast<void *>(From), Size};
  // By number: the library's function might be resolved inside of a handler.
  return syscall(SYS_process_vm_readv, getpid(), &Local, 1ul, &Remote, 1ul,
                 0ul) == static_cast<long>(Size);
}

bool scanStack(RangeMarks &Marks, uint64_t Begin, uint64_t StackEnd) {
  uint64_t At = Begin & ~uint64_t(7);
  if (At >= StackEnd || StackEnd - At > LargestStack)
    return false;
  // Small: this may run on a stack that is nearly used up.
  uint64_t Words[128];
  while (At < StackEnd) {
    size_t Size = std::min<uint64_t>(sizeof(Words), (StackEnd - At) & ~7ul);
    if (Size == 0)
      break;
    if (!readMemory(At, Words, Size))
      return false;
    for (size_t I = 0; I != Size / sizeof(uint64_t); ++I)
      Marks.mark(Words[I]);
    At += Size;
  }
  return true;
}

// It is known only here that nobody reads it.
LLVM_ATTRIBUTE_NOINLINE void clearDeadStack() {
  // With 4 kB, two that collect in turn still kept things for each other.
  char Dead[16 << 10];
  memset(Dead, 0, sizeof(Dead));
  asm volatile("" : : "r"(Dead) : "memory");
}

static uint64_t getFirstStackEnd() {
  return reinterpret_cast<uint64_t>(__libc_stack_end);
}

static uint64_t getThreadPointer() {
  // With glibc, what a pthread_t is.
  return static_cast<uint64_t>(pthread_self());
}

uint64_t getOwnStackEnd() {
  return syscall(SYS_gettid) == getpid() ? getFirstStackEnd()
                                         : getThreadPointer();
}

/// The head of \p Thread's list of robust mutexes: glibc registers one with the
/// kernel for each of its threads, inside of the control block.
static uint64_t getRobustList(pid_t Thread) {
  void *Head = nullptr;
  size_t Size = 0;
  if (syscall(SYS_get_robust_list, Thread, &Head, &Size) != 0)
    return 0;
  return reinterpret_cast<uint64_t>(Head);
}

uint64_t getStackEnd(pid_t Thread) {
  if (Thread == getpid())
    return getFirstStackEnd();
  uint64_t Head = getRobustList(Thread);
  uint64_t OwnHead = getRobustList(0);
  if (!Head || !OwnHead)
    return 0;
  // The list lies at the same place in each control block. A control block
  // begins with its own address, and has it again two words later (x86-64).
  uint64_t Block = Head - (OwnHead - getThreadPointer());
  uint64_t Start[3];
  if (!readMemory(Block, Start, sizeof(Start)) || Start[0] != Block ||
      Start[2] != Block)
    return 0;
  return Block;
}

} // namespace reopt
