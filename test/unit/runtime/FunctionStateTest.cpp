//===- FunctionStateTest.cpp - Tests of reopt::FunctionState and Reasons --===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/FunctionState.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include "gtest/gtest.h"

#include <set>

using namespace llvm;
using namespace reopt;

namespace {

const Stage Stages[] = {Stage::Lazy,      Stage::Tier0, Stage::Queued,
                        Stage::Compiling, Stage::Tier1, Stage::Refused,
                        Stage::Removed};

std::set<Stage> successors(Stage From) {
  std::set<Stage> Result;
  for (Stage To : Stages)
    if (isLegalTransition(From, To))
      Result.insert(To);
  return Result;
}

using StageSet = std::set<Stage>;

TEST(FunctionStateTest, AFunctionThatWasNotCalledIsCompiledOrAskedFor) {
  EXPECT_EQ(successors(Stage::Lazy),
            (StageSet{Stage::Tier0, Stage::Queued, Stage::Tier1, Stage::Refused,
                      Stage::Removed}));
}

TEST(FunctionStateTest, Tier0LeadsUpByTheQueueOrAlongWithACaller) {
  EXPECT_EQ(
      successors(Stage::Tier0),
      (StageSet{Stage::Queued, Stage::Tier1, Stage::Refused, Stage::Removed}));
}

TEST(FunctionStateTest, AQueuedFunctionIsCompiledServedByAnotherOrSentBack) {
  EXPECT_EQ(successors(Stage::Queued),
            (StageSet{Stage::Compiling, Stage::Tier1, Stage::Tier0, Stage::Lazy,
                      Stage::Removed}));
}

TEST(FunctionStateTest, ACompileEndsInEveryWay) {
  EXPECT_EQ(successors(Stage::Compiling),
            (StageSet{Stage::Tier1, Stage::Refused, Stage::Tier0, Stage::Lazy,
                      Stage::Queued, Stage::Removed}));
}

TEST(FunctionStateTest, Tier1IsLeftForTheNextVersionOrByDemotion) {
  EXPECT_EQ(successors(Stage::Tier1), (StageSet{Stage::Queued, Stage::Tier0,
                                                Stage::Lazy, Stage::Removed}));
}

TEST(FunctionStateTest, ARefusedFunctionIsAskedForOrComesAlong) {
  EXPECT_EQ(successors(Stage::Refused),
            (StageSet{Stage::Queued, Stage::Tier1, Stage::Removed}));
}

TEST(FunctionStateTest, NothingComesBackFromRemoved) {
  EXPECT_EQ(successors(Stage::Removed), StageSet{});
}

TEST(FunctionStateTest, EveryStageIsReachedFromLazy) {
  StageSet Reached{Stage::Lazy};
  for (size_t Before = 0; Before != Reached.size();) {
    Before = Reached.size();
    for (Stage From : StageSet(Reached))
      Reached.merge(successors(From));
  }
  EXPECT_EQ(Reached.size(), std::size(Stages));
}

TEST(FunctionStateTest, TransitionChangesTheStage) {
  FunctionState F;
  EXPECT_EQ(F.St, Stage::Lazy);
  for (Stage To : {Stage::Tier0, Stage::Queued, Stage::Compiling, Stage::Tier1,
                   Stage::Tier0, Stage::Removed}) {
    F.transition(To);
    EXPECT_EQ(F.St, To);
  }
}

TEST(FunctionStateTest, EveryStageHasAWordOfItsOwn) {
  std::set<std::string> Names;
  for (Stage S : Stages) {
    std::string Name = getStageName(S);
    EXPECT_FALSE(Name.empty());
    EXPECT_EQ(Name, StringRef(Name).lower());
    EXPECT_TRUE(Names.insert(Name).second) << Name;
  }
}

//===----------------------------------------------------------------------===//
// Reasons
//===----------------------------------------------------------------------===//

const Reason Reasons[] = {
#define REOPT_REASON(Name, Text) Reason::Name,
#include "reopt/Reasons.def"
};

TEST(ReasonsTest, EveryReasonIsTheEndOfALine) {
  std::set<std::string> Texts;
  for (Reason R : Reasons) {
    StringRef Text = getReasonText(R);
    ASSERT_FALSE(Text.empty());
    EXPECT_TRUE(isLower(Text.front())) << Text.str();
    EXPECT_FALSE(Text.ends_with(".")) << Text.str();
    EXPECT_EQ(Text.find('\n'), StringRef::npos) << Text.str();
    EXPECT_TRUE(Texts.insert(Text.str()).second) << Text.str();
  }
}

TEST(ReasonsTest, TheTextIsThatOfTheList) {
#define REOPT_REASON(Name, Text)                                               \
  EXPECT_STREQ(getReasonText(Reason::Name), Text);
#include "reopt/Reasons.def"
}

TEST(ReasonsTest, TheTextsSuitAnyPolicy) {
  for (StringRef Word : {"clang", "AST", "-O", "%", "tier 1", "input"}) {
#define REOPT_REASON(Name, Text)                                               \
  EXPECT_FALSE(StringRef(Text).contains(Word)) << #Name << ": " << Text;
#include "reopt/Reasons.def"
  }
}

} // namespace
