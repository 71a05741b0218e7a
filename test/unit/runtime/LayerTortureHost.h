//===- LayerTortureHost.h - The other side of a tortured layer --*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What calls the functions of units that come and go, and what they call.
// Compiled with exceptions.
//
// A unit is some modules that are added and removed together. It may be removed
// while threads are in its functions, but not while a thread is on its way in:
// the thread says so, and the function's first act is to say that it is inside.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_LAYERTORTUREHOST_H
#define REOPT_TEST_LAYERTORTUREHOST_H

#include <atomic>
#include <cstdint>

namespace reopt::layertorture {

constexpr unsigned NumUnits = 8, NumFunctions = 8;

/// f(X, Depth, Mode): Depth more calls before the answer, or, if Mode is 1, an
/// exception.
using FunctionPtr = int64_t (*)(int64_t, int64_t, int64_t);

struct Unit {
  /// Stubs; valid while Present.
  FunctionPtr Functions[NumFunctions];
  /// The stub of a function that stays, and calls the unit's first.
  FunctionPtr Keeper;
  std::atomic<bool> Present{false};
  /// Threads on their way in.
  std::atomic<unsigned> Entering{0};
};
extern Unit Units[NumUnits];

inline int64_t addend(unsigned U) { return 1000 * int64_t(U) + 17; }
inline int64_t answer(unsigned U, int64_t X) { return 3 * X + addend(U); }

extern std::atomic<uint64_t> Calls, Caught, Nested, Switches, WrongAnswers;
extern std::atomic<bool> Stop;

// Called by functions.
void inside();
[[noreturn]] void throwInt(int64_t X);
/// Calls a function of the unit after \p U; returns 3 * X. Switches fibers.
int64_t callNext(int64_t U, int64_t X, int64_t Depth, int64_t Mode);
/// 0 if \p Text is \p Salt in decimal.
int64_t checkText(const char *Text, int64_t Salt);

/// Calls all functions of a unit that nobody else may enter: what has no body
/// cannot be compiled once it is removed.
void warmUp(unsigned U);
/// Nobody is on the way into the unit from here on.
void close(unsigned U);

/// Calls functions until Stop, or \p MaxCalls times. Each thread has its own
/// \p Seed.
void callFunctions(uint64_t Seed, uint64_t MaxCalls);
/// The same on two fibers that take turns.
void callFunctionsOnFibers(uint64_t Seed);

} // namespace reopt::layertorture

#endif // REOPT_TEST_LAYERTORTUREHOST_H
