//===- LayerTortureHost.cpp - The other side of a tortured layer ----------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerTortureHost.h"

#include <cstdlib>
#include <thread>
#include <ucontext.h>
#include <vector>

namespace reopt::layertorture {

Unit Units[NumUnits];
std::atomic<uint64_t> Calls, Caught, Nested, Switches, WrongAnswers;
std::atomic<bool> Stop;

//===----------------------------------------------------------------------===//
// Fibers
//===----------------------------------------------------------------------===//

namespace {
struct Fiber {
  ucontext_t Own, Thread;
  std::vector<char> Stack;
  uint64_t Seed;
  bool Done = false;
};
} // namespace

/// Which one the thread runs; null on its own stack.
static thread_local Fiber *Running;

static void runFiber() {
  callFunctions(Running->Seed, ~uint64_t(0));
  Running->Done = true;
}

void callFunctionsOnFibers(uint64_t Seed) {
  Fiber Two[2];
  for (Fiber &F : Two) {
    F.Seed = Seed++;
    F.Stack.resize(1 << 18);
    getcontext(&F.Own);
    F.Own.uc_stack.ss_sp = F.Stack.data();
    F.Own.uc_stack.ss_size = F.Stack.size();
    F.Own.uc_link = &F.Thread;
    makecontext(&F.Own, runFiber, 0);
  }
  while (!Two[0].Done || !Two[1].Done)
    for (Fiber &F : Two) {
      if (F.Done)
        continue;
      Running = &F;
      swapcontext(&F.Thread, &F.Own);
      Running = nullptr;
    }
}

static void switchFibers() {
  if (!Running)
    return;
  ++Switches;
  swapcontext(&Running->Own, &Running->Thread);
}

//===----------------------------------------------------------------------===//
// Ways in
//===----------------------------------------------------------------------===//

/// The unit that this thread is on its way into.
static thread_local Unit *Entered;

void inside() {
  if (!Entered)
    return;
  --Entered->Entering;
  Entered = nullptr;
}

/// Whether the unit is there; if so it stays until Entering goes down.
static bool enter(Unit &U) {
  ++U.Entering;
  if (U.Present)
    return true;
  --U.Entering;
  return false;
}

void close(unsigned U) {
  Units[U].Present = false;
  while (Units[U].Entering)
    std::this_thread::yield();
}

void throwInt(int64_t X) { throw static_cast<int>(X); }

int64_t callNext(int64_t U, int64_t X, int64_t Depth, int64_t Mode) {
  switchFibers();
  const unsigned Next = (unsigned(U) + 1) % NumUnits;
  if (!enter(Units[Next])) {
    if (Mode)
      throwInt(X);
    return 3 * X;
  }
  ++Nested;
  Entered = &Units[Next];
  return Units[Next].Functions[X % NumFunctions](X, Depth, Mode) - addend(Next);
}

int64_t checkText(const char *Text, int64_t Salt) {
  return strtoll(Text, nullptr, 10) != Salt;
}

static void callOnce(uint64_t Random) {
  const unsigned U = Random % NumUnits;
  const unsigned I = Random >> 8 & (NumFunctions - 1);
  const auto X = static_cast<int64_t>(Random >> 12 & 0xffff);
  const auto Depth = static_cast<int64_t>(Random >> 28 & 7);
  const bool DoesThrow = (Random >> 32 & 31) == 0;
  const bool IsKept = (Random >> 37 & 7) == 0;
  if (!enter(Units[U]))
    return;
  // Its keeper calls the unit at some time, so that it must stay meanwhile.
  Entered = IsKept ? nullptr : &Units[U];
  FunctionPtr F = IsKept ? Units[U].Keeper : Units[U].Functions[I];
  bool HasThrown = false;
  try {
    if (F(X, Depth, DoesThrow) != answer(U, X))
      ++WrongAnswers;
  } catch (int Value) {
    HasThrown = true;
    ++Caught;
    if (Value != X)
      ++WrongAnswers;
  }
  if (HasThrown != DoesThrow)
    ++WrongAnswers;
  if (IsKept)
    --Units[U].Entering;
}

void warmUp(unsigned U) {
  for (FunctionPtr F : Units[U].Functions) {
    if (F(1, 0, 0) != answer(U, 1))
      ++WrongAnswers;
    try {
      F(1, 0, 1);
      ++WrongAnswers;
    } catch (int Value) {
      if (Value != 1)
        ++WrongAnswers;
    }
  }
}

void callFunctions(uint64_t Seed, uint64_t MaxCalls) {
  uint64_t Random = Seed * 0x9e3779b97f4a7c15 + 1;
  for (uint64_t N = 0; N != MaxCalls && !Stop; ++N) {
    Random = Random * 6364136223846793005 + 1442695040888963407;
    callOnce(Random >> 16);
    ++Calls;
  }
}

} // namespace reopt::layertorture
