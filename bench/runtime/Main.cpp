//===- Main.cpp - The measurements of runtime/ ----------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registered by the other files, each with its own account of what it measures;
// bench/runtime.py runs them and judges the figures.
//
//===----------------------------------------------------------------------===//

#include <benchmark/benchmark.h>

BENCHMARK_MAIN();
