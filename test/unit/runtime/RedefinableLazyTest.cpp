//===- RedefinableLazyTest.cpp - Lazy and speculative definitions --------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A definition that waits for the first call, and one that is made ahead of it.
//
//===----------------------------------------------------------------------===//

#include "RedefinableTest.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class RedefinableLazyTest : public RedefinableTest {
protected:
  std::future<int> callLater(ExecutorAddr F, int Arg = 0) {
    return std::async(std::launch::async,
                      [this, F, Arg] { return call(F, Arg); });
  }
};

INSTANTIATE_TEST_SUITE_P(Executors, RedefinableLazyTest, allPlaces(),
                         whereName);

TEST_P(RedefinableLazyTest, TheFirstCallCompiles) {
  Held H;
  define(held(H, {"f"}), When::OnFirstCall);
  auto F = addr("f"); // Ready.
  EXPECT_FALSE(H.isBegun());
  auto Result = callLater(F, 10);
  H.finish(One);
  EXPECT_EQ(Result.get(), 11);
  EXPECT_EQ(call(F, 10), 11);
}

TEST_P(RedefinableLazyTest, CompiledCodeIsCompiledOnce) {
  const size_t Code = liveCode();
  auto RT = define(adds("f", 5), When::OnFirstCall);
  auto F = addr("f");
  EXPECT_EQ(liveCode(), Code);
  std::vector<std::future<int>> Results;
  for (int I = 0; I != 8; ++I)
    Results.push_back(callLater(F, I));
  for (int I = 0; I != 8; ++I)
    EXPECT_EQ(Results[I].get(), 5 + I);
  EXPECT_EQ(liveCode(), Code + 1);
  cantFail(RT->remove());
  expectNothingLeft(Code);
}

TEST_P(RedefinableLazyTest, FunctionsOfOneDefinitionComeTogether) {
  const size_t Code = liveCode();
  define(ir("define i32 @a(i32 %x) { ret i32 1 }\n"
            "define i32 @b(i32 %x) { ret i32 2 }"),
         When::OnFirstCall);
  auto A = addr("a"), B = addr("b");
  EXPECT_EQ(call(B, 0), 2);
  EXPECT_EQ(call(A, 0), 1);
  EXPECT_EQ(liveCode(), Code + 1);
}

TEST_P(RedefinableLazyTest, WhatIsNeverCalledIsNeverCompiled) {
  const size_t Code = liveCode();
  define(ir("declare i32 @g(i32)\n"
            "define i32 @f(i32 %x) { %r = call i32 @g(i32 %x) ret i32 %r }"),
         When::OnFirstCall);
  Held H;
  define(held(H, {"g"}), When::OnFirstCall);
  addr("f");
  EXPECT_EQ(liveCode(), Code);
  EXPECT_FALSE(H.isBegun());
}

TEST_P(RedefinableLazyTest, ALazyRedefinitionIsPublishedAtOnce) {
  define(at(One, {"f"}));
  auto F = addr("f");
  Held H;
  EXPECT_EQ(redefine(held(H, {"f"}), When::OnFirstCall).get(), "published");
  EXPECT_FALSE(H.isBegun());
  auto Result = callLater(F);
  H.finish(Two);
  EXPECT_EQ(Result.get(), 2);
  EXPECT_EQ(call(F, 0), 2);
}

TEST_P(RedefinableLazyTest, ANewVersionBeforeTheFirstCallSparesTheOld) {
  Held Lazy;
  define(held(Lazy, {"f"}), When::OnFirstCall);
  auto F = addr("f");
  EXPECT_EQ(redefine(at(Two, {"f"})).get(), "published");
  waitUntil([&] { return Lazy.isDestroyed(); });
  EXPECT_FALSE(Lazy.isBegun());
  EXPECT_EQ(call(F, 0), 2);
  EXPECT_EQ(numVersions(), 1u);
}

TEST_P(RedefinableLazyTest, ANewVersionDuringTheFirstCallServesIt) {
  Held Lazy;
  define(held(Lazy, {"f"}), When::OnFirstCall);
  auto F = addr("f");
  auto Result = callLater(F);
  Lazy.waitUntilBegun();
  EXPECT_EQ(redefine(at(Two, {"f"})).get(), "published");
  EXPECT_EQ(Result.get(), 2);
  Lazy.finish(One);
  Tasks->waitUntilIdle();
  EXPECT_EQ(call(F, 0), 2);
}

TEST_P(RedefinableLazyTest, SpeculationAheadOfTheFirstCall) {
  Held Lazy, Ahead;
  define(held(Lazy, {"f"}), When::OnFirstCall);
  auto F = addr("f");
  auto A = redefine(held(Ahead, {"f"}));
  Ahead.finish(Two);
  EXPECT_EQ(A.get(), "published");
  EXPECT_EQ(call(F, 0), 2);
  EXPECT_FALSE(Lazy.isBegun());
}

TEST_P(RedefinableLazyTest, AFirstCallWaitsForTheSpeculationUnderWay) {
  Held Lazy, Ahead;
  define(held(Lazy, {"f"}), When::OnFirstCall);
  auto F = addr("f");
  auto A = redefine(held(Ahead, {"f"}));
  Ahead.waitUntilBegun();
  auto Result = callLater(F);
  Ahead.finish(Two);
  EXPECT_EQ(A.get(), "published");
  EXPECT_EQ(Result.get(), 2);
  EXPECT_FALSE(Lazy.isBegun());
}

TEST_P(RedefinableLazyTest, AFailedSpeculationLeavesTheLazyDefinition) {
  Held Lazy, Ahead;
  define(held(Lazy, {"f"}), When::OnFirstCall);
  auto F = addr("f");
  auto A = redefine(held(Ahead, {"f"}));
  Ahead.waitUntilBegun();
  auto Result = callLater(F);
  Ahead.fail();
  EXPECT_NE(A.get(), "published");
  Lazy.finish(One);
  EXPECT_EQ(Result.get(), 1);
}

TEST_P(RedefinableLazyTest, AFailedCompilationGoesToTheErrorHandler) {
  Held Lazy;
  define(held(Lazy, {"f"}), When::OnFirstCall);
  auto F = addr("f");
  auto Result = callLater(F);
  Lazy.fail();
  EXPECT_EQ(Result.get(), -77);
  EXPECT_EQ(call(F, 0), -77);
  // A new version mends it.
  EXPECT_EQ(redefine(at(Two, {"f"})).get(), "published");
  EXPECT_EQ(call(F, 0), 2);
}

TEST_P(RedefinableLazyTest, RemovalDuringTheFirstCall) {
  const size_t Code = liveCode();
  Held Lazy;
  auto RT = define(held(Lazy, {"f"}), When::OnFirstCall);
  auto Result = callLater(addr("f"));
  Lazy.waitUntilBegun();
  cantFail(RT->remove());
  EXPECT_EQ(Result.get(), -77);
  Lazy.finish(One);
  expectNothingLeft(Code);
}

TEST_P(RedefinableLazyTest, RemovalBeforeTheFirstCall) {
  const size_t Code = liveCode();
  Held Lazy;
  auto RT = define(held(Lazy, {"f"}), When::OnFirstCall);
  addr("f");
  cantFail(RT->remove());
  EXPECT_TRUE(Lazy.isDestroyed());
  expectNothingLeft(Code);
}

TEST_P(RedefinableLazyTest, ACompiledLazyVersionIsHandedToRetire) {
  RS.reset();
  std::promise<ResourceTrackerSP> Old;
  createSymbols([&](JITDylib &, ResourceTrackerSP Code) {
    Old.set_value(std::move(Code));
  });
  const size_t Code = liveCode();
  auto RT = define(adds("f", 1), When::OnFirstCall);
  auto F = addr("f");
  EXPECT_EQ(call(F, 0), 1);
  EXPECT_EQ(redefine(at(Two, {"f"})).get(), "published");
  cantFail(Old.get_future().get()->remove());
  EXPECT_EQ(liveCode(), Code);
  EXPECT_EQ(call(F, 0), 2);
  cantFail(RT->remove());
  expectNothingLeft(Code);
  RS.reset();
}

TEST_P(RedefinableLazyTest, WithoutAnErrorHandlerThereIsNone) {
  auto Plain = cantFail(RedefinableSymbols::Create(es(), *Stubs));
  EXPECT_EQ(
      toString(Plain->define(jd(), at(One, {"f"}), When::OnFirstCall)),
      "lazy definitions need RedefinableSymbols::Setup::LazyErrorHandler");
}

} // namespace
