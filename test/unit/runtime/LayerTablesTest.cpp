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

class LayerTablesTest : public LayerTest {};

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

TEST_F(LayerTablesTest, CallsThroughATableGoStraightToTheBody) {
  add(TwoMethods);
  EXPECT_EQ(call("call_m"), 0);
  auto *Table = addr("vtable").toPtr<void **>();
  void *M = addr("m").toPtr<void *>(), *N = addr("n").toPtr<void *>();
  EXPECT_EQ(Table[0], nullptr);
  EXPECT_EQ(Table[1], M);
  EXPECT_EQ(Table[2], N);
  promoteAndWait({"m"});
  EXPECT_EQ(call("call_m"), 1);
  EXPECT_NE(Table[1], M);
  EXPECT_EQ(Table[1], addr("m.tier1.1").toPtr<void *>());
  EXPECT_EQ(Table[2], N);
  // Who looks sees the stub.
  EXPECT_EQ(get<void *()>("address_of_m")(), M);
}

TEST_F(LayerTablesTest, ATableThatNobodyNeededYetIsLinkedWhenItIs) {
  add(TwoMethods);
  promoteAndWait({"m"});
  EXPECT_EQ(call("call_m"), 1);
  EXPECT_EQ(addr("vtable").toPtr<void **>()[1],
            addr("m.tier1.1").toPtr<void *>());
}

TEST_F(LayerTablesTest, OtherTablesHoldStubs) {
  add(R"(
    @table = constant [1 x ptr] [ptr @m]
    define i32 @m() { ret i32 5 }
  )");
  promoteAndWait({"m"});
  EXPECT_EQ(addr("table").toPtr<void **>()[0], addr("m").toPtr<void *>());
}

} // namespace
