//===- LayerOnceTest.cpp - Functions that run once -----------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Their loops are continued, or they get a body before their only call.
//
//===----------------------------------------------------------------------===//

#include "LayerOsrTest.h"

#include <future>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class LayerOnceTest : public LayerOsrTest {};
INSTANTIATE_TEST_SUITE_P(Workers, LayerOnceTest, testing::Values(0u, 1u, 2u),
                         testing::PrintToStringParamName());

/// With a worker of its own: else who calls compiles.
class LayerOnceWorkerTest : public LayerOnceTest {};
INSTANTIATE_TEST_SUITE_P(Workers, LayerOnceWorkerTest, testing::Values(1u),
                         testing::PrintToStringParamName());

TEST_P(LayerOnceTest, WhatRunsOnceGetsNoBodyWhileItRuns) {
  add(adder(1));
  add(loop("once") + "define i32 @call(i32 %n) {\n"
                     "  %r = call i32 @once(i32 %n)\n  ret i32 %r\n}\n");
  call("call", 1000);
  L->wait(std::nullopt);
  FunctionInfo F = info("once");
  EXPECT_EQ(F.Continued, 1u);
  EXPECT_EQ(F.St, Stage::Tier0);
  EXPECT_EQ(F.Why, Reason::Continued);
  EXPECT_EQ(F.Version, 0u);
  L->promote({F.Id});
  L->wait(std::nullopt);
  EXPECT_EQ(info("once").St, Stage::Tier0);
}

TEST_P(LayerOnceTest, WhatRanOnceMayBeRemovedUnlessItIsListed) {
  auto Adder = add(adder(1));
  auto Lists = [&](const ResourceTrackerSP &RT) {
    bool Result = false;
    cantFail(
        RT->withResourceKeyDo([&](ResourceKey K) { Result = L->lists(K); }));
    return Result;
  };
  EXPECT_TRUE(Lists(Adder));
  // Too few iterations to be worth a word.
  auto Brief = add("define i32 @once_brief(i32 %n) { ret i32 %n }");
  EXPECT_FALSE(Lists(Brief));
  call("once_brief", 3);
  EXPECT_FALSE(Lists(Brief));
  cantFail(Brief->remove());
  EXPECT_TRUE(Lists(Adder));
  auto Long = add(loop("once"));
  call("once", 1000);
  L->wait(std::nullopt);
  EXPECT_TRUE(Lists(Long));
}

TEST_P(LayerOnceTest, WhatRunsOnceGetsABodyBeforeItRuns) {
  add(withArray("once", "%n"));
  EXPECT_EQ(call("once", 9), 8);
  EXPECT_EQ(info("once").St, Stage::Tier1);
  EXPECT_EQ(info("once").Why, Reason::BeforeFirstCall);
  EXPECT_EQ(P->Wanted, std::vector<std::string>{"once"});
}

// What else is queued could fail the batch, and its only call waits.
TEST_P(LayerOnceWorkerTest, WhatRunsOnceIsCompiledAloneAndFirst) {
  add("define i32 @busy(i32 %n) { ret i32 %n }\n"
      "define i32 @f(i32 %n) { ret i32 %n }\n"
      "define i32 @h(i32 %n) { ret i32 %n }\n");
  add(withArray("once", "%n"));
  std::promise<void> Begun, GoOn;
  bool IsFirst = true;
  P->BeforeCompile = [&] {
    if (std::exchange(IsFirst, false)) {
      Begun.set_value();
      GoOn.get_future().wait();
    }
  };
  L->promote(info("busy").Id);
  Begun.get_future().wait();
  L->promote({info("f").Id, info("h").Id});
  std::thread Caller([&] { EXPECT_EQ(call("once", 9), 8); });
  // Its call is not listed before it waits.
  while (!isListed("once"))
    std::this_thread::yield();
  GoOn.set_value();
  Caller.join();
  L->wait(std::nullopt);
  EXPECT_EQ(P->Wanted, (std::vector<std::string>{"busy", "once", "f, h"}));
}

// A call that has begun has no use for a body.
TEST_P(LayerOnceWorkerTest, WhatRunsOnceGivesUpItsBodyWhenItHasWaitedLong) {
  add("define i32 @busy(i32 %n) { ret i32 %n }");
  add(withArray("once", "%n"));
  std::promise<void> Begun, GoOn;
  P->BeforeCompile = [&] {
    Begun.set_value();
    GoOn.get_future().wait();
  };
  L->promote(info("busy").Id);
  Begun.get_future().wait();
  EXPECT_EQ(call("once", 9), 8);
  GoOn.set_value();
  L->wait(std::nullopt);
  EXPECT_EQ(P->Wanted, std::vector<std::string>{"busy"});
  EXPECT_FALSE(isListed("once"));
}

// Its only call is one too many, and trips. That leads nowhere, and must not
// keep its loop, which trips at about the same time, from going on.
TEST_P(LayerOnceTest, WhatRunsOnceIsHotInItsLoopsOnly) {
  add(adder(1));
  for (int64_t Threshold : {0, 1}) {
    Opts.Threshold = Threshold;
    const std::string Name = "once" + std::to_string(Threshold);
    add(loop(Name));
    FirstCaller = nullptr;
    call(Name, 1000);
    L->wait(std::nullopt);
    EXPECT_EQ(info(Name).Continued, 1u);
  }
  EXPECT_EQ(P->Needless, 0u);
}

TEST_P(LayerOnceTest, LocalFunctionThatRunsOnce) {
  add(adder(1));
  add(loop("once", "internal") +
      "define i32 @call(i32 %n) {\n"
      "  %r = call i32 @once(i32 %n)\n  ret i32 %r\n}\n");
  call("call", 1000);
  L->wait(std::nullopt);
  bool IsListed = false;
  for (FunctionInfo &F : L->list())
    if (StringRef(F.Name).starts_with("once.reopt."))
      IsListed = F.Continued == 1;
  EXPECT_TRUE(IsListed);
}

} // namespace
