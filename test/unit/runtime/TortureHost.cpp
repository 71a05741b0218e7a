//===- TortureHost.cpp - The other side of tortured code ------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TortureHost.h"

#include <cerrno>
#include <csignal>

namespace reopt::torture {

FunctionPtr Functions[NumFunctions];
std::atomic<uint64_t> Calls, Caught, Handled, WrongAnswers;
std::atomic<bool> Stop;

void throwInt(int64_t X) { throw static_cast<int>(X); }

int64_t callNext(int64_t I, int64_t X, int64_t Depth, int64_t Mode) {
  unsigned Next = (static_cast<unsigned>(I) + 1) % NumFunctions;
  return Functions[Next](X, Depth, Mode) - addend(Next);
}

static void callOnce(uint64_t Random) {
  unsigned I = Random % NumFunctions;
  auto X = static_cast<int64_t>(Random >> 8 & 0xffff);
  auto Depth = static_cast<int64_t>(Random >> 24 & 3);
  bool DoesThrow = (Random >> 28 & 15) == 0;
  bool HasThrown = false;
  try {
    if (Functions[I](X, Depth, DoesThrow ? Throws : Returns) != answer(I, X))
      ++WrongAnswers;
  } catch (int Value) {
    HasThrown = true;
    ++Caught;
    if (Value != X)
      ++WrongAnswers;
  }
  if (HasThrown != DoesThrow)
    ++WrongAnswers;
}

void callFunctions(uint64_t Seed, uint64_t MaxCalls) {
  uint64_t Random = Seed * 0x9e3779b97f4a7c15 + 1;
  uint64_t N = 0;
  for (; N != MaxCalls && !Stop.load(std::memory_order_relaxed); ++N) {
    Random = Random * 6364136223846793005 + 1442695040888963407;
    callOnce(Random >> 16);
  }
  Calls += N;
}

void callInHandler(int) {
  int Errno = errno;
  static std::atomic<unsigned> Next;
  unsigned N = Next++;
  unsigned I = N % NumFunctions;
  if (Functions[I](N, 2, Returns) != answer(I, N))
    ++WrongAnswers;
  ++Handled;
  errno = Errno;
}

} // namespace reopt::torture
