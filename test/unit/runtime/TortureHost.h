//===- TortureHost.h - The other side of tortured code ----------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What calls the functions whose versions are swapped and freed, and what they
// call. Compiled with exceptions.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_TORTUREHOST_H
#define REOPT_TEST_TORTUREHOST_H

#include <atomic>
#include <cstdint>

namespace reopt::torture {

constexpr unsigned NumFunctions = 64;

/// Mode of a call: whether the deepest call throws.
enum Mode : int64_t { Returns = 0, Throws = 1 };

/// What function \p I returns; every version of it.
inline int64_t addend(unsigned I) { return 1000 * int64_t(I) + 17; }
inline int64_t answer(unsigned I, int64_t X) { return 3 * X + addend(I); }

/// f(X, Depth, Mode): Depth more calls, through stubs, before the answer.
using FunctionPtr = int64_t (*)(int64_t, int64_t, int64_t);
/// The stubs.
extern FunctionPtr Functions[NumFunctions];

extern std::atomic<uint64_t> Calls, Caught, Handled, WrongAnswers;
extern std::atomic<bool> Stop;

/// Called by functions: throws X.
[[noreturn]] void throwInt(int64_t X);
/// Called by functions: calls the function behind \p I; returns 3 * X.
int64_t callNext(int64_t I, int64_t X, int64_t Depth, int64_t Mode);

/// Calls functions until Stop, or \p MaxCalls times. Each thread has its own
/// \p Seed.
void callFunctions(uint64_t Seed, uint64_t MaxCalls);
/// A signal handler that calls functions.
void callInHandler(int);

} // namespace reopt::torture

#endif // REOPT_TEST_TORTUREHOST_H
