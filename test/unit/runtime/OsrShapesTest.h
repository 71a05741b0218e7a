//===- OsrShapesTest.h - What the shapes are called with --------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_OSRSHAPESTEST_H
#define REOPT_TEST_OSRSHAPESTEST_H

#include <functional>
#include <vector>

extern "C" {
void note(long Event);
extern volatile long Sink;

long inNested(int N);
long inSeveral(int N);
long inSiblings(int N);
long inRecursive(int N);
long inSwitch(int N);
long inGoto(int N);
long inContinueOuter(int N);
long inRangeFor(int N);
long inString(int N);
long inForever(int N);
long inDestructors(int N);
long inTryInside(int N);
long inTryAround(int N);
long inCatch(int N);
long inEscaped(int N);
long inVolatile(int N);
long inLargeFrame(int N);
long inArrayOfObjects(int N);
long inVariableArrayInside(int N);
long inLambda(int N);
long inConditionals(int N);
long inThrowOut(int N);
long throwOut(int N);
long callNoexcept(int N);
long structReturn(int N);
long callPair(int N);
long callNarrow(int N);
long callVaList(int N);
}

namespace reopt {

/// What note() was called with.
extern std::vector<long> Events;

/// \p Shape(N); -1000 - E if it throws the integer E.
long callCatching(const std::function<long(int)> &Shape, int N);

} // namespace reopt

#endif // REOPT_TEST_OSRSHAPESTEST_H
