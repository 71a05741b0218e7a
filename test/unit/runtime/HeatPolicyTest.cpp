//===- HeatPolicyTest.cpp - Tests of reopt::HeatPolicy --------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The formulas of Policy.h: when a function trips, what is decided then, and
// what counts as warm.
//
//===----------------------------------------------------------------------===//

#include "reopt/Cell.h"
#include "reopt/Policy.h"

#include "llvm/IR/Function.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "gtest/gtest.h"

#include <algorithm>

using namespace llvm;
using namespace reopt;

namespace {

/// What to compile is none of the heat policy's business.
class WhenPolicy : public HeatPolicy {
public:
  using HeatPolicy::HeatPolicy;
  Expected<NewCode> reoptimize(const Batch &, const SessionView &) override {
    return createStringError("not asked");
  }
};

class HeatPolicyTest : public testing::Test {
protected:
  Options Opts;
  WhenPolicy Policy{Opts};

  /// The count at which a word trips that was armed with \p Left.
  static int64_t tripsAt(int32_t Left) { return int64_t(Left) + 1; }

  Heat failed(uint32_t Times) {
    Heat H;
    H.Failures = Times;
    return H;
  }
};

TEST_F(HeatPolicyTest, ItHasToBeHotterWhenMuchIsQueued) {
  Opts.Threshold = 200;
  Opts.LoopFactor = 20;
  Heat H;
  H.Calls = 300;
  EXPECT_EQ(Policy.decide(H).Kind, Decision::Compile);
  H.Scale = 2;
  EXPECT_EQ(Policy.decide(H).Kind, Decision::Wait);
  EXPECT_EQ(Policy.decide(H).Why, Reason::QueueIsLong);
  H.Loops = 2000;
  EXPECT_EQ(Policy.decide(H).Kind, Decision::Compile);
}

TEST_F(HeatPolicyTest, EveryFunctionIsCounted) {
  LLVMContext Ctx;
  Module M("m", Ctx);
  auto *F = Function::Create(FunctionType::get(Type::getVoidTy(Ctx), false),
                             GlobalValue::ExternalLinkage, "f", M);
  EXPECT_EQ(Policy.instrument(*F), Tier0Kind::Counted);
}

TEST_F(HeatPolicyTest, TripsByCallsAtTheThreshold) {
  for (int64_t T : {1, 2, 200, 100000}) {
    Opts.Threshold = T;
    EXPECT_EQ(tripsAt(Policy.arm(Heat()).Calls), T);
  }
}

TEST_F(HeatPolicyTest, TripsByLoopsAtTheThresholdTimesTheLoopFactor) {
  for (int64_t T : {1, 2, 200, 10000})
    for (int64_t L : {1, 20, 1000}) {
      Opts.Threshold = T;
      Opts.LoopFactor = L;
      EXPECT_EQ(tripsAt(Policy.arm(Heat()).Loops), T * L);
    }
}

TEST_F(HeatPolicyTest, AtThresholdZeroTheFirstCallTrips) {
  Opts.Threshold = 0;
  EXPECT_EQ(tripsAt(Policy.arm(Heat()).Calls), 1);
  EXPECT_EQ(tripsAt(Policy.arm(Heat()).Loops), 1);
}

TEST_F(HeatPolicyTest, EachFailureDoublesTheDistance) {
  Opts.Threshold = 200;
  Opts.LoopFactor = 20;
  for (uint32_t K = 0; K != 10; ++K) {
    EXPECT_EQ(tripsAt(Policy.arm(failed(K)).Calls), 200ll << K);
    EXPECT_EQ(tripsAt(Policy.arm(failed(K)).Loops), 4000ll << K);
  }
}

TEST_F(HeatPolicyTest, FarAwayStaysWhatCountsSinceCanTell) {
  Opts.Threshold = 1000000000;
  Opts.LoopFactor = 1000000;
  for (uint32_t K : {0u, 1u, 30u, 31u, 64u, 1000u}) {
    Arming A = Policy.arm(failed(K));
    for (int32_t Left : {A.Calls, A.Loops}) {
      EXPECT_GT(Left, RearmedCount / 4);
      EXPECT_EQ(countsSince(Left, RearmedCount - 5), uint32_t(Left) + 6);
      EXPECT_EQ(countsSince(Left, Left - 5), 5u);
    }
  }
}

TEST_F(HeatPolicyTest, NoSettingArmsBelowZero) {
  for (int64_t T : {0, 1, 1000000000})
    for (int64_t L : {1, 1000000})
      for (uint32_t K : {0u, 30u}) {
        Opts.Threshold = T;
        Opts.LoopFactor = L;
        Arming A = Policy.arm(failed(K));
        EXPECT_GE(A.Calls, 0);
        EXPECT_GE(A.Loops, 0);
      }
}

TEST_F(HeatPolicyTest, WhatTrippedIsCompiled) {
  Decision D = Policy.decide(Heat());
  EXPECT_EQ(D.Kind, Decision::Compile);
  EXPECT_EQ(D.Why, Reason::Waiting);
}

TEST_F(HeatPolicyTest, WithTieringOffItWaits) {
  Opts.Enabled = 0;
  Decision D = Policy.decide(Heat());
  EXPECT_EQ(D.Kind, Decision::Wait);
  EXPECT_EQ(D.Why, Reason::TieringOff);
}

TEST_F(HeatPolicyTest, AfterTooManyFailuresItIsRefused) {
  for (int64_t Max : {0, 4}) {
    Opts.MaxRetries = Max;
    EXPECT_EQ(Policy.decide(failed(Max)).Kind, Decision::Compile);
    EXPECT_EQ(Policy.decide(failed(Max + 1)).Kind, Decision::Refuse);
  }
}

TEST_F(HeatPolicyTest, WarmIsAShareOfTheThreshold) {
  Opts.Threshold = 200;
  Opts.LoopFactor = 20;
  Opts.WarmPercent = 10;
  // 100 * (calls + loops / 20) >= 10 * 200
  EXPECT_FALSE(Policy.isWarm(Heat{19, 0, 0}));
  EXPECT_TRUE(Policy.isWarm(Heat{20, 0, 0}));
  EXPECT_FALSE(Policy.isWarm(Heat{0, 399, 0}));
  EXPECT_TRUE(Policy.isWarm(Heat{0, 400, 0}));
  EXPECT_FALSE(Policy.isWarm(Heat{10, 199, 0}));
  EXPECT_TRUE(Policy.isWarm(Heat{10, 200, 0}));
}

TEST_F(HeatPolicyTest, AtZeroPercentAllIsWarm) {
  Opts.WarmPercent = 0;
  EXPECT_TRUE(Policy.isWarm(Heat()));
}

TEST_F(HeatPolicyTest, LongIsWhatLoopsMuchInEachCall) {
  EXPECT_TRUE(Policy.isLong(Heat{1, 1, 0}));
  EXPECT_TRUE(Policy.isLong(Heat{4, 0, 0}));
  EXPECT_FALSE(Policy.isLong(Heat{5, 4999, 0}));
  EXPECT_TRUE(Policy.isLong(Heat{5, 5000, 0}));
  // A loop in tier 0 that trips although there is a better body.
  EXPECT_TRUE(Policy.isLong(Heat{500, 1, 0, /*Tier=*/1}));
}

TEST_F(HeatPolicyTest, TheThresholdMayChangeMeanwhile) {
  Opts.Threshold = 10;
  EXPECT_EQ(tripsAt(Policy.arm(Heat()).Calls), 10);
  Opts.Threshold = 20;
  EXPECT_EQ(tripsAt(Policy.arm(Heat()).Calls), 20);
}

} // namespace
