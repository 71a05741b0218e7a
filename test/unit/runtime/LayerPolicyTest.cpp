//===- LayerPolicyTest.cpp - What policies see and decide -----------------===//
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

class LayerPolicyTest : public LayerPlacesTest {};

INSTANTIATE_TEST_SUITE_P(Executors, LayerPolicyTest, allPlaces(), whereName);

//===----------------------------------------------------------------------===//
// What the policy sees of the session
//===----------------------------------------------------------------------===//

TEST_P(LayerPolicyTest, ThePolicySeesFunctionsDataAndTierZero) {
  add("@v = global i32 0\n" + tierFunction("f"));
  const FunctionId Id = info("f").Id;
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    EXPECT_EQ(Session.find("f")->Id, Id);
    EXPECT_EQ(Session.find("f")->St, Stage::Compiling);
    EXPECT_FALSE(Session.find("f")->Warm);
    EXPECT_FALSE(Session.find("nowhere"));
    EXPECT_FALSE(Session.find("v"));
    EXPECT_TRUE(Session.defines("v"));
    EXPECT_TRUE(Session.defines("f"));
    EXPECT_FALSE(Session.defines("nowhere"));
    EXPECT_TRUE(Session.withTierZero(Id, [](const Function &F) {
      EXPECT_EQ(F.getName(), "f");
      EXPECT_EQ(F.getInstructionCount(), 2u);
    }));
    return P->compile(B, Session);
  };
  promoteAndWait({"f"});
  EXPECT_EQ(stage("f"), Stage::Tier1);
}

//===----------------------------------------------------------------------===//
// Decisions of other policies
//===----------------------------------------------------------------------===//

TEST_P(LayerPolicyTest, APolicyThatWantsToWaitIsAskedAgain) {
  std::atomic<unsigned> Asked{0};
  P->DecideInstead = [&](const Heat &) {
    return ++Asked < 3 ? Decision{Decision::Wait, Reason::NotHotYet}
                       : Decision{Decision::Compile, Reason::Waiting};
  };
  add(tierFunction("f"));
  callTimes("f", 10);
  wait();
  EXPECT_EQ(Asked, 1u);
  EXPECT_EQ(stage("f"), Stage::Tier0);
  for (int I = 0; I != 10 && Asked < 3; ++I) {
    callTimes("f", 10);
    wait();
  }
  EXPECT_EQ(Asked, 3u);
  EXPECT_EQ(stage("f"), Stage::Tier1);
}

TEST_P(LayerPolicyTest, APolicyThatRefusesIsNotAskedAgain) {
  std::atomic<unsigned> Asked{0};
  P->DecideInstead = [&](const Heat &) {
    ++Asked;
    return Decision{Decision::Refuse, Reason::TooLarge};
  };
  add(tierFunction("f"));
  callTimes("f", 1000);
  wait();
  L->setThreshold(5);
  callTimes("f", 1000);
  wait();
  EXPECT_EQ(Asked, 1u);
  EXPECT_EQ(stage("f"), Stage::Refused);
  EXPECT_EQ(reason("f"), Reason::TooLarge);
  promoteAndWait({"f"});
  EXPECT_EQ(call("f"), 1);
}

TEST_P(LayerPolicyTest, APolicysOwnWordsAreListedWithItsDecisions) {
  const char *Words = "only after the third request";
  std::atomic<bool> Refuse{false};
  P->DecideInstead = [&](const Heat &) {
    return Refuse ? Decision{Decision::Refuse, Reason::TooLarge, "for a phone"}
                  : Decision{Decision::Wait, Reason::NotHotYet, Words};
  };
  add(tierFunction("f"));
  callTimes("f", 10);
  wait();
  EXPECT_EQ(reason("f"), Reason::NotHotYet);
  EXPECT_EQ(info("f").Detail, Words);
  Refuse = true;
  for (int I = 0; I != 10 && stage("f") != Stage::Refused; ++I) {
    callTimes("f", 10);
    wait();
  }
  EXPECT_EQ(reason("f"), Reason::TooLarge);
  EXPECT_EQ(info("f").Detail, "for a phone");
}

TEST_P(LayerPolicyTest, APolicysOwnWordsAreListedUntilTheCodeIsPublished) {
  P->DecideInstead = [](const Heat &) {
    return Decision{Decision::Compile, Reason::Waiting, "as the profile says"};
  };
  std::string Meanwhile;
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    Meanwhile = info("f").Detail;
    return P->compile(B, Session);
  };
  add(tierFunction("f"));
  callTimes("f", 10);
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(Meanwhile, "as the profile says");
  EXPECT_EQ(info("f").Detail, "");
}

TEST_P(LayerPolicyTest, AFunctionThatIsNotThereFailsTheBatch) {
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    auto Code = P->compile(B, Session);
    Code->Uses.push_back(4711);
    return Code;
  };
  add(tierFunction("f"));
  promoteAndWait({"f"});
  EXPECT_EQ(call("f"), 0);
  EXPECT_EQ(reason("f"), Reason::EmissionFailed);
  EXPECT_EQ(info("f").Detail, "the policy named a function that is not there");
}

TEST_P(LayerPolicyTest, ABodyThatIsSaidToCountAndDoesNotFailsTheBatch) {
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    auto Code = P->compile(B, Session);
    Code->Bodies.front().Counted = true;
    return Code;
  };
  add(tierFunction("f"));
  promoteAndWait({"f"});
  EXPECT_EQ(call("f"), 0);
  EXPECT_EQ(reason("f"), Reason::EmissionFailed);
  EXPECT_EQ(info("f").Detail,
            "the policy said that a body counts, and no code of the object "
            "does: it has to be instrumented");
}

TEST_P(LayerPolicyTest, ABodyOfAnothersNameFailsTheBatch) {
  // The stub has that name, and would lead to itself.
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    auto Code = P->compile(B, Session);
    Code->Bodies.front().Name = "f";
    return Code;
  };
  add(tierFunction("f"));
  promoteAndWait({"f"});
  EXPECT_EQ(call("f"), 0);
  EXPECT_EQ(info("f").Detail,
            "the policy named a body f, which its object does not define");
}

} // namespace
