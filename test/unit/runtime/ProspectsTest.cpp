//===- ProspectsTest.cpp - Tests of reopt::Prospects ---------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/Prospects.h"

#include "gtest/gtest.h"

#include <set>

using namespace reopt;

namespace {

using Ids = std::vector<FunctionId>;

class ProspectsTest : public testing::Test {
protected:
  ProspectsTest() {
    for (uint64_t Promise : {10, 30, 0, 20})
      P.rate(P.getNextUnrated(), Promise);
  }
  Ids choose(uint64_t Additions = 1) {
    return P.choose(Additions, /*MaxRetries=*/3,
                    [this](FunctionId Id) { return !Taken.count(Id); });
  }
  Prospects P;
  std::set<FunctionId> Taken;
};

TEST_F(ProspectsTest, TheMostPromisingComesFirst) {
  EXPECT_EQ(P.getNextUnrated(), 4u);
  EXPECT_EQ(choose(), Ids({1, 3, 0}));
}

TEST_F(ProspectsTest, WhatIsNotFreeIsLeftOut) {
  Taken = {3};
  EXPECT_EQ(choose(), Ids({1, 0}));
  EXPECT_EQ(P.count(1, 3, [](FunctionId Id) { return Id == 0; }), 1u);
}

TEST_F(ProspectsTest, EachIsCompiledOnce) {
  P.begin({1, 3});
  EXPECT_EQ(choose(), Ids({0}));
  P.begin({0});
  EXPECT_EQ(choose(), Ids());
}

TEST_F(ProspectsTest, WhatWasGivenUpIsTriedAgain) {
  P.begin({1, 3, 0});
  P.giveUp({3});
  EXPECT_EQ(choose(), Ids({3}));
  P.giveUp({2});
  EXPECT_EQ(choose(), Ids({3})) << "it was never promising";
}

TEST_F(ProspectsTest, WhatIsForgottenDoesNotComeBack) {
  P.forget(1);
  EXPECT_EQ(choose(), Ids({3, 0}));
  P.giveUp({1});
  EXPECT_FALSE(P.fail({1, 3}, 1));
  EXPECT_EQ(choose(), Ids({3}));
}

TEST_F(ProspectsTest, SeveralThatFailedAreHalved) {
  P.begin({1, 3, 0});
  EXPECT_FALSE(P.fail({1, 3, 0}, 1));
  EXPECT_EQ(choose(), Ids({1, 3}));
  P.begin({1, 3});
  EXPECT_FALSE(P.fail({1, 3}, 1));
  EXPECT_EQ(choose(), Ids({1}));
  P.begin({1});
  EXPECT_EQ(choose(), Ids({3}));
  P.begin({3});
  EXPECT_EQ(choose(), Ids({0}));
}

TEST_F(ProspectsTest, WhatFailedAloneWaitsForAdditionsEachTimeTwiceAsMany) {
  Taken = {1, 3};
  uint64_t Now = 5;
  for (uint64_t Distance : {1, 2, 4}) {
    EXPECT_EQ(choose(Now), Ids({0}));
    P.begin({0});
    EXPECT_TRUE(P.fail({0}, Now));
    EXPECT_EQ(choose(Now + Distance - 1), Ids());
    Now += Distance;
  }
  P.begin({0});
  P.fail({0}, Now);
  EXPECT_EQ(choose(Now + 1000), Ids()) << "that was the last try";
}

} // namespace
