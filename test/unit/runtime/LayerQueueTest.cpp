//===- LayerQueueTest.cpp - Tests of a queue that is long ----------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// More functions are hot than a batch holds. The time is the test's.
//
//===----------------------------------------------------------------------===//

#include "LayerTest.h"

using namespace llvm;
using namespace reopt;
using std::chrono::milliseconds;

namespace {

class LayerQueueTest : public LayerTest {
protected:
  void SetUp() override {
    Opts.MaxBatch = 2;
    Clock = [this] {
      return std::chrono::steady_clock::time_point(milliseconds(Time));
    };
    LayerTest::SetUp();
  }

  /// All of them trip, while the worker is held in a batch before them; it is
  /// then held in the batch of the first two.
  void trip(ArrayRef<StringRef> Names) {
    add(tierFunctions(Names));
    holdWorker();
    for (StringRef Name : Names) {
      callTimes(Name, 10);
      EXPECT_EQ(stage(Name), Stage::Queued);
    }
    holdWorkerInNextBatch();
  }
  void finish() {
    letWorkerGo();
    wait();
  }

  std::atomic<int> Time{0};
};

TEST_F(LayerQueueTest, WhatIsHotNowGoesFirst) {
  trip({"a", "b", "c", "d", "e", "f"});
  Time += 50;
  callTimes("f", 100);
  callTimes("d", 20);
  finish();
  EXPECT_EQ(batches(),
            std::vector<std::string>({"busy1", "a b", "f d", "c e"}));
}

TEST_F(LayerQueueTest, WhatDidNotRunSinceIsDroppedAndGetsHotAgain) {
  trip({"a", "b", "c", "d", "e", "f"});
  Time += 1000;
  callTimes("e", 1);
  finish();
  EXPECT_EQ(batches(), std::vector<std::string>({"busy1", "a b", "e"}));
  for (const char *Name : {"c", "d", "f"}) {
    EXPECT_EQ(stage(Name), Stage::Tier0) << Name;
    EXPECT_EQ(reason(Name), Reason::Cooled) << Name;
  }
  callTimes("f", 10);
  wait();
  EXPECT_EQ(call("f"), 1);
}

TEST_F(LayerQueueTest, WhatOneBatchHoldsIsNeverDropped) {
  trip({"a", "b", "c", "d"});
  Time += 1000000;
  finish();
  EXPECT_EQ(batches(), std::vector<std::string>({"busy1", "a b", "c d"}));
}

TEST_F(LayerQueueTest, WhatWasAskedForIsNotDropped) {
  trip({"a", "b", "c", "d", "e", "f"});
  promote({"f"});
  Time += 1000;
  finish();
  EXPECT_EQ(batches(), std::vector<std::string>({"busy1", "a b", "f"}));
}

TEST_F(LayerQueueTest, MoreHeatIsNeededWhenMuchIsQueued) {
  Opts.MaxBatch = 1;
  Opts.LoadFeedback = 2;
  add(tierFunctions({"a", "b", "c"}));
  holdWorker();
  callTimes("a", 10);
  callTimes("b", 10);
  EXPECT_EQ(stage("b"), Stage::Queued);
  callTimes("c", 10);
  EXPECT_EQ(stage("c"), Stage::Tier0);
  EXPECT_EQ(reason("c"), Reason::QueueIsLong);
  callTimes("c", 10);
  EXPECT_EQ(stage("c"), Stage::Queued);
  finish();
  EXPECT_EQ(call("c"), 1);
}

} // namespace
