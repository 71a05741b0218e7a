//===- RedefinableRemovalTest.cpp - Removal at each moment ---------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tracker is removed while its symbols are in one state or another: requests
// end, stubs and code go, and nothing is heard of it afterwards.
//
//===----------------------------------------------------------------------===//

#include "RedefinableTest.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class RedefinableRemovalTest : public RedefinableTest {
protected:
  void SetUp() override {
    RedefinableTest::SetUp();
    Code = liveCode();
    es().setErrorReporter([](Error Err) {
      ADD_FAILURE() << "reported: " << toString(std::move(Err));
    });
  }

  /// @f, which is emitted and depends on @helper, which is held.
  struct Dependence {
    Held Helper;
    ResourceTrackerSP RT; ///< That of @f.
    std::future<std::string> HelperF, F;
  };
  Dependence beginWithDependence() {
    Dependence D;
    Held H;
    cantFail(jd().define(held(D.Helper, {"helper"})));
    D.HelperF = lookUp("helper");
    D.RT = define(held(H, {"f"}));
    D.F = lookUp("f");
    D.Helper.waitUntilBegun();
    H.resolve(One);
    H.emit(&jd(), name("helper"));
    Tasks->waitUntilIdle();
    return D;
  }

  size_t Code = 0;
};

INSTANTIATE_TEST_SUITE_P(Executors, RedefinableRemovalTest, allPlaces(),
                         whereName);

TEST_P(RedefinableRemovalTest, NotYetMaterialised) {
  Held H;
  auto RT = define(held(H, {"f"}));
  cantFail(RT->remove());
  EXPECT_TRUE(H.isDestroyed());
  EXPECT_FALSE(RS->isRedefinable(jd(), name("f")));
  expectNothingLeft(Code);
  EXPECT_EQ(redefine(at(One, {"f"})).get(),
            "symbol f in main is not redefinable");
}

TEST_P(RedefinableRemovalTest, NotYetMaterialisedWithARequestForMore) {
  auto Ready = define(at(One, {"ready"}));
  EXPECT_EQ(callIt("ready"), 1);
  Held H, New;
  auto Unseen = define(held(H, {"unseen"}));
  auto A = redefine(held(New, {"ready", "unseen"}));
  New.waitUntilBegun();
  cantFail(Unseen->remove());
  New.finish(Two);
  EXPECT_EQ(A.get(), "published");
  EXPECT_EQ(callIt("ready"), 2);
  cantFail(Ready->remove());
  expectNothingLeft(Code);
}

TEST_P(RedefinableRemovalTest, Materialising) {
  auto [Old, New, RT, F, A] = beginContest();
  New.waitUntilBegun();
  cantFail(RT->remove());
  EXPECT_EQ(A.get(), "cancelled");
  EXPECT_NE(F.get(), "ready");
  EXPECT_EQ(Stubs->usage().LiveStubs, 0u);
  EXPECT_EQ(numVersions(), 2u);
  Old.finish(One);
  New.fail();
  expectNothingLeft(Code);
}

TEST_P(RedefinableRemovalTest, MaterialisingCompiledCode) {
  Gate G;
  auto RT = define(std::make_unique<GatedUnit>(G, adds("f", 1)));
  auto F = lookUp("f");
  while (!G.S->Begun)
    std::this_thread::yield();
  cantFail(RT->remove());
  EXPECT_NE(F.get(), "ready");
  G.open();
  expectNothingLeft(Code);
}

TEST_P(RedefinableRemovalTest, Resolved) {
  Held H;
  auto RT = define(held(H, {"f"}));
  auto F = lookUp("f");
  H.resolve(One);
  Tasks->waitUntilIdle();
  cantFail(RT->remove());
  EXPECT_FALSE(RS->isRedefinable(jd(), name("f")));
  EXPECT_EQ(Stubs->usage().LiveStubs, 0u);
  H.emit(); // ORC keeps the name until then.
  F.get();
  expectNothingLeft(Code);
  waitUntil([&] {
    auto Err = RS->define(jd(), at(Two, {"f"}));
    const bool Failed = bool(Err);
    consumeError(std::move(Err));
    return !Failed;
  });
  EXPECT_EQ(callIt("f"), 2);
  RS.reset();
}

TEST_P(RedefinableRemovalTest, EmittedAndWaitingForDependencies) {
  auto [Helper, RT, HelperF, F] = beginWithDependence();
  cantFail(RT->remove());
  EXPECT_FALSE(RS->isRedefinable(jd(), name("f")));
  Helper.finish(Four);
  EXPECT_EQ(HelperF.get(), "ready");
  F.get();
  expectNothingLeft(Code);
}

TEST_P(RedefinableRemovalTest, EmittedAndItsDependenceFails) {
  auto [Helper, RT, HelperF, F] = beginWithDependence();
  cantFail(RT->remove());
  Helper.fail();
  EXPECT_NE(HelperF.get(), "ready");
  EXPECT_NE(F.get(), "ready");
  expectNothingLeft(Code);
}

TEST_P(RedefinableRemovalTest, Ready) {
  auto RT = define(adds("f", 1));
  EXPECT_EQ(callIt("f"), 1);
  EXPECT_EQ(redefine(adds("f", 2)).get(), "published");
  EXPECT_EQ(liveCode(), Code + 2);
  cantFail(RT->remove());
  EXPECT_EQ(liveCode(), Code);
  expectNothingLeft(Code);
}

TEST_P(RedefinableRemovalTest, ReadyWithRequestsInFlight) {
  auto RT = define(adds("f", 1));
  EXPECT_EQ(callIt("f"), 1);
  Held A, B;
  Gate G;
  auto AA = redefine(held(A, {"f"}));
  A.waitUntilBegun();
  auto BB = redefine(held(B, {"f"}));
  B.waitUntilBegun();
  auto CC = redefine(std::make_unique<GatedUnit>(G, adds("f", 3)));
  while (!G.S->Begun)
    std::this_thread::yield();
  cantFail(RT->remove());
  EXPECT_EQ(AA.get(), "cancelled");
  EXPECT_EQ(BB.get(), "cancelled");
  EXPECT_EQ(CC.get(), "cancelled");
  A.finish(Two);
  B.fail();
  G.open();
  expectNothingLeft(Code);
}

TEST_P(RedefinableRemovalTest, ReadyWithQueuedRequests) {
  auto RT = define(adds("f", 1));
  EXPECT_EQ(callIt("f"), 1);
  keepMaterializations();
  Held A;
  auto AA = redefine(held(A, {"f"}));
  cantFail(RT->remove());
  EXPECT_EQ(AA.get(), "cancelled");
  Tasks->runKept();
  EXPECT_FALSE(A.isBegun());
  expectNothingLeft(Code);
}

TEST_P(RedefinableRemovalTest, ReadyWithAResultThatWaitsForDependencies) {
  auto RT = define(at(One, {"f"}));
  EXPECT_EQ(callIt("f"), 1);
  Held New, Helper;
  cantFail(jd().define(held(Helper, {"helper"})));
  auto HelperF = lookUp("helper");
  Helper.waitUntilBegun();
  auto A = redefine(held(New, {"f"}));
  New.resolve(Two);
  New.emit(&jd(), name("helper"));
  cantFail(RT->remove());
  EXPECT_EQ(A.get(), "cancelled");
  Helper.finish(Four);
  EXPECT_EQ(HelperF.get(), "ready");
  expectNothingLeft(Code);
}

TEST_P(RedefinableRemovalTest, OneOfTwoOwnersOfAVersion) {
  auto F = define(adds("f", 1)), G = define(adds("g", 1));
  EXPECT_EQ(callIt("f") + callIt("g"), 2);
  EXPECT_EQ(redefine(ir("define i32 @f(i32 %x) { ret i32 5 }\n"
                        "define i32 @g(i32 %x) { ret i32 6 }"))
                .get(),
            "published");
  cantFail(F->remove());
  EXPECT_EQ(liveCode(), Code + 2);
  EXPECT_EQ(callIt("g"), 6);
  // A version that was replaced belongs to both, too.
  EXPECT_EQ(redefine(adds("g", 7)).get(), "published");
  cantFail(G->remove());
  expectNothingLeft(Code);
}

TEST_P(RedefinableRemovalTest, AReplacedVersionStaysForTheOtherOwner) {
  auto F = define(at(One, {"f"})), G = define(at(One, {"g"}));
  EXPECT_EQ(callIt("f") + callIt("g"), 2);
  EXPECT_EQ(redefine(ir("define i32 @f(i32 %x) { ret i32 5 }\n"
                        "define i32 @g(i32 %x) { ret i32 6 }"))
                .get(),
            "published");
  EXPECT_EQ(redefine(at(Two, {"f", "g"})).get(), "published");
  cantFail(F->remove());
  EXPECT_EQ(liveCode(), Code + 1); // Somebody may be in g.
  cantFail(G->remove());
  expectNothingLeft(Code);
}

TEST_P(RedefinableRemovalTest, TheNameMayBeDefinedAgain) {
  for (int I = 0; I != 10; ++I) {
    auto RT = define(adds("f", I));
    EXPECT_EQ(callIt("f"), I);
    EXPECT_EQ(redefine(adds("f", I + 1)).get(), "published");
    EXPECT_EQ(callIt("f"), I + 1);
    cantFail(RT->remove());
  }
  expectNothingLeft(Code);
  EXPECT_LE(RS->usage().Shadows, 2u);
}

TEST_P(RedefinableRemovalTest, TheNameMayBeDefinedAgainWhileOldCodeLeaves) {
  Held Old;
  auto RT = define(held(Old, {"f"}));
  auto F = lookUp("f");
  Old.waitUntilBegun();
  cantFail(RT->remove());
  RT = define(adds("f", 2));
  EXPECT_EQ(callIt("f"), 2);
  Old.finish(One);
  waitUntil([&] { return numVersions() == 1; });
  EXPECT_EQ(callIt("f"), 2);
  cantFail(RT->remove());
  expectNothingLeft(Code);
}

TEST_P(RedefinableRemovalTest, TransferredSymbolsBelongToTheOtherTracker) {
  auto A = define(adds("f", 1)), B = define(adds("g", 1));
  Held Unseen, Gate;
  auto C = define(held(Unseen, {"unseen"})), D = define(held(Gate, {"gate"}));
  EXPECT_EQ(callIt("f") + callIt("g"), 2);
  EXPECT_EQ(redefine(adds("f", 2)).get(), "published");
  auto GateF = lookUp("gate");
  Gate.waitUntilBegun();
  Held New;
  auto Pending = redefine(held(New, {"f"}));
  New.waitUntilBegun();
  A->transferTo(*B);
  C->transferTo(*B);
  D->transferTo(*B);
  Gate.finish(Four);
  EXPECT_EQ(GateF.get(), "ready");
  EXPECT_EQ(callIt("f"), 2);
  EXPECT_EQ(callIt("gate"), 4);
  New.finish(Three);
  EXPECT_EQ(Pending.get(), "published");
  EXPECT_EQ(callIt("f"), 3);
  cantFail(B->remove());
  EXPECT_TRUE(Unseen.isDestroyed());
  expectNothingLeft(Code);
}

TEST_P(RedefinableRemovalTest, ADroppedTrackerLeavesItsSymbolsToTheDefault) {
  auto A = define(adds("f", 1));
  EXPECT_EQ(callIt("f"), 1);
  A = nullptr;
  EXPECT_EQ(redefine(adds("f", 2)).get(), "published");
  EXPECT_EQ(callIt("f"), 2);
  RS.reset();
}

TEST_P(RedefinableRemovalTest, ForgottenDylibsLeaveNoShadow) {
  auto &Other = cantFail(es().createJITDylib("other"));
  Other.addToLinkOrder(jd());
  auto RT = Other.createResourceTracker();
  cantFail(RS->define(RT, adds("f", 1)));
  EXPECT_EQ(call(cantFail(es().lookup({&Other}, name("f"))).getAddress(), 0),
            1);
  EXPECT_EQ(toString(RS->forget(Other)),
            "not all redefinable symbols of other are removed");
  cantFail(RT->remove());
  EXPECT_EQ(RS->usage().Shadows, 1u);
  cantFail(RS->forget(Other));
  EXPECT_EQ(RS->usage().Shadows, 0u);
  cantFail(es().removeJITDylib(Other));
  expectNothingLeft(Code);
}

TEST_P(RedefinableRemovalTest, ShutdownEndsRequestsAndLeavesWhatIsPublished) {
  define(adds("f", 1));
  auto F = addr("f");
  Held A, G, Unseen;
  define(held(G, {"g"}));
  define(held(Unseen, {"unseen"}));
  auto GF = lookUp("g");
  G.waitUntilBegun();
  auto AA = redefine(held(A, {"f"}));
  A.waitUntilBegun();
  RS->shutdown();
  EXPECT_EQ(AA.get(), "cancelled");
  EXPECT_NE(GF.get(), "ready");
  A.finish(Two);
  G.finish(Two);
  Tasks->waitUntilIdle();
  EXPECT_EQ(call(F, 0), 1);
  EXPECT_EQ(redefine(at(One, {"f"})).get(),
            "redefinable symbols are shut down");
  es().setErrorReporter([](Error Err) { consumeError(std::move(Err)); });
  EXPECT_NE(lookUp("unseen").get(), "ready");
}

TEST_P(RedefinableRemovalTest, WithoutMemoryForStubsTheLookUpFails) {
  CountingMemoryManager StubMemory(epc().getMemMgr(), epc().getPageSize());
  RS.reset();
  Stubs = cantFail(StubTable::Create(es(), StubMemory));
  createSymbols();
  es().setErrorReporter([](Error Err) { consumeError(std::move(Err)); });
  auto RT = define(adds("f", 1));
  StubMemory.AllocationsLeft = 0;
  EXPECT_NE(lookUp("f").get(), "ready");
  EXPECT_FALSE(RS->isRedefinable(jd(), name("f")));
  cantFail(RT->remove());
  expectNothingLeft(Code);
  RT = define(adds("f", 2));
  EXPECT_EQ(callIt("f"), 2);
  cantFail(RT->remove());
  RS.reset();
  Tasks->waitUntilIdle();
  Stubs.reset();
}

} // namespace
