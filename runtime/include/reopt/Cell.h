//===- Cell.h ---------------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// A Cell is the only memory that tier-0 machine code and the session share:
/// sixteen bytes for each function. Tier-0 code counts two words down, the
/// session arms them and reads them. The third says where running loops go on.
/// Nothing else about a function is known to machine code.
///
/// Concurrency. Machine code loads, decrements and stores each word without
/// atomic read-modify-write, from any number of threads. Words are naturally
/// aligned, so that no load sees half of a store (x86-64 and AArch64 guarantee
/// single-copy atomicity for aligned words). Decrements can be lost. A trip
/// cannot: a thread that computes a negative value trips on its own register
/// value, whatever the others store; and since every thread's next decrement
/// starts from some value that a thread stored, the word falls with each of
/// them as long as anybody calls. Code that trips first stores RearmedCount,
/// so that a hot function calls the hook once per arming and not once per
/// call; a store of a stale small value that lands later only makes it trip
/// once more, which the hook ignores.
///
/// Code that polls (OnStackReplacement.h) stores PollInterval instead when a
/// loop trips, so that it looks at Continuations again soon. It calls the hook
/// only if it was the one to change that word from 0 to 1. From then on it
/// counts polls in that word, and notes which loop polled last and which ever
/// did, with one compare-and-swap, which is cheap on a path that is taken once
/// in a thousand iterations. One that fails loses a count and a note.
/// The session overwrites the word with the address of a table, or with 0 when
/// it arms the cell: a swap that started from the old value fails then. Tables
/// are aligned, so that a count of polls, which is odd, is never taken for one.
/// Nothing has to be noticed at once: a thread whose stale store undoes an
/// arming still polls after PollInterval more iterations, if its loop has
/// tripped. If it has not (what it calls did), it would poll when it trips; so
/// the session looks whether such an arming was undone, and repeats it.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CELL_H
#define REOPT_CELL_H

#include <algorithm>
#include <cstdint>

namespace reopt {

/// The words that tier-0 code counts in. Layout is known to Instrumenter.
struct Cell {
  /// Calls left until the function trips; counted down at entry.
  int32_t CallsLeft;
  /// Loop iterations left until the function trips; counted down at each
  /// back-edge.
  int32_t LoopsLeft;
  /// 0: the next trip in a loop calls the hook. Odd: it was called, and loops
  /// polled since; PollsMask and what follows it say what is noted of them.
  /// Else the address of a ContinuationTable.
  uint64_t Continuations;
};
static_assert(sizeof(Cell) == 16, "machine code relies on the layout");

/// Where the loops of a function go on. Part of the code that it leads to. As
/// many entries follow as the function has loops:
///
///   an address  of the continuation
///   0           there is none
///   1           none was made so far. The poll that makes it 0 calls the hook
///   2n + 1      the loop is left at one around it (LoopRequest in
///               OnStackReplacement.h): a poll makes it 2n - 1, and the next
///               back-edge of any loop polls again, so that none of that loop
///               is missed
///
/// Entries that are addresses, and 0, never change. Threads count the others
/// down by compare-and-swap: of those that find 1 at the same time one calls
/// the hook, and one that fails elsewhere has counted one wait less.
struct ContinuationTable {
  /// Frames that have gone on. Machine code counts, atomically.
  uint64_t Entered;
};
static_assert(sizeof(ContinuationTable) == 8,
              "machine code relies on the layout");

/// Iterations from one poll of a running loop to the next. At a thousand the
/// slow path is lost in the noise; a loop whose iterations take a microsecond
/// moves within a millisecond.
constexpr int32_t PollInterval = 1000;

/// What tripping code stores: so many counts that the next trip, should nobody
/// arm the cell before, is far away.
constexpr int32_t RearmedCount = 1 << 30;

/// The set of loops that has loop \p Number only: bit I is for loop I, bit 63
/// for all from the 63rd on.
inline uint64_t getLoopBit(uint64_t Number) {
  return uint64_t(1) << (Number < 63 ? Number : 63);
}

/// What an odd word of Cell::Continuations has: 2n + 1 for n polls, or
/// PollsMask for as many and more (some billion iterations); seven bits for the
/// loop that polled last, I + 1 for loop I, 64 for all from the 63rd on, or 0
/// if none has; then a bit for each of the first loops that is set once it has
/// polled.
constexpr uint64_t PollsMask = (uint64_t(1) << 24) - 1;
constexpr unsigned LastPolledShift = 24, EverPolledShift = 31;
constexpr unsigned LoopsEverPolled = 64 - EverPolledShift;

/// The loop that polled last, as getLoopBit() has it; 0 if there is none.
inline uint64_t getLastPolled(uint64_t Continuations) {
  const uint64_t Number = Continuations >> LastPolledShift & 0x7f;
  return Continuations & 1 && Number ? uint64_t(1) << (Number - 1) : 0;
}

/// The loops that ever polled, as far as there are bits.
inline uint64_t getEverPolled(uint64_t Continuations) {
  return Continuations & 1 ? Continuations >> EverPolledShift : 0;
}

/// The counts that a word has seen since it was armed with \p Armed and now
/// reads \p Left.
inline uint32_t countsSince(int32_t Armed, int32_t Left) {
  if (Left > RearmedCount / 2 && Armed <= RearmedCount / 2)
    return uint32_t(Armed) + 1 + uint32_t(RearmedCount - Left);
  return Left <= Armed ? uint32_t(Armed - Left) : 0;
}

/// The iterations that \p Now has seen since it was armed with \p Armed.
inline uint64_t loopsSince(int32_t Armed, const Cell &Now) {
  if (!(Now.Continuations & 1))
    return countsSince(Armed, Now.LoopsLeft);
  const uint64_t Polls = (Now.Continuations & PollsMask) / 2;
  return uint32_t(Armed) + 1 + Polls * (PollInterval + 1) +
         uint64_t(std::max(0, PollInterval - Now.LoopsLeft));
}

} // namespace reopt

#endif // REOPT_CELL_H
