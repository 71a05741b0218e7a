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
/// eight bytes for each function. Tier-0 code counts its two words down, the
/// session arms them and reads them. Nothing else about a function is known to
/// machine code.
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
//===----------------------------------------------------------------------===//

#ifndef REOPT_CELL_H
#define REOPT_CELL_H

#include <cstdint>

namespace reopt {

/// The words that tier-0 code counts in. Layout is known to Instrumenter.
struct Cell {
  /// Calls left until the function trips; counted down at entry.
  int32_t CallsLeft;
  /// Loop iterations left until the function trips; counted down at each
  /// back-edge.
  int32_t LoopsLeft;
};
static_assert(sizeof(Cell) == 8, "machine code relies on the layout");

/// What tripping code stores: so many counts that the next trip, should nobody
/// arm the cell before, is far away.
constexpr int32_t RearmedCount = 1 << 30;

/// The counts that a word has seen since it was armed with \p Armed and now
/// reads \p Left.
inline uint32_t countsSince(int32_t Armed, int32_t Left) {
  if (Left > RearmedCount / 2 && Armed <= RearmedCount / 2)
    return uint32_t(Armed) + 1 + uint32_t(RearmedCount - Left);
  return Left <= Armed ? uint32_t(Armed - Left) : 0;
}

} // namespace reopt

#endif // REOPT_CELL_H
