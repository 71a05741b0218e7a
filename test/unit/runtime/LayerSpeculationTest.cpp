//===- LayerSpeculationTest.cpp - Tests of what is compiled ahead --------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Functions that are compiled while the program waits. Their names say how
// promising they are: that is the number behind a "p".
//
//===----------------------------------------------------------------------===//

#include "LayerTest.h"

#include "llvm/IR/Function.h"

#include <atomic>
#include <thread>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class LayerSpeculationTest : public LayerTest {
protected:
  void SetUp() override {
    Opts.SpeculateAfter = 0;
    LayerTest::SetUp();
    P->Promise = [](const Prospect &F) -> std::optional<uint64_t> {
      uint64_t Number = 0;
      StringRef Name = F.Name;
      Name.consume_front("p") && !Name.consumeInteger(10, Number);
      return Number;
    };
  }

  /// Has speculation held in its next batch.
  void holdSpeculation() {
    P->SpareGate.close();
    L->beginWait();
    P->SpareGate.waitForArrival();
  }
  /// Lets it go, and waits until there is nothing left to do.
  void settle() {
    P->SpareGate.open();
    L->speculate();
    L->endWait();
  }

  static Expected<NewCode> giveWay(const Batch &, const SessionView &) {
    NewCode Code;
    Code.GaveWay = true;
    return std::move(Code);
  }
};

/// One calls the other.
constexpr const char *Pair = R"(
    declare i32 @which_tier()
    define i32 @p1callee() {
      %t = call i32 @which_tier()
      ret i32 %t
    }
    define i32 @p2caller() {
      %c = call i32 @p1callee()
      ret i32 %c
    }
  )";

//===----------------------------------------------------------------------===//
// What is compiled
//===----------------------------------------------------------------------===//

TEST_F(LayerSpeculationTest, TheFirstCallOfAPromisingFunctionRunsNewCode) {
  add(tierFunctions({"p1", "f"}));
  L->speculate();
  EXPECT_EQ(stage("p1"), Stage::Tier1);
  EXPECT_EQ(reason("p1"), Reason::Speculated);
  EXPECT_FALSE(info("p1").Compiled) << "tier 0 was never needed";
  EXPECT_EQ(call("p1"), 1);
  EXPECT_EQ(stage("f"), Stage::Lazy) << "it is not promising";
  EXPECT_EQ(reason("f"), Reason::NotCalledYet);
  LayerStatus S = L->getStatus();
  EXPECT_EQ(S.Speculated, 1u);
  EXPECT_EQ(S.SpeculativeBatches, 1u);
  EXPECT_EQ(S.Batches, 0u);
  EXPECT_EQ(S.Prospects, 0u);
}

TEST_F(LayerSpeculationTest, AWaitIsEnough) {
  add(tierFunction("p1"));
  holdSpeculation();
  EXPECT_EQ(stage("p1"), Stage::Lazy) << "it is no stage";
  settle();
  EXPECT_EQ(stage("p1"), Stage::Tier1);
}

TEST_F(LayerSpeculationTest, WithoutAPromiseNothingIsCompiled) {
  P->Promise = nullptr;
  add(tierFunction("p1"));
  L->speculate();
  EXPECT_EQ(stage("p1"), Stage::Lazy);
  EXPECT_TRUE(P->getBatches().empty());
}

TEST_F(LayerSpeculationTest, TheMostPromisingGoesFirst) {
  Opts.MaxBatch = 2;
  add(tierFunctions({"p3", "p1", "p9", "p7"}));
  L->speculate();
  EXPECT_EQ(batches(), std::vector<std::string>({"p9 p7", "p3 p1"}));
}

TEST_F(LayerSpeculationTest, WhatWasCalledAndIsNotHotIsCompiledToo) {
  add(tierFunction("p1"));
  EXPECT_EQ(call("p1"), 0);
  L->speculate();
  EXPECT_EQ(call("p1"), 1);
  EXPECT_EQ(info("p1").Calls, 1u);
  EXPECT_EQ(reason("p1"), Reason::Speculated);
}

TEST_F(LayerSpeculationTest, WhatHasABodyIsLeftAlone) {
  add(tierFunction("p1"));
  promoteAndWait({"p1"});
  L->speculate();
  EXPECT_EQ(reason("p1"), Reason::Requested);
  EXPECT_EQ(batches(), std::vector<std::string>({"p1"}));
}

TEST_F(LayerSpeculationTest, WhatCannotBeRatedNowIsAskedAboutAgain) {
  add(tierFunctions({"p1", "p2"}));
  unsigned Asked = 0;
  P->Promise = [&](const Prospect &) -> std::optional<uint64_t> {
    if (++Asked < 3)
      return std::nullopt;
    return 1;
  };
  L->speculate();
  EXPECT_EQ(Asked, 4u);
  EXPECT_EQ(stage("p1"), Stage::Tier1);
  EXPECT_EQ(stage("p2"), Stage::Tier1);
}

TEST_F(LayerSpeculationTest, ItIsToldWhichCameLast) {
  std::vector<uint64_t> Additions;
  P->Promise = [&](const Prospect &F) -> std::optional<uint64_t> {
    Additions.push_back(F.Addition);
    EXPECT_GE(F.Size, 2u);
    return 0;
  };
  add(tierFunctions({"p1", "p2"}));
  add(tierFunction("p3"));
  L->speculate();
  ASSERT_EQ(Additions.size(), 3u);
  EXPECT_EQ(Additions[0], Additions[1]);
  EXPECT_LT(Additions[1], Additions[2]);
}

//===----------------------------------------------------------------------===//
// Limits
//===----------------------------------------------------------------------===//

TEST_F(LayerSpeculationTest, AWaitCompilesSoManyAtMost) {
  Opts.SpeculateMost = 2;
  add(tierFunctions({"p1", "p2", "p3"}));
  L->beginWait();
  while (L->getStatus().Speculated != 2)
    std::this_thread::yield();
  EXPECT_EQ(L->getStatus().Prospects, 1u);
  L->endWait();
  L->beginWait();
  while (L->getStatus().Speculated != 3)
    std::this_thread::yield();
  L->endWait();
  EXPECT_EQ(batches(), std::vector<std::string>({"p3 p2", "p1"}));
}

TEST_F(LayerSpeculationTest, ARequestCompilesAsManyAsAWait) {
  Opts.SpeculateMost = 2;
  add(tierFunctions({"p1", "p2", "p3"}));
  L->speculate();
  EXPECT_EQ(batches(), std::vector<std::string>({"p3 p2"}));
  EXPECT_EQ(L->getStatus().Prospects, 1u);
  L->speculate();
  EXPECT_EQ(stage("p1"), Stage::Tier1);
}

TEST_F(LayerSpeculationTest, ABatchHasAboutSoManyInstructions) {
  std::string Large = "define i32 @p2() {\n";
  for (unsigned I = 0; I < 2100; ++I)
    Large += "  %x" + std::to_string(I) + " = add i32 0, 1\n";
  add(Large + "  ret i32 0\n}");
  add(tierFunction("p1"));
  L->speculate();
  EXPECT_EQ(batches(), std::vector<std::string>({"p2", "p1"}));
}

TEST_F(LayerSpeculationTest, OffIsOff) {
  L->setSpeculation(0);
  add(tierFunction("p1"));
  L->beginWait();
  L->endWait();
  EXPECT_EQ(L->getStatus().SpeculatePercent, 0);
  L->speculate();
  EXPECT_EQ(stage("p1"), Stage::Tier1) << "it was asked for";
}

TEST_F(LayerSpeculationTest, WithTieringOffNothingIsCompiled) {
  add(tierFunction("p1"));
  L->setEnabled(false);
  L->speculate();
  EXPECT_EQ(stage("p1"), Stage::Lazy);
  L->setEnabled(true);
  L->speculate();
  EXPECT_EQ(stage("p1"), Stage::Tier1);
}

TEST_F(LayerSpeculationTest, UnderStressNothingIsCompiled) {
  Opts.OsrStress = 1;
  add(tierFunction("p1"));
  L->speculate();
  EXPECT_EQ(stage("p1"), Stage::Lazy);
}

class LayerSpeculationAloneTest : public LayerSpeculationTest {
protected:
  LayerSpeculationAloneTest() { Workers = 0; }
};

TEST_F(LayerSpeculationAloneTest, WithoutWorkersNothingIsCompiled) {
  add(tierFunction("p1"));
  L->beginWait();
  L->speculate();
  L->endWait();
  EXPECT_EQ(stage("p1"), Stage::Lazy);
}

//===----------------------------------------------------------------------===//
// What happens meanwhile
//===----------------------------------------------------------------------===//

TEST_F(LayerSpeculationTest, WhatGetsHotMeanwhileDoesNotWaitForIt) {
  add(tierFunction("p1"));
  holdSpeculation();
  callTimes("p1", 10);
  wait();
  EXPECT_EQ(reason("p1"), Reason::Hot);
  EXPECT_EQ(call("p1"), 1);
  settle();
  EXPECT_EQ(reason("p1"), Reason::Hot) << "who comes late is dropped";
  EXPECT_EQ(info("p1").Version, 1u);
}

TEST_F(LayerSpeculationTest, WhatIsQueuedMeanwhileIsServed) {
  add(tierFunction("p1"));
  holdSpeculation();
  holdWorker();
  promote({"p1"});
  EXPECT_EQ(stage("p1"), Stage::Queued);
  settle();
  EXPECT_EQ(stage("p1"), Stage::Tier1);
  EXPECT_EQ(reason("p1"), Reason::Requested);
  letWorkerGo();
  wait();
  EXPECT_EQ(info("p1").Version, 1u);
}

TEST_F(LayerSpeculationTest, WhatIsBeingCompiledGetsThatBody) {
  add(tierFunction("p1"));
  holdSpeculation();
  P->WorkerGate.close();
  promote({"p1"});
  P->WorkerGate.waitForArrival();
  settle();
  EXPECT_EQ(stage("p1"), Stage::Compiling);
  letWorkerGo();
  wait();
  EXPECT_EQ(reason("p1"), Reason::Requested);
  EXPECT_EQ(info("p1").Version, 1u);
}

TEST_F(LayerSpeculationTest, AFirstCallMeanwhileDoesNotWait) {
  add(tierFunction("p1"));
  holdSpeculation();
  EXPECT_EQ(call("p1"), 0);
  EXPECT_EQ(stage("p1"), Stage::Tier0);
  settle();
  EXPECT_EQ(call("p1"), 1);
}

TEST_F(LayerSpeculationTest, WhatIsRemovedMeanwhileTakesItsCodeAlong) {
  auto RT = add(tierFunction("p1"));
  add(tierFunction("p2"));
  Gate Compiled;
  Compiled.close();
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    auto Code = P->compile(B, Session);
    Compiled.pass();
    return Code;
  };
  L->beginWait();
  Compiled.waitForArrival();
  cantFail(RT->remove());
  Compiled.open();
  settle();
  EXPECT_FALSE(find("p1"));
  EXPECT_EQ(reason("p2"), Reason::Speculated) << "it was tried again, alone";
  EXPECT_EQ(batches(), std::vector<std::string>({"p2 p1", "p2"}));
}

TEST_F(LayerSpeculationTest, AJITDylibStaysWhileSomethingOfItIsCompiled) {
  JITDylib &Other = cantFail(J->createJITDylib("other"));
  Other.addToLinkOrder(jd());
  auto Ctx = std::make_unique<LLVMContext>();
  auto M = parseIR(tierFunction("p1"), *Ctx);
  cantFail(L->add(Other, ThreadSafeModule(std::move(M), std::move(Ctx))));
  std::atomic<bool> IsGone{false};
  bool WentTooSoon = false;
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    auto Code = P->compile(B, Session);
    // Who removes it takes its functions first.
    while (find("p1"))
      std::this_thread::yield();
    for (int I = 0; I != 1000; ++I)
      std::this_thread::yield();
    WentTooSoon = IsGone;
    return Code;
  };
  holdSpeculation();
  P->SpareGate.open();
  wait();
  cantFail(L->removeJITDylib(Other));
  IsGone = true;
  settle();
  EXPECT_FALSE(WentTooSoon);
  cantFail(es().removeJITDylib(Other));
}

TEST_F(LayerSpeculationTest, ItDoesNotOutliveTheLayer) {
  add(tierFunction("p1"));
  bool Wanted = true;
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    Wanted = Session.isWanted();
    return P->compile(B, Session);
  };
  holdSpeculation();
  std::thread Ender([this] { L->shutdown(); });
  // Returns when it was told.
  L->speculate();
  P->SpareGate.open();
  Ender.join();
  EXPECT_FALSE(Wanted);
  EXPECT_EQ(stage("p1"), Stage::Lazy);
  EXPECT_EQ(call("p1"), 0);
}

//===----------------------------------------------------------------------===//
// What happens later
//===----------------------------------------------------------------------===//

TEST_F(LayerSpeculationTest, WhatLosesItsBodyIsCompiledAgain) {
  add("declare i32 @p1callee()\n"
      "define i32 @p2caller() {\n"
      "  %c = call i32 @p1callee()\n"
      "  ret i32 %c\n"
      "}");
  auto RT = add(tierFunction("p1callee"));
  L->speculate();
  EXPECT_EQ(call("p2caller"), 1);
  cantFail(RT->remove());
  EXPECT_EQ(stage("p2caller"), Stage::Lazy);
  add(tierFunction("p1callee"));
  L->speculate();
  EXPECT_EQ(reason("p2caller"), Reason::Speculated);
  EXPECT_EQ(call("p2caller"), 1);
}

TEST_F(LayerSpeculationTest, WhatGaveWayIsTriedAgain) {
  add(Pair);
  unsigned Tries = 0;
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    return ++Tries < 3 ? giveWay(B, Session) : P->compile(B, Session);
  };
  L->speculate();
  EXPECT_EQ(Tries, 3u);
  EXPECT_EQ(call("p2caller"), 1);
  EXPECT_EQ(L->getStatus().SpeculationFailures, 0u);
}

TEST_F(LayerSpeculationTest, AFailureDoesNotKeepAFunctionFromGettingHot) {
  add(tierFunction("p1"));
  P->Instead = [](const Batch &, const SessionView &) -> Expected<NewCode> {
    return createStringError("no luck");
  };
  L->speculate();
  EXPECT_EQ(stage("p1"), Stage::Lazy);
  EXPECT_EQ(reason("p1"), Reason::NotCalledYet);
  EXPECT_NE(info("p1").Detail.find("no luck"), std::string::npos);
  EXPECT_EQ(L->getStatus().SpeculationFailures, 1u);
  P->Instead = nullptr;
  callTimes("p1", 10);
  wait();
  EXPECT_EQ(reason("p1"), Reason::Hot);
  EXPECT_EQ(info("p1").Detail, "");
}

TEST_F(LayerSpeculationTest, OneThatFailsDoesNotSpoilTheOthers) {
  add(tierFunctions({"p1", "p2", "p3", "p4"}));
  P->Instead = [&](const Batch &B,
                   const SessionView &Session) -> Expected<NewCode> {
    if (any_of(B.Members, [](auto &Member) { return Member.Name == "p4"; }))
      return createStringError("no luck");
    return P->compile(B, Session);
  };
  L->speculate();
  EXPECT_EQ(batches(), std::vector<std::string>(
                           {"p4 p3 p2 p1", "p4 p3", "p4", "p3", "p2 p1"}));
  EXPECT_EQ(stage("p4"), Stage::Lazy);
  for (const char *Name : {"p1", "p2", "p3"})
    EXPECT_EQ(stage(Name), Stage::Tier1);
}

// To look it up would have ORC give up what mentions it.
TEST_F(LayerSpeculationTest, WhatMentionsTheUndefinedWaitsForItsDefinition) {
  add("@pointer = global ptr @missing\n"
      "declare i32 @missing()\n"
      "define i32 @p1() {\n"
      "  %f = load ptr, ptr @pointer\n"
      "  %c = call i32 %f()\n"
      "  ret i32 %c\n"
      "}");
  L->speculate();
  L->speculate();
  EXPECT_EQ(stage("p1"), Stage::Lazy);
  EXPECT_NE(info("p1").Detail.find("undefined: missing"), std::string::npos);
  EXPECT_TRUE(P->getBatches().empty());
  add(tierFunction("missing"));
  L->speculate();
  EXPECT_EQ(stage("p1"), Stage::Tier1);
}

TEST_F(LayerSpeculationTest, WhatFailedIsTriedAgainWhenSomethingWasAdded) {
  add(tierFunction("p1"));
  unsigned Tries = 0;
  P->Instead = [&](const Batch &, const SessionView &) -> Expected<NewCode> {
    ++Tries;
    return createStringError("not today");
  };
  L->speculate();
  EXPECT_EQ(stage("p1"), Stage::Lazy);
  L->speculate();
  EXPECT_EQ(Tries, 1u);
  P->Instead = nullptr;
  add(tierFunction("p2"));
  L->speculate();
  EXPECT_EQ(stage("p1"), Stage::Tier1);
}

TEST_F(LayerSpeculationTest, WhatIsRefusedIsRefusedForThisOnly) {
  add(tierFunction("p1"));
  P->Instead = [](const Batch &B, const SessionView &) -> Expected<NewCode> {
    NewCode Code;
    Code.Refused.push_back({B.Members.front().Id, Reason::TooLarge, ""});
    return std::move(Code);
  };
  L->speculate();
  EXPECT_EQ(stage("p1"), Stage::Lazy);
  EXPECT_NE(info("p1").Detail.find("too large"), std::string::npos);
}

} // namespace
