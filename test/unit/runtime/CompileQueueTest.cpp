//===- CompileQueueTest.cpp - Tests of reopt::CompileQueue ---------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/CompileQueue.h"

#include "gtest/gtest.h"

#include <map>
#include <set>

using namespace reopt;
using std::chrono::milliseconds;

namespace {

using Ids = std::vector<FunctionId>;

class CompileQueueTest : public testing::Test {
protected:
  void push(const Ids &Functions) {
    for (FunctionId Id : Functions)
      Queue.push(Id);
  }
  /// What is dropped at a look \p Later.
  Ids look(milliseconds Later = milliseconds(0)) {
    Now += Later;
    auto GetHeat = [this](FunctionId Id) { return Heat[Id]; };
    auto GetLeader = [this](FunctionId Id) {
      auto I = Leader.find(Id);
      return I == Leader.end() ? Id : I->second;
    };
    auto IsUrgent = [this](FunctionId Id) { return Urgent.count(Id) != 0; };
    return Queue.look(Now, {GetHeat, GetLeader, IsUrgent});
  }
  Ids order() { return Ids(Queue.begin(), Queue.end()); }

  CompileQueue Queue;
  CompileQueue::Time Now;
  std::map<FunctionId, uint64_t> Heat;
  std::map<FunctionId, FunctionId> Leader;
  std::set<FunctionId> Urgent;
};

TEST_F(CompileQueueTest, WhoComesFirstIsFirstAsLongAsNothingIsKnown) {
  Heat = {{1, 10}, {2, 1000}, {3, 100}};
  push({1, 2, 3});
  EXPECT_EQ(order(), Ids({1, 2, 3}));
  look();
  EXPECT_EQ(order(), Ids({1, 2, 3})) << "heat alone says nothing";
  EXPECT_EQ(Queue.front(), 1u);
  EXPECT_EQ(Queue.size(), 3u);
}

TEST_F(CompileQueueTest, WhatGainsHeatFastestGoesFirst) {
  Heat = {{1, 1000}, {2, 10}, {3, 10}};
  push({1, 2, 3});
  look();
  Heat[1] += 1;
  Heat[2] += 5;
  Heat[3] += 50;
  look(milliseconds(20));
  EXPECT_EQ(order(), Ids({3, 2, 1}));
  // It is the rate of now that counts.
  Heat[1] += 100;
  look(milliseconds(20));
  EXPECT_EQ(order(), Ids({1, 3, 2}));
}

TEST_F(CompileQueueTest, ARateNeedsSomeTime) {
  push({1, 2});
  look();
  Heat[2] = 5;
  look(milliseconds(1));
  EXPECT_EQ(order(), Ids({1, 2}));
  look(milliseconds(9));
  EXPECT_EQ(order(), Ids({2, 1})) << "what was gained before counts";
}

TEST_F(CompileQueueTest, WhatIsNewIsBehindWhatRunsAndBeforeWhatDoesNot) {
  push({1, 2});
  look();
  Heat[2] = 1;
  push({3});
  look(milliseconds(20));
  EXPECT_EQ(order(), Ids({2, 3, 1}));
}

TEST_F(CompileQueueTest, WhatTripsAgainMovesUp) {
  push({1, 2, 3});
  look();
  Heat = {{1, 10}, {2, 10}, {3, 1}};
  Queue.noteTrip(2);
  look(milliseconds(20));
  EXPECT_EQ(order(), Ids({2, 1, 3}));
  push({4, 5});
  Queue.noteTrip(5);
  Queue.noteTrip(17);
  look();
  EXPECT_EQ(order(), Ids({2, 1, 3, 5, 4})) << "also if nothing else is known";
}

TEST_F(CompileQueueTest, WhatIsUrgentGoesFirst) {
  push({1, 2, 3});
  look();
  Heat[1] = 100;
  Urgent = {3};
  look(milliseconds(20));
  EXPECT_EQ(order(), Ids({3, 1, 2}));
}

TEST_F(CompileQueueTest, WhatWaitsForItsCallerStaysBehindIt) {
  push({1, 2, 3, 4});
  Leader = {{2, 3}, {4, 3}};
  look();
  EXPECT_EQ(order(), Ids({1, 3, 2, 4}));
  Heat[1] = 10;
  Heat[4] = 20;
  look(milliseconds(20));
  EXPECT_EQ(order(), Ids({3, 2, 4, 1})) << "the caller is as hot as its leaf";
}

TEST_F(CompileQueueTest, WhatDidNotRunIsDropped) {
  push({1, 2});
  EXPECT_EQ(look(), Ids());
  Heat[2] = 1;
  EXPECT_EQ(look(CompileQueue::StaleAfter - milliseconds(1)), Ids());
  EXPECT_EQ(look(milliseconds(1)), Ids({1}));
  EXPECT_EQ(order(), Ids({2}));
  EXPECT_EQ(look(CompileQueue::StaleAfter), Ids({2}));
  EXPECT_TRUE(Queue.empty());
}

TEST_F(CompileQueueTest, WhatIsNewIsNotStale) {
  Now += std::chrono::hours(1);
  push({1});
  EXPECT_EQ(look(), Ids());
}

TEST_F(CompileQueueTest, WhatIsUrgentIsNotStale) {
  push({1, 2});
  Urgent = {1};
  look();
  EXPECT_EQ(look(std::chrono::hours(1)), Ids({2}));
}

TEST_F(CompileQueueTest, AGroupIsStaleIfAllOfItIs) {
  push({1, 2, 3, 4});
  Leader = {{2, 1}, {4, 3}};
  look();
  Heat[2] = 1;
  EXPECT_EQ(look(CompileQueue::StaleAfter), Ids({3, 4}));
  EXPECT_EQ(order(), Ids({1, 2}));
}

TEST_F(CompileQueueTest, FunctionsLeaveInOrder) {
  push({1, 2, 3, 4});
  Queue.erase(3);
  Queue.erase(17);
  Queue.moveToFront(4);
  EXPECT_EQ(order(), Ids({4, 1, 2}));
  Ids Asked;
  Queue.eraseIf([&](FunctionId Id) {
    Asked.push_back(Id);
    return Id != 1;
  });
  EXPECT_EQ(Asked, Ids({4, 1, 2}));
  EXPECT_EQ(order(), Ids({1}));
  Queue.clear();
  EXPECT_TRUE(Queue.empty());
}

} // namespace
