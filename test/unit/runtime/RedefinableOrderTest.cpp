//===- RedefinableOrderTest.cpp - Requests that overlap -----------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which of several requests wins, what each is told, and what becomes of the
// code of those that lose.
//
//===----------------------------------------------------------------------===//

#include "RedefinableTest.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class RedefinableOrderTest : public RedefinableTest {
protected:
  void SetUp() override {
    RedefinableTest::SetUp();
    define(at(One, {"f"}));
    define(at(One, {"g"}));
    EXPECT_EQ(callIt("f"), 1);
    EXPECT_EQ(callIt("g"), 1);
  }
};

INSTANTIATE_TEST_SUITE_P(Executors, RedefinableOrderTest, allPlaces(),
                         whereName);

TEST_P(RedefinableOrderTest, RequestsThatFinishInOrderAreAllPublished) {
  Held A, B, C;
  auto AA = begin(A, {"f"});
  auto BB = begin(B, {"f"});
  auto CC = begin(C, {"f"});
  A.finish(Two);
  EXPECT_EQ(AA.get(), "published");
  EXPECT_EQ(callIt("f"), 2);
  B.finish(Three);
  EXPECT_EQ(BB.get(), "published");
  EXPECT_EQ(callIt("f"), 3);
  C.finish(Four);
  EXPECT_EQ(CC.get(), "published");
  EXPECT_EQ(callIt("f"), 4);
}

TEST_P(RedefinableOrderTest, TheNewestPublishedWins) {
  Held A, B, C;
  auto AA = begin(A, {"f"});
  auto BB = begin(B, {"f"});
  auto CC = begin(C, {"f"});
  C.finish(Four);
  EXPECT_EQ(CC.get(), "published");
  EXPECT_EQ(callIt("f"), 4);
  // Told at once, not when their results arrive.
  EXPECT_EQ(AA.get(), "superseded");
  EXPECT_EQ(BB.get(), "superseded");
  A.finish(Two);
  Tasks->waitUntilIdle();
  EXPECT_EQ(callIt("f"), 4);
  B.finish(Three);
  Tasks->waitUntilIdle();
  EXPECT_EQ(callIt("f"), 4);
}

TEST_P(RedefinableOrderTest, ALateOlderResultIsDroppedAndItsCodeRemoved) {
  const size_t Code = liveCode();
  Gate G;
  auto Old = redefine(std::make_unique<GatedUnit>(G, adds("f", 2)));
  while (!G.S->Begun)
    std::this_thread::yield();
  EXPECT_EQ(redefine(adds("f", 3)).get(), "published");
  EXPECT_EQ(Old.get(), "superseded");
  EXPECT_EQ(liveCode(), Code + 1);
  const size_t Allocs = Memory->Allocs;
  G.open(); // Compiles and links it.
  waitUntil([&] { return Memory->Allocs == Allocs + 1; });
  // f's and g's first versions, and f's new one.
  waitUntil([&] { return numVersions() == 3; });
  EXPECT_EQ(liveCode(), Code + 1);
  EXPECT_EQ(callIt("f", 10), 13);
  EXPECT_EQ(RS->usage().Requests, 0u);
}

TEST_P(RedefinableOrderTest, QueuedWorkThatIsPointlessIsCancelled) {
  keepMaterializations();
  Held A, B, C;
  auto AA = redefine(held(A, {"f"}));
  EXPECT_FALSE(AA.isThere());
  auto BB = redefine(held(B, {"f"}));
  EXPECT_EQ(AA.get(), "cancelled");
  auto CC = redefine(held(C, {"f"}));
  EXPECT_EQ(BB.get(), "cancelled");
  EXPECT_EQ(Tasks->numKept(), 3u);
  Tasks->runKept();
  EXPECT_TRUE(A.isDestroyed());
  EXPECT_TRUE(B.isDestroyed());
  EXPECT_FALSE(A.isBegun());
  EXPECT_FALSE(B.isBegun());
  C.finish(Four);
  EXPECT_EQ(CC.get(), "published");
  EXPECT_EQ(callIt("f"), 4);
  waitUntil([&] { return numVersions() == 3; });
}

TEST_P(RedefinableOrderTest, QueuedWorkForMoreThanTheNewRequestIsNotCancelled) {
  keepMaterializations();
  Held Both, F;
  auto AA = redefine(held(Both, {"f", "g"}));
  auto BB = redefine(held(F, {"f"}));
  EXPECT_FALSE(AA.isThere());
  Tasks->runKept();
  F.finish(Three);
  EXPECT_EQ(BB.get(), "published");
  EXPECT_FALSE(AA.isThere());
  Both.finish(Two);
  EXPECT_EQ(AA.get(), "published");
  EXPECT_EQ(callIt("f"), 3);
  EXPECT_EQ(callIt("g"), 2);
}

TEST_P(RedefinableOrderTest, QueuedWorkCoveredBySeveralRequestsIsCancelled) {
  keepMaterializations();
  Held Both, F, G;
  auto AA = redefine(held(Both, {"f", "g"}));
  auto BB = redefine(held(F, {"f"}));
  auto CC = redefine(held(G, {"g"}));
  EXPECT_EQ(AA.get(), "cancelled");
  Tasks->runKept();
  EXPECT_FALSE(Both.isBegun());
  F.finish(Two);
  G.finish(Three);
  EXPECT_EQ(BB.get(), "published");
  EXPECT_EQ(CC.get(), "published");
  EXPECT_EQ(callIt("f"), 2);
  EXPECT_EQ(callIt("g"), 3);
}

TEST_P(RedefinableOrderTest, WorkBeginsInTheOrderOfTheRequests) {
  keepMaterializations();
  std::vector<int> Order;
  struct Noting : MaterializationUnit {
    Noting(SymbolFlagsMap Flags, std::vector<int> &Order, int N, ExecutorAddr A)
        : MaterializationUnit(Interface(std::move(Flags), nullptr)),
          Order(Order), N(N), A(A) {}
    StringRef getName() const override { return "<noting>"; }
    void
    materialize(std::unique_ptr<MaterializationResponsibility> R) override {
      Order.push_back(N);
      SymbolMap Symbols;
      for (auto &[Name, F] : R->getSymbols())
        Symbols[Name] = {A, F};
      cantFail(R->notifyResolved(Symbols));
      cantFail(R->notifyEmitted({}));
    }
    void discard(const JITDylib &, const SymbolStringPtr &) override {}
    std::vector<int> &Order;
    int N;
    ExecutorAddr A;
  };
  std::vector<Answer> Answers;
  for (int I = 0; I != 20; ++I)
    define(at(One, {"s" + std::to_string(I)}));
  for (int I = 0; I != 20; ++I)
    lookUp("s" + std::to_string(I));
  Tasks->runKept();
  for (int I = 0; I != 20; ++I)
    EXPECT_EQ(callIt("s" + std::to_string(I)), 1);
  keepMaterializations();
  for (int I = 0; I != 20; ++I)
    Answers.push_back(redefine(std::make_unique<Noting>(
        flags({"s" + std::to_string(I)}), Order, I, Two)));
  Tasks->runKept();
  for (auto &A : Answers)
    EXPECT_EQ(A.get(), "published");
  EXPECT_TRUE(is_sorted(Order));
  EXPECT_EQ(Order.size(), 20u);
}

TEST_P(RedefinableOrderTest, AFailureOfTheNewerDoesNotHarmTheOlder) {
  Held A, B;
  auto AA = begin(A, {"f"});
  auto BB = redefine(held(B, {"f"}));
  B.fail();
  EXPECT_NE(BB.get().find("Failed to materialize"), std::string::npos);
  A.finish(Two);
  EXPECT_EQ(AA.get(), "published");
  EXPECT_EQ(callIt("f"), 2);
}

TEST_P(RedefinableOrderTest, AFailureOfTheOlderIsToldUnlessItLostBefore) {
  Held A, B, C;
  auto AA = begin(A, {"f"});
  auto BB = begin(B, {"f"});
  A.fail();
  EXPECT_NE(AA.get().find("Failed to materialize"), std::string::npos);
  auto CC = redefine(held(C, {"f"}));
  C.finish(Three);
  EXPECT_EQ(CC.get(), "published");
  EXPECT_EQ(BB.get(), "superseded");
  B.fail();
  waitUntil([&] { return numVersions() == 3; });
  EXPECT_EQ(callIt("f"), 3);
}

TEST_P(RedefinableOrderTest, ManySymbolsArePublishedButForThoseTakenOver) {
  Held Both, F;
  auto AA = redefine(held(Both, {"f", "g"}));
  Both.waitUntilBegun();
  auto BB = redefine(held(F, {"f"}));
  F.finish(Three);
  EXPECT_EQ(BB.get(), "published");
  Both.finish(Two);
  EXPECT_EQ(AA.get(), "published");
  EXPECT_EQ(callIt("f"), 3);
  EXPECT_EQ(callIt("g"), 2);
}

TEST_P(RedefinableOrderTest, DoneMayAskForTheNext) {
  Answer Last;
  RS->redefine(jd(), at(Two, {"f"}),
               [&](Expected<RedefinableSymbols::Outcome> R) {
                 cantFail(std::move(R));
                 RS->redefine(jd(), at(Three, {"f"}), Last.done());
               });
  EXPECT_EQ(Last.get(), "published");
  EXPECT_EQ(callIt("f"), 3);
}

//===----------------------------------------------------------------------===//
// Old code
//===----------------------------------------------------------------------===//

TEST_P(RedefinableOrderTest, ReplacedCodeIsKeptWithoutProof) {
  const size_t Code = liveCode();
  auto RT = define(adds("k", 0));
  EXPECT_EQ(callIt("k"), 0);
  for (int I = 1; I != 5; ++I)
    EXPECT_EQ(redefine(adds("k", I)).get(), "published");
  EXPECT_EQ(liveCode(), Code + 5);
  cantFail(RT->remove());
  EXPECT_EQ(liveCode(), Code);
}

TEST_P(RedefinableOrderTest, ReplacedCodeIsHandedToRetire) {
  RS.reset();
  std::mutex M;
  std::vector<ResourceTrackerSP> Old;
  createSymbols([&](JITDylib &JD, ResourceTrackerSP Code) {
    EXPECT_EQ(&JD, &jd());
    std::lock_guard<std::mutex> Lock(M);
    Old.push_back(std::move(Code));
  });
  auto NumOld = [&] {
    std::lock_guard<std::mutex> Lock(M);
    return Old.size();
  };
  const size_t Code = liveCode();
  auto RT = define(adds("k", 0));
  EXPECT_EQ(callIt("k"), 0);
  for (int I = 1; I != 50; ++I) {
    EXPECT_EQ(redefine(adds("k", I)).get(), "published");
    EXPECT_EQ(callIt("k"), I);
    waitUntil([&] { return NumOld() == 1; });
    EXPECT_EQ(liveCode(), Code + 2);
    cantFail(Old[0]->remove());
    Old.clear();
    EXPECT_EQ(liveCode(), Code + 1);
  }
  // Names that were freed are used again.
  EXPECT_EQ(RS->usage().Shadows, 2u);
  EXPECT_EQ(numVersions(), 1u);
  cantFail(RT->remove());
  EXPECT_EQ(NumOld(), 0u);
  EXPECT_EQ(liveCode(), Code);
  RS.reset();
}

TEST_P(RedefinableOrderTest, RetiredTrackersMayBeMerged) {
  RS.reset();
  ResourceTrackerSP All;
  std::atomic<unsigned> NumOld{0};
  createSymbols([&](JITDylib &, ResourceTrackerSP Code) {
    if (!All || &All->getJITDylib() != &Code->getJITDylib())
      All = std::move(Code);
    else
      Code->transferTo(*All);
    ++NumOld;
  });
  define(adds("a", 0));
  define(adds("b", 0));
  EXPECT_EQ(callIt("a") + callIt("b"), 0);
  EXPECT_EQ(redefine(adds("a", 1)).get(), "published");
  waitUntil([&] { return NumOld == 1; });
  EXPECT_EQ(redefine(adds("b", 1)).get(), "published");
  waitUntil([&] { return NumOld == 2; });
  EXPECT_EQ(numVersions(), 4u);
  cantFail(All->remove());
  All = nullptr;
  EXPECT_EQ(numVersions(), 2u);
  EXPECT_EQ(redefine(adds("b", 2)).get(), "published");
  EXPECT_EQ(RS->usage().Shadows, 2u);
  waitUntil([&] { return NumOld == 3; });
  All = nullptr;
  RS.reset();
}

/// Tests whose machine code calls back: an address in this process.
class RedefinableCallbackTest : public RedefinableOrderTest {};
INSTANTIATE_TEST_SUITE_P(Executors, RedefinableCallbackTest,
                         testing::Values(Where::InProcess), whereName);

TEST_P(RedefinableCallbackTest, ARetiredBodyThatRunsReturnsToItsCaller) {
  // The running version redefines itself by calling back, and goes on.
  static std::function<void()> Redefine;
  define("redefine_me",
         ExecutorAddr::fromPtr(static_cast<void (*)()>([] { Redefine(); })));
  define(ir(R"(
    declare void @redefine_me()
    define i32 @self(i32 %x) {
      call void @redefine_me()
      ret i32 1
    }
  )"));
  auto Self = addr("self");
  Redefine = [&] { EXPECT_EQ(redefine(adds("self", 2)).get(), "published"); };
  EXPECT_EQ(call(Self, 0), 1);
  EXPECT_EQ(call(Self, 0), 2);
  Redefine = nullptr;
}

} // namespace
