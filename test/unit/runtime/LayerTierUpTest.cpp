//===- LayerTierUpTest.cpp - From tier 0 to tier 1 ------------------------===//
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

class LayerTierUpTest : public LayerPlacesTest {
protected:
  using Names = std::vector<std::string>;
};

INSTANTIATE_TEST_SUITE_P(Executors, LayerTierUpTest, allPlaces(), whereName);

//===----------------------------------------------------------------------===//
// Trips
//===----------------------------------------------------------------------===//

TEST_P(LayerTierUpTest, AFunctionIsCompiledAtTheThreshold) {
  add(tierFunction("f"));
  callTimes("f", 9);
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier0);
  EXPECT_EQ(info("f").Calls, 9u);
  EXPECT_EQ(info("f").Version, 0u);
  EXPECT_EQ(call("f"), 0);
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(reason("f"), Reason::Hot);
  EXPECT_EQ(info("f").Version, 1u);
  EXPECT_GT(info("f").CompileTime.count(), 0);
  EXPECT_EQ(call("f"), 1);
  EXPECT_EQ(info("f").Calls, 10u);
  EXPECT_EQ(batches(), Names{"f"});
}

TEST_P(LayerTierUpTest, ALoopThatIsCalledOnceIsHot) {
  add(R"(
    declare i32 @which_tier()
    define i32 @f(i32 %n) {
    entry:
      br label %loop
    loop:
      %i = phi i32 [ 0, %entry ], [ %next, %loop ]
      %next = add i32 %i, 1
      %more = icmp slt i32 %next, %n
      br i1 %more, label %loop, label %end
    end:
      %tier = call i32 @which_tier()
      ret i32 %tier
    }
  )");
  call("f", 50);
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier0);
  EXPECT_EQ(info("f").Loops, 49u);
  call("f", 52);
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(info("f").Loops, 100u);
  EXPECT_EQ(info("f").Calls, 2u);
  EXPECT_EQ(call("f", 1), 1);
}

TEST_P(LayerTierUpTest, AtThresholdOneTheFirstCallTrips) {
  Opts.Threshold = 1;
  add(tierFunction("f"));
  EXPECT_EQ(call("f"), 0);
  wait();
  EXPECT_EQ(call("f"), 1);
}

TEST_P(LayerTierUpTest, WhatTripsTogetherIsCompiledTogether) {
  add(tierFunctions({"f", "g"}));
  holdWorker();
  callTimes("f", 10);
  callTimes("g", 10);
  letWorkerGo();
  wait();
  EXPECT_EQ(batches(), (Names{"busy1", "f g"}));
  EXPECT_EQ(call("f") + call("g"), 2);
}

// A worker that is busy has not looked yet.
TEST_P(LayerTierUpTest, AListingShowsWhatTrippedMeanwhile) {
  add(tierFunctions({"f", "g"}));
  holdWorker();
  callTimes("f", 10);
  EXPECT_EQ(stage("f"), Stage::Queued);
  EXPECT_EQ(reason("f"), Reason::Waiting);
  callTimes("g", 10);
  EXPECT_EQ(L->getStatus().Queued, 2u);
  letWorkerGo();
  wait();
  EXPECT_EQ(call("f") + call("g"), 2);
}

TEST_P(LayerTierUpTest, AWorkerWaitsForMoreTrips) {
  Opts.BatchWindow = 500;
  add(tierFunctions({"f", "g"}));
  callTimes("f", 10);
  callTimes("g", 10);
  wait();
  EXPECT_EQ(batches(), Names{"f g"});
}

TEST_P(LayerTierUpTest, ABatchHoldsNoMoreThanMaxBatch) {
  Opts.MaxBatch = 2;
  add("define void @a() { ret void }\n"
      "define void @b() { ret void }\n"
      "define void @c() { ret void }\n"
      "define void @d() { ret void }\n"
      "define void @e() { ret void }");
  holdWorker();
  promote({"a", "b", "c", "d", "e"});
  letWorkerGo();
  wait();
  EXPECT_EQ(batches(), (Names{"busy1", "a b", "c d", "e"}));
  EXPECT_EQ(L->getStatus().Tier1, 6u);
}

TEST_P(LayerTierUpTest, PromotedFunctionsCallEachOther) {
  add(R"(
    define i32 @fib(i32 %n) noinline optnone {
      %small = icmp slt i32 %n, 2
      br i1 %small, label %base, label %step
    base:
      ret i32 %n
    step:
      %a = sub i32 %n, 1
      %fa = call i32 @fib(i32 %a)
      %b = sub i32 %n, 2
      %fb = call i32 @fib(i32 %b)
      %r = add i32 %fa, %fb
      ret i32 %r
    }
  )");
  EXPECT_EQ(call("fib", 15), 610);
  wait();
  EXPECT_EQ(stage("fib"), Stage::Tier1);
  EXPECT_EQ(call("fib", 20), 6765);
}

//===----------------------------------------------------------------------===//
// promote, wait
//===----------------------------------------------------------------------===//

TEST_P(LayerTierUpTest, PromoteNeedsNoTierZero) {
  add(tierFunction("f"));
  promoteAndWait({"f"});
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(reason("f"), Reason::Requested);
  EXPECT_FALSE(info("f").Compiled);
  EXPECT_EQ(call("f"), 1);
  EXPECT_FALSE(info("f").Compiled);
}

TEST_P(LayerTierUpTest, PromoteOfPromotedOrQueuedFunctionsChangesNothing) {
  add(tierFunctions({"f", "g"}));
  promoteAndWait({"f"});
  promoteAndWait({"f", "f"});
  EXPECT_EQ(info("f").Version, 1u);
  holdWorker();
  promote({"g", "g"});
  promote({"g"});
  letWorkerGo();
  wait();
  EXPECT_EQ(info("g").Version, 1u);
  EXPECT_EQ(batches(), (Names{"f", "busy1", "g"}));
}

TEST_P(LayerTierUpTest, RequestsDoNotWaitForMoreTrips) {
  Opts.BatchWindow = 24 * 60 * 60 * 1000; // A request that waits never ends.
  add(tierFunction("f"));
  promoteAndWait({"f"});
  EXPECT_EQ(stage("f"), Stage::Tier1);
}

TEST_P(LayerTierUpTest, WaitEndsWhenAllIsDoneOrTheTimeIsOver) {
  EXPECT_TRUE(L->wait(std::nullopt));
  EXPECT_TRUE(L->wait(std::chrono::milliseconds(0)));
  add(tierFunction("f"));
  EXPECT_TRUE(L->wait(std::chrono::milliseconds(0)));
  holdWorker();
  EXPECT_FALSE(L->wait(std::chrono::milliseconds(1)));
  promote({"f"});
  EXPECT_EQ(stage("f"), Stage::Queued);
  EXPECT_FALSE(L->wait(std::chrono::milliseconds(1)));
  letWorkerGo();
  EXPECT_TRUE(L->wait(std::chrono::minutes(1)));
  EXPECT_EQ(stage("f"), Stage::Tier1);
}

TEST_P(LayerTierUpTest, ATripWhileTheWorkerIsBusyIsWaitedForToo) {
  add(tierFunction("f"));
  holdWorker();
  callTimes("f", 10);
  letWorkerGo();
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier1);
}

} // namespace
