//===- LayerTablesTest.cpp - Tables that are only called through ----------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerTest.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class LayerTablesTest : public LayerPlacesTest {};

INSTANTIATE_TEST_SUITE_P(Executors, LayerTablesTest, allPlaces(), whereName);

constexpr const char *TwoMethods = R"(
  @vtable = constant { [3 x ptr] } { [3 x ptr] [ptr null, ptr @m, ptr @n] }
  declare i32 @which_tier()
  define i32 @m() { %tier = call i32 @which_tier() ret i32 %tier }
  define i32 @n() { ret i32 5 }
  define i32 @call_m() {
    %f = load ptr, ptr getelementptr (ptr, ptr @vtable, i64 1)
    %r = call i32 %f()
    ret i32 %r
  }
  define ptr @address_of_m() { ret ptr @m }
)";

TEST_P(LayerTablesTest, CallsThroughATableGoStraightToTheBody) {
  add(TwoMethods);
  EXPECT_EQ(call("call_m"), 0);
  const ExecutorAddr Table = addr("vtable"), M = addr("m"), N = addr("n");
  EXPECT_EQ(readPointer(Table), ExecutorAddr());
  EXPECT_EQ(readPointer(Table + 8), M);
  EXPECT_EQ(readPointer(Table + 16), N);
  promoteAndWait({"m"});
  EXPECT_EQ(call("call_m"), 1);
  EXPECT_NE(readPointer(Table + 8), M);
  EXPECT_EQ(readPointer(Table + 8), addr("m.tier1.1"));
  EXPECT_EQ(readPointer(Table + 16), N);
  // Who looks sees the stub.
  EXPECT_EQ(call("address_of_m"), lowHalf(M));
}

TEST_P(LayerTablesTest, ATableThatNobodyNeededYetIsLinkedWhenItIs) {
  add(TwoMethods);
  promoteAndWait({"m"});
  EXPECT_EQ(call("call_m"), 1);
  EXPECT_EQ(readPointer(addr("vtable") + 8), addr("m.tier1.1"));
}

TEST_P(LayerTablesTest, OtherTablesHoldStubs) {
  add(R"(
    @table = constant [1 x ptr] [ptr @m]
    define i32 @m() { ret i32 5 }
  )");
  promoteAndWait({"m"});
  EXPECT_EQ(readPointer(addr("table")), addr("m"));
}

} // namespace
