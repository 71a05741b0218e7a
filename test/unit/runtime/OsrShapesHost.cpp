//===- OsrShapesHost.cpp - What shapes are called from --------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The part of the test that catches exceptions.
//
//===----------------------------------------------------------------------===//

#include "OsrShapesTest.h"

volatile long Sink;

namespace reopt {

std::vector<long> Events;

long callCatching(const std::function<long(int)> &Shape, int N) {
  try {
    return Shape(N);
  } catch (int E) {
    return -1000 - E;
  }
}

} // namespace reopt

void note(long Event) { reopt::Events.push_back(Event); }
