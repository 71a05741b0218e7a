//===- LayerSwitchTest.cpp - Tiering on, off, and its threshold -----------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerTest.h"

#include <atomic>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class LayerSwitchTest : public LayerPlacesTest {
protected:
  using Names = std::vector<std::string>;
};

INSTANTIATE_TEST_SUITE_P(Executors, LayerSwitchTest, allPlaces(), whereName);

TEST_P(LayerSwitchTest, WithTieringOffTripsAreNotedAndMadeUpForLater) {
  add(tierFunctions({"f", "g"}));
  L->setEnabled(false);
  EXPECT_FALSE(L->isEnabled());
  EXPECT_FALSE(L->getStatus().Enabled);
  callTimes("f", 20);
  call("g");
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier0);
  EXPECT_EQ(reason("f"), Reason::TieringOff);
  EXPECT_EQ(reason("g"), Reason::NotHotYet);
  EXPECT_EQ(batches(), Names{});
  L->setEnabled(true);
  EXPECT_TRUE(L->isEnabled());
  wait();
  EXPECT_EQ(batches(), Names{"f"});
  EXPECT_EQ(call("f"), 1);
  EXPECT_EQ(stage("g"), Stage::Tier0);
}

TEST_P(LayerSwitchTest, TurnedOffTheQueueIsEmptiedAndFilledAgain) {
  add(tierFunctions({"f", "g"}));
  call("g");
  holdWorker();
  promote({"f", "g"});
  L->setEnabled(false);
  EXPECT_EQ(stage("f"), Stage::Lazy);
  EXPECT_EQ(stage("g"), Stage::Tier0);
  letWorkerGo();
  wait();
  EXPECT_EQ(batches(), Names{"busy1"});
  L->setEnabled(true);
  wait();
  EXPECT_EQ(call("f") + call("g"), 2);
}

TEST_P(LayerSwitchTest, ModulesThatAreAddedWhileOffAreNotCounted) {
  L->setEnabled(false);
  auto RT = add("declare i32 @which_tier()\n"
                "@data = internal global i32 7\n"
                "define i32 @f() {\n"
                "  %tier = call i32 @which_tier()\n"
                "  %x = load i32, ptr @data\n"
                "  %r = add i32 %x, %tier\n"
                "  ret i32 %r\n"
                "}\n"
                "define i32 @plain_f() { ret i32 1 }");
  EXPECT_EQ(stage("f"), Stage::Refused);
  EXPECT_EQ(reason("f"), Reason::DefinedWhileOff);
  EXPECT_FALSE(find("plain_f"));
  callTimes("f", 100);
  EXPECT_EQ(info("f").Calls, 0u);
  L->setEnabled(true);
  wait();
  promoteAndWait({"f"});
  EXPECT_EQ(call("f"), 7);
  EXPECT_EQ(stage("f"), Stage::Refused);
  // A duplicate of a later module is dropped as ever.
  add("define weak i32 @f() { ret i32 8 }\n"
      "define i32 @g() { %r = call i32 @f() ret i32 %r }");
  EXPECT_EQ(call("g"), 7);
  cantFail(RT->remove());
  EXPECT_FALSE(find("f"));
  EXPECT_FALSE(defines("f"));
}

TEST_P(LayerSwitchTest, ANewThresholdCountsWhatWasCounted) {
  L->setThreshold(1000);
  EXPECT_EQ(L->getStatus().Threshold, 1000);
  EXPECT_EQ(L->getStatus().LoopThreshold, 10000);
  add(tierFunctions({"f", "g"}));
  callTimes("f", 30);
  L->setThreshold(100);
  L->setThreshold(50);
  EXPECT_EQ(info("f").Calls, 30u);
  callTimes("f", 19);
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier0);
  EXPECT_EQ(info("f").Calls, 49u);
  call("f");
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier1);
  // One that is over it trips at its next call.
  callTimes("g", 30);
  L->setThreshold(20);
  wait();
  EXPECT_EQ(stage("g"), Stage::Tier0);
  call("g");
  wait();
  EXPECT_EQ(stage("g"), Stage::Tier1);
  EXPECT_EQ(info("g").Calls, 31u);
}

TEST_P(LayerSwitchTest, CountsStayOverThresholdZero) {
  add(tierFunction("f"));
  callTimes("f", 5);
  std::atomic<int> Asked{0};
  P->DecideInstead = [&](const Heat &) {
    ++Asked;
    return Decision{Decision::Wait, Reason::NotHotYet};
  };
  L->setThreshold(0);
  // A call that comes while the cell is being armed anew may be lost (Cell.h):
  // each waits until the one before has been dealt with.
  for (int Calls = 1; Calls <= 3; ++Calls) {
    call("f");
    while (Asked != Calls)
      wait();
    L->getStatus();
  }
  L->setThreshold(100);
  EXPECT_EQ(info("f").Calls, 8u);
}

} // namespace
