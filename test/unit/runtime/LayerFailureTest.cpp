//===- LayerFailureTest.cpp - Compiles that come to nothing --------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whatever goes wrong in a worker, the version that runs keeps running, and the
// reason is told.
//
//===----------------------------------------------------------------------===//

#include "LayerTest.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class LayerFailureTest : public LayerPlacesTest {
protected:
  void SetUp() override {
    LayerPlacesTest::SetUp();
    add(tierFunction("f"));
  }

  using Script =
      std::function<Expected<NewCode>(const Batch &, const SessionView &)>;

  static Script failWith(const char *Text) {
    return [Text](const Batch &, const SessionView &) {
      return Expected<NewCode>(createStringError(Text));
    };
  }

  /// Calls @f until one more batch was made; returns how often.
  unsigned callUntilNextBatch(unsigned Limit) {
    const size_t Before = P->getBatches().size();
    for (unsigned Calls = 1; Calls <= Limit; ++Calls) {
      EXPECT_EQ(call("f"), 0);
      wait();
      if (P->getBatches().size() != Before)
        return Calls;
    }
    return 0;
  }

  void expectFailed(Reason Why, StringRef Detail) {
    EXPECT_EQ(stage("f"), Stage::Lazy);
    EXPECT_EQ(reason("f"), Why);
    EXPECT_EQ(info("f").Detail, Detail);
    EXPECT_EQ(info("f").Version, 0u);
    EXPECT_EQ(L->getStatus().Failures, 1u);
    EXPECT_EQ(call("f"), 0);
    EXPECT_EQ(stage("f"), Stage::Tier0);
    // And the next try may do better.
    P->Instead = nullptr;
    promoteAndWait({"f"});
    EXPECT_EQ(stage("f"), Stage::Tier1);
    EXPECT_EQ(info("f").Detail, "");
    EXPECT_EQ(call("f"), 1);
  }
};

INSTANTIATE_TEST_SUITE_P(Executors, LayerFailureTest, allPlaces(), whereName);

/// What can only be seen in this process, where a worker links.
class LayerFailureHereTest : public LayerFailureTest {};

INSTANTIATE_TEST_SUITE_P(Executors, LayerFailureHereTest,
                         testing::Values(Where::InProcess), whereName);

//===----------------------------------------------------------------------===//
// Back-off
//===----------------------------------------------------------------------===//

TEST_P(LayerFailureTest, EachFailureDoublesTheDistanceUntilItIsLeftAlone) {
  Opts.MaxRetries = 3;
  P->Instead = failWith("not today");
  for (unsigned Distance : {10, 20, 40}) {
    EXPECT_EQ(callUntilNextBatch(1000), Distance);
    EXPECT_EQ(stage("f"), Stage::Tier0);
    EXPECT_EQ(reason("f"), Reason::EmissionFailed);
    EXPECT_EQ(info("f").Detail, "not today");
  }
  EXPECT_EQ(callUntilNextBatch(1000), 80u);
  EXPECT_EQ(stage("f"), Stage::Refused);
  EXPECT_EQ(reason("f"), Reason::EmissionFailed);
  EXPECT_EQ(info("f").Detail, "not today");
  EXPECT_EQ(info("f").Calls, 150u);
  callTimes("f", 5000);
  wait();
  EXPECT_EQ(P->getBatches().size(), 4u);
  EXPECT_EQ(L->getStatus().Failures, 4u);
  EXPECT_EQ(L->getStatus().Refused, 1u);
  EXPECT_EQ(call("f"), 0);
}

TEST_P(LayerFailureTest, ATryThatWorksEndsTheSeries) {
  P->Instead = failWith("not today");
  callUntilNextBatch(1000);
  P->Instead = nullptr;
  EXPECT_EQ(callUntilNextBatch(1000), 20u);
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(reason("f"), Reason::Hot);
  EXPECT_EQ(info("f").Detail, "");
  EXPECT_EQ(call("f"), 1);
}

TEST_P(LayerFailureTest, ARefusedFunctionIsTriedAgainWhenAskedFor) {
  Opts.MaxRetries = 0;
  P->Instead = failWith("not today");
  promoteAndWait({"f"});
  EXPECT_EQ(stage("f"), Stage::Refused);
  promoteAndWait({"f"});
  EXPECT_EQ(stage("f"), Stage::Refused);
  EXPECT_EQ(P->getBatches().size(), 2u);
  P->Instead = nullptr;
  promoteAndWait({"f"});
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(reason("f"), Reason::Requested);
  EXPECT_EQ(call("f"), 1);
}

TEST_P(LayerFailureTest, AFailureCountsForAllOfTheBatch) {
  add(tierFunction("g"));
  P->Instead = failWith("not today");
  promoteAndWait({"f", "g"});
  for (const char *Name : {"f", "g"}) {
    EXPECT_EQ(reason(Name), Reason::EmissionFailed);
    EXPECT_EQ(info(Name).Detail, "not today");
  }
  EXPECT_EQ(L->getStatus().Failures, 1u);
}

//===----------------------------------------------------------------------===//
// Refusals
//===----------------------------------------------------------------------===//

TEST_P(LayerFailureTest, ARefusalHoldsAtOnceAndForItsFunctionOnly) {
  add(tierFunction("g"));
  holdWorker();
  promote({"f", "g"});
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    Batch Rest = B;
    llvm::erase_if(Rest.Members,
                   [](auto &Member) { return Member.Name == "f"; });
    auto Code = P->compile(Rest, Session);
    for (auto &Member : B.Members)
      if (Member.Name == "f")
        Code->Refused.push_back(
            {Member.Id, Reason::TooLarge, "two instructions"});
    return Code;
  };
  letWorkerGo();
  wait();
  EXPECT_EQ(batches().back(), "f g");
  EXPECT_EQ(stage("f"), Stage::Refused);
  EXPECT_EQ(reason("f"), Reason::TooLarge);
  EXPECT_EQ(info("f").Detail, "two instructions");
  EXPECT_EQ(call("f"), 0);
  EXPECT_EQ(stage("g"), Stage::Tier1);
  EXPECT_EQ(call("g"), 1);
  EXPECT_EQ(L->getStatus().Failures, 0u);
}

TEST_P(LayerFailureTest, RefusedAloneItStaysInTierZero) {
  P->Instead = [](const Batch &B, const SessionView &) {
    NewCode Code;
    Code.Refused.push_back({B.Members[0].Id, Reason::NoDefinition, "gone"});
    return Expected<NewCode>(std::move(Code));
  };
  callTimes("f", 10);
  wait();
  EXPECT_EQ(stage("f"), Stage::Refused);
  EXPECT_EQ(reason("f"), Reason::NoDefinition);
  EXPECT_EQ(info("f").Detail, "gone");
  callTimes("f", 1000);
  wait();
  EXPECT_EQ(P->getBatches().size(), 1u);
  EXPECT_EQ(call("f"), 0);
}

//===----------------------------------------------------------------------===//
// Objects that cannot be linked
//===----------------------------------------------------------------------===//

TEST_P(LayerFailureHereTest, AnObjectWithUndefinedSymbols) {
  const FunctionId Id = info("f").Id;
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    // @nowhere is in tier 0's IR of nobody: so it is made here.
    auto Code = P->compile(B, Session);
    LLVMContext Ctx;
    auto M = parseIR("declare i32 @nowhere()\n"
                     "define i32 @f.new() {\n"
                     "  %r = call i32 @nowhere()\n"
                     "  ret i32 %r\n"
                     "}",
                     Ctx);
    Code->Object = cantFail(P->compile(*M, OptimizationLevel::O2));
    Code->Bodies = {{Id, "f.new"}};
    return Code;
  };
  promoteAndWait({"f"});
  EXPECT_NE(info("f").Detail.find("nowhere"), std::string::npos)
      << info("f").Detail;
  expectFailed(Reason::LinkFailed, info("f").Detail);
}

TEST_P(LayerFailureTest, AnObjectWithoutTheBody) {
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    auto Code = P->compile(B, Session);
    Code->Bodies[0].Name = "f.somewhere_else";
    return Code;
  };
  promoteAndWait({"f"});
  EXPECT_NE(info("f").Detail.find("f.somewhere_else"), std::string::npos)
      << info("f").Detail;
  expectFailed(Reason::EmissionFailed, info("f").Detail);
}

TEST_P(LayerFailureTest, WhatIsNoObject) {
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    auto Code = P->compile(B, Session);
    Code->Object = MemoryBuffer::getMemBufferCopy("no object", "garbage");
    return Code;
  };
  promoteAndWait({"f"});
  EXPECT_NE(info("f").Detail, "");
  expectFailed(Reason::LinkFailed, info("f").Detail);
}

TEST_P(LayerFailureTest, AnObjectWhoseNamesAreTaken) {
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    auto Code = P->compile(B, Session);
    add("define i32 @f.tier1." + std::to_string(B.Number) + "() { ret i32 7 }");
    return Code;
  };
  promoteAndWait({"f"});
  EXPECT_NE(info("f").Detail, "");
  expectFailed(Reason::LinkFailed, info("f").Detail);
}

TEST_P(LayerFailureHereTest, WithoutMemoryForTheBody) {
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    auto Code = P->compile(B, Session);
    MemMgr->AllocationsLeft = 0;
    return Code;
  };
  promoteAndWait({"f"});
  MemMgr->AllocationsLeft = ~size_t(0);
  EXPECT_NE(info("f").Detail.find("no memory, as the test ordered"),
            std::string::npos)
      << info("f").Detail;
  expectFailed(Reason::LinkFailed, info("f").Detail);
}

TEST_P(LayerFailureHereTest, ObjectsThatCannotBeLinkedAreFreed) {
  Opts.MaxRetries = 30;
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    auto Code = P->compile(B, Session);
    Code->Bodies[0].Name = "f.somewhere_else";
    return Code;
  };
  promoteAndWait({"f"});
  const size_t Live = MemMgr->Allocs - MemMgr->Deallocs;
  for (int I = 0; I != 20; ++I)
    promoteAndWait({"f"});
  EXPECT_EQ(P->getBatches().size(), 21u);
  EXPECT_EQ(MemMgr->Allocs - MemMgr->Deallocs, Live);
}

//===----------------------------------------------------------------------===//
// Policies that forget a function
//===----------------------------------------------------------------------===//

TEST_P(LayerFailureTest, AMemberWithoutABody) {
  add(tierFunction("g"));
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    Batch Rest = B;
    llvm::erase_if(Rest.Members,
                   [](auto &Member) { return Member.Name == "f"; });
    return P->compile(Rest, Session);
  };
  promoteAndWait({"g", "f"});
  EXPECT_EQ(stage("g"), Stage::Tier1);
  EXPECT_EQ(stage("f"), Stage::Lazy);
  EXPECT_EQ(reason("f"), Reason::EmissionFailed);
  EXPECT_EQ(info("f").Detail, "no body was made");
}

TEST_P(LayerFailureTest, ABatchOfWhichNothingCame) {
  P->Instead = [](const Batch &, const SessionView &) {
    return Expected<NewCode>(NewCode());
  };
  promoteAndWait({"f"});
  EXPECT_EQ(L->getStatus().Compiling, 0u);
  EXPECT_EQ(stage("f"), Stage::Lazy);
  EXPECT_EQ(reason("f"), Reason::EmissionFailed);
  EXPECT_EQ(call("f"), 0);
}

TEST_P(LayerFailureTest, AMemberThatWasNotLeftToItsCallerIsNotServed) {
  P->Instead = [](const Batch &B, const SessionView &) {
    NewCode Code;
    Code.Served.push_back(B.Members[0].Id);
    return Expected<NewCode>(std::move(Code));
  };
  promoteAndWait({"f"});
  EXPECT_EQ(L->getStatus().Compiling, 0u);
  EXPECT_EQ(stage("f"), Stage::Lazy);
  EXPECT_EQ(reason("f"), Reason::EmissionFailed);
  EXPECT_EQ(P->getBatches().size(), 1u);
}

//===----------------------------------------------------------------------===//
// Who is told
//===----------------------------------------------------------------------===//

TEST_P(LayerFailureTest, OtherThreadsErrorsAreNotTheWorkers) {
  EXPECT_FALSE(ReOptimizeLayer::noteBackgroundError(
      Error(createStringError("of this thread"))));
}

} // namespace
