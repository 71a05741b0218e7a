//===- RedefinableStateTest.cpp - Redefinition in each state --------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What redefine() does depends on how far the symbol is. And what it refuses.
//
//===----------------------------------------------------------------------===//

#include "RedefinableTest.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class RedefinableStateTest : public RedefinableTest {};

INSTANTIATE_TEST_SUITE_P(Executors, RedefinableStateTest, allPlaces(),
                         whereName);

//===----------------------------------------------------------------------===//
// Definition
//===----------------------------------------------------------------------===//

TEST_P(RedefinableStateTest, ADefinitionIsMaterialisedWhenLookedUp) {
  Held H;
  define(held(H, {"f"}));
  EXPECT_TRUE(RS->isRedefinable(jd(), name("f")));
  EXPECT_FALSE(H.isBegun());
  EXPECT_FALSE(hasStub("f"));
  auto F = lookUp("f");
  H.finish(One);
  EXPECT_EQ(F.get(), "ready");
  EXPECT_EQ(callIt("f", 10), 11);
  EXPECT_EQ(addr("f"), Stubs->find(jd(), name("f")));
}

TEST_P(RedefinableStateTest, DefinitionsThatReferToEachOtherAreLinked) {
  define(ir(R"(
    declare i32 @odd(i32)
    define i32 @even(i32 %n) {
      %zero = icmp eq i32 %n, 0
      br i1 %zero, label %yes, label %ask
    yes:
      ret i32 1
    ask:
      %m = sub i32 %n, 1
      %r = call i32 @odd(i32 %m)
      ret i32 %r
    }
  )"));
  define(ir(R"(
    declare i32 @even(i32)
    define i32 @odd(i32 %n) {
      %zero = icmp eq i32 %n, 0
      br i1 %zero, label %no, label %ask
    no:
      ret i32 0
    ask:
      %m = sub i32 %n, 1
      %r = call i32 @even(i32 %m)
      ret i32 %r
    }
  )"));
  EXPECT_EQ(callIt("even", 10), 1);
  EXPECT_EQ(callIt("odd", 10), 0);
  // Each refers to the other's stub.
  EXPECT_EQ(redefine(at(Two, {"odd"})).get(), "published");
  EXPECT_EQ(callIt("even", 10), 11);
}

TEST_P(RedefinableStateTest, AUnitOfManySymbolsHasAStubForEach) {
  define(ir(R"(
    define i32 @a(i32 %x) { ret i32 1 }
    define i32 @b(i32 %x) { ret i32 2 }
    define i32 @c(i32 %x) { ret i32 3 }
  )"));
  EXPECT_EQ(callIt("b"), 2);
  EXPECT_EQ(Stubs->usage().LiveStubs, 3u);
  EXPECT_EQ(redefine(at(Four, {"b"})).get(), "published");
  EXPECT_EQ(callIt("a"), 1);
  EXPECT_EQ(callIt("b"), 4);
  EXPECT_EQ(callIt("c"), 3);
}

TEST_P(RedefinableStateTest, ADuplicateDefinitionChangesNothing) {
  define(at(One, {"f"}));
  auto RT = jd().createResourceTracker();
  EXPECT_EQ(toString(RS->define(RT, at(Two, {"f"}))),
            "In <Redefinable Symbols>, duplicate definition of symbol 'f'");
  EXPECT_EQ(callIt("f"), 1);
  EXPECT_EQ(redefine(at(Three, {"f"})).get(), "published");
  EXPECT_EQ(callIt("f"), 3);
  EXPECT_EQ(numVersions(), 2u);
}

TEST_P(RedefinableStateTest, DataIsRefused) {
  EXPECT_EQ(toString(RS->define(jd(), ir("@d = global i32 0"))),
            "symbol d in main is no function: it cannot be redefinable");
  EXPECT_FALSE(RS->isRedefinable(jd(), name("d")));
}

TEST_P(RedefinableStateTest, TheSameNameInTwoDylibsIsTwoSymbols) {
  auto &Other = es().createBareJITDylib("other");
  define(at(One, {"f"}));
  cantFail(RS->define(Other, at(Two, {"f"})));
  auto OtherF = cantFail(es().lookup({&Other}, name("f"))).getAddress();
  EXPECT_EQ(redefine(at(Three, {"f"})).get(), "published");
  EXPECT_EQ(callIt("f"), 3);
  EXPECT_EQ(call(OtherF, 0), 2);
}

//===----------------------------------------------------------------------===//
// Not yet materialised
//===----------------------------------------------------------------------===//

TEST_P(RedefinableStateTest, NotYetMaterialisedTheNewOneReplacesTheOld) {
  Held Old, New;
  define(held(Old, {"f"}));
  auto A = redefine(held(New, {"f"}));
  EXPECT_EQ(A.get(), "published");
  EXPECT_TRUE(Old.isDestroyed());
  EXPECT_FALSE(New.isBegun());
  auto F = lookUp("f");
  New.finish(Two);
  EXPECT_EQ(F.get(), "ready");
  EXPECT_EQ(callIt("f"), 2);
  EXPECT_FALSE(Old.isBegun());
  EXPECT_EQ(numVersions(), 1u);
}

TEST_P(RedefinableStateTest, NotYetMaterialisedInPart) {
  define(at(One, {"f", "g", "h"}));
  EXPECT_EQ(redefine(at(Two, {"g"})).get(), "published");
  EXPECT_EQ(redefine(at(Three, {"h"})).get(), "published");
  EXPECT_EQ(callIt("f"), 1);
  EXPECT_EQ(callIt("g"), 2);
  EXPECT_EQ(callIt("h"), 3);
}

TEST_P(RedefinableStateTest, NotYetMaterialisedTogetherWithReady) {
  define(at(One, {"ready"}));
  EXPECT_EQ(callIt("ready"), 1);
  Held Old, New;
  define(held(Old, {"unseen"}));
  auto A = redefine(held(New, {"ready", "unseen"}));
  New.finish(Two);
  EXPECT_EQ(A.get(), "published");
  EXPECT_EQ(callIt("ready"), 2);
  EXPECT_FALSE(hasStub("unseen"));
  EXPECT_EQ(callIt("unseen"), 2);
  EXPECT_FALSE(Old.isBegun());
}

TEST_P(RedefinableStateTest, NotYetMaterialisedKeepsTheOldIfTheNewOneFails) {
  define(at(One, {"ready"}));
  EXPECT_EQ(callIt("ready"), 1);
  define(at(Three, {"unseen"}));
  Held New;
  auto A = redefine(held(New, {"ready", "unseen"}));
  New.fail();
  EXPECT_NE(A.get().find("Failed to materialize"), std::string::npos);
  EXPECT_EQ(callIt("ready"), 1);
  EXPECT_EQ(callIt("unseen"), 3);
}

//===----------------------------------------------------------------------===//
// Materialising
//===----------------------------------------------------------------------===//

TEST_P(RedefinableStateTest, MaterialisingTheOldResultIsIgnored) {
  auto [Old, New, RT, F, A] = beginContest();
  Old.finish(One);
  Tasks->waitUntilIdle();
  EXPECT_EQ(F.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  EXPECT_FALSE(A.isThere());
  New.finish(Two);
  EXPECT_EQ(A.get(), "published");
  EXPECT_EQ(F.get(), "ready");
  EXPECT_EQ(callIt("f"), 2);
  waitUntil([&] { return numVersions() == 1; });
}

TEST_P(RedefinableStateTest, MaterialisingTheNewResultMayComeFirst) {
  auto [Old, New, RT, F, A] = beginContest();
  New.finish(Two);
  EXPECT_EQ(A.get(), "published");
  EXPECT_EQ(F.get(), "ready");
  EXPECT_EQ(numVersions(), 2u);
  Old.finish(One);
  waitUntil([&] { return numVersions() == 1; });
  EXPECT_EQ(callIt("f"), 2);
}

TEST_P(RedefinableStateTest, MaterialisingAndResolvedTheOldResultIsIgnored) {
  Held Old, Other, New;
  define(held(Old, {"f"}));
  // Another symbol of the unit keeps it at the gate.
  define(held(Other, {"g", "h"}));
  auto F = lookUp("g");
  Other.waitUntilBegun();
  auto A = redefine(held(New, {"h"}));
  Other.finish(One);
  Tasks->waitUntilIdle();
  Held Newer;
  auto B = redefine(held(Newer, {"g"}));
  New.finish(Two);
  Newer.finish(Three);
  EXPECT_EQ(A.get(), "published");
  EXPECT_EQ(B.get(), "published");
  EXPECT_EQ(F.get(), "ready");
  EXPECT_EQ(callIt("g"), 3);
  EXPECT_EQ(callIt("h"), 2);
  waitUntil([&] { return numVersions() == 3; });
  lookUp("f");
  Old.finish(Four);
  EXPECT_EQ(callIt("f"), 4);
}

TEST_P(RedefinableStateTest, MaterialisingTheOldOneServesIfTheNewOneFails) {
  auto [Old, New, RT, F, A] = beginContest();
  Old.finish(One);
  Tasks->waitUntilIdle();
  New.fail();
  EXPECT_NE(A.get().find("Failed to materialize"), std::string::npos);
  EXPECT_EQ(F.get(), "ready");
  EXPECT_EQ(callIt("f"), 1);
}

TEST_P(RedefinableStateTest, MaterialisingTheNewOneServesIfTheOldOneFails) {
  auto [Old, New, RT, F, A] = beginContest();
  Old.fail();
  New.finish(Two);
  EXPECT_EQ(A.get(), "published");
  EXPECT_EQ(F.get(), "ready");
  EXPECT_EQ(callIt("f"), 2);
}

TEST_P(RedefinableStateTest, MaterialisingAndNotBegunTheOldOneIsNeverCompiled) {
  Held Old, New;
  define(held(Old, {"f"}));
  keepMaterializations();
  auto F = lookUp("f"); // Keeps that of the unit.
  waitUntil([&] { return Tasks->numKept() == 1; });
  std::thread RunFirst([&] { Tasks->runKept(); });
  RunFirst.join();
  // With the unit at the gate, its first version is begun at once; so queue the
  // next two.
  Old.waitUntilBegun();
  keepMaterializations();
  Held Between;
  auto A = redefine(held(Between, {"f"}));
  auto B = redefine(held(New, {"f"}));
  EXPECT_EQ(A.get(), "cancelled");
  Tasks->runKept();
  EXPECT_FALSE(Between.isBegun());
  New.finish(Two);
  EXPECT_EQ(B.get(), "published");
  EXPECT_EQ(F.get(), "ready");
  EXPECT_EQ(callIt("f"), 2);
  Old.finish(One);
  waitUntil([&] { return numVersions() == 1; });
  EXPECT_TRUE(Between.isDestroyed());
}

TEST_P(RedefinableStateTest, MaterialisingWithoutAnyDefinitionFails) {
  auto [Old, New, RT, F, A] = beginContest();
  Old.fail();
  New.fail();
  EXPECT_NE(A.get().find("Failed to materialize"), std::string::npos);
  EXPECT_NE(F.get().find("Failed to materialize"), std::string::npos);
  Tasks->waitUntilIdle();
  EXPECT_EQ(redefine(at(One, {"f"})).get(),
            "symbol f in main failed to materialize");
  cantFail(RT->remove());
  expectNothingLeft(liveCode());
}

//===----------------------------------------------------------------------===//
// Ready
//===----------------------------------------------------------------------===//

TEST_P(RedefinableStateTest, ReadyTheOldCodeServesUntilTheNewIsEmitted) {
  define(at(One, {"f"}));
  auto F = addr("f");
  Held New;
  auto A = redefine(held(New, {"f"}));
  New.waitUntilBegun();
  EXPECT_EQ(call(F, 0), 1);
  New.resolve(Two);
  Tasks->waitUntilIdle();
  EXPECT_EQ(call(F, 0), 1);
  EXPECT_FALSE(A.isThere());
  New.emit();
  EXPECT_EQ(A.get(), "published");
  EXPECT_EQ(call(F, 0), 2);
  EXPECT_EQ(addr("f"), F);
}

TEST_P(RedefinableStateTest, ReadyTheOldCodeServesUntilDependenciesAreReady) {
  define(at(One, {"f"}));
  auto F = addr("f");
  Held New, Helper;
  cantFail(jd().define(held(Helper, {"helper"})));
  auto H = lookUp("helper");
  Helper.waitUntilBegun();
  auto A = redefine(held(New, {"f"}));
  New.resolve(Two);
  New.emit(&jd(), name("helper"));
  Tasks->waitUntilIdle();
  EXPECT_EQ(call(F, 0), 1);
  EXPECT_FALSE(A.isThere());
  Helper.finish(Four);
  EXPECT_EQ(A.get(), "published");
  EXPECT_EQ(call(F, 0), 2);
  H.get();
}

TEST_P(RedefinableStateTest, ReadyADependencyThatFailsLeavesTheOldCode) {
  define(at(One, {"f"}));
  auto F = addr("f");
  Held New, Helper;
  cantFail(jd().define(held(Helper, {"helper"})));
  auto H = lookUp("helper");
  Helper.waitUntilBegun();
  auto A = redefine(held(New, {"f"}));
  New.resolve(Two);
  New.emit(&jd(), name("helper"));
  Helper.fail();
  EXPECT_NE(A.get().find("Failed to materialize"), std::string::npos);
  EXPECT_EQ(call(F, 0), 1);
  waitUntil([&] { return numVersions() == 1; });
  EXPECT_EQ(redefine(at(Three, {"f"})).get(), "published");
  EXPECT_EQ(call(F, 0), 3);
  H.get();
}

TEST_P(RedefinableStateTest, ReadyAFailureLeavesTheOldCode) {
  define(adds("f", 1));
  auto F = addr("f");
  const size_t Code = liveCode();
  es().setErrorReporter([](Error Err) { consumeError(std::move(Err)); });
  auto A = redefine(ir(R"(
    declare i32 @nobody(i32)
    define i32 @f(i32 %x) { %r = call i32 @nobody(i32 %x) ret i32 %r }
  )"));
  EXPECT_NE(A.get().find("Failed to materialize"), std::string::npos);
  EXPECT_EQ(call(F, 0), 1);
  waitUntil([&] { return numVersions() == 1; });
  EXPECT_EQ(liveCode(), Code);
  EXPECT_EQ(redefine(adds("f", 3)).get(), "published");
  EXPECT_EQ(call(F, 0), 3);
}

TEST_P(RedefinableStateTest, ReadyCompiledCodeIsReplacedByCompiledCode) {
  define(adds("f", 1));
  auto F = addr("f");
  for (int I = 2; I != 10; ++I) {
    EXPECT_EQ(redefine(adds("f", I)).get(), "published");
    EXPECT_EQ(call(F, 100), 100 + I);
  }
}

TEST_P(RedefinableStateTest, AFirstVersionThatOnlyWaitsKeepsItsSymbol) {
  // ORC has bound f to its first version, which depends on the helper.
  Held Old, New, Helper;
  cantFail(jd().define(held(Helper, {"helper"})));
  auto H = lookUp("helper");
  Helper.waitUntilBegun();
  define(held(Old, {"f"}));
  auto F = lookUp("f");
  Old.resolve(One);
  Old.emit(&jd(), name("helper"));
  Tasks->waitUntilIdle();
  auto A = redefine(held(New, {"f"}));
  New.finish(Two);
  EXPECT_EQ(A.get(), "published");
  EXPECT_EQ(F.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  Helper.finish(Four);
  EXPECT_EQ(F.get(), "ready");
  EXPECT_EQ(callIt("f"), 2);
  H.get();
}

TEST_P(RedefinableStateTest, AVersionReachesTheNewestThroughAPrivateName) {
  auto Version = [&](int N) {
    return ir(("define internal i32 @body(i32 %n) {\n"
               "  %zero = icmp eq i32 %n, 0\n"
               "  br i1 %zero, label %yes, label %no\n"
               "yes:\n"
               "  ret i32 " +
               Twine(N) +
               "\nno:\n"
               "  %m = sub i32 %n, 1\n"
               "  %r = call i32 @g(i32 %m)\n"
               "  ret i32 %r\n"
               "}\n"
               "declare i32 @g(i32)\n"
               "define i32 @f(i32 %n) {\n"
               "  %r = call i32 @body(i32 %n)\n"
               "  ret i32 %r\n"
               "}\n")
                  .str());
  };
  define(Version(1));
  define(ir("declare i32 @f(i32)\n"
            "define i32 @g(i32 %n) { %r = call i32 @f(i32 %n) ret i32 %r }"));
  EXPECT_EQ(callIt("f", 3), 1);
  EXPECT_EQ(redefine(Version(2)).get(), "published");
  EXPECT_EQ(callIt("f", 3), 2);
  EXPECT_EQ(callIt("g", 3), 2);
}

//===----------------------------------------------------------------------===//
// What is refused
//===----------------------------------------------------------------------===//

TEST_P(RedefinableStateTest, ASymbolThatIsNotRedefinableIsRefused) {
  Held H;
  EXPECT_EQ(redefine(held(H, {"one"})).get(),
            "symbol one in main is not redefinable");
  EXPECT_TRUE(H.isDestroyed());
  EXPECT_EQ(redefine(at(One, {"nobody"})).get(),
            "symbol nobody in main is not redefinable");
  EXPECT_EQ(callIt("one"), 1);
}

TEST_P(RedefinableStateTest, OtherSymbolsAreRefusedAndNothingIsChanged) {
  define(at(One, {"f"}));
  EXPECT_EQ(callIt("f"), 1);
  EXPECT_EQ(redefine(at(Two, {"f", "extra"})).get(),
            "symbol extra in main is not redefinable");
  EXPECT_EQ(callIt("f"), 1);
  EXPECT_EQ(numVersions(), 1u);
  EXPECT_EQ(RS->usage().Requests, 0u);
}

TEST_P(RedefinableStateTest, OtherFlagsAreRefusedAndNothingIsChanged) {
  define(at(One, {"f"}));
  EXPECT_EQ(callIt("f"), 1);
  auto A = redefine(absoluteSymbols(
      {{name("f"), {Two, JITSymbolFlags(JITSymbolFlags::Callable)}}}));
  EXPECT_NE(A.get().find("symbol f in main was defined with flags "),
            std::string::npos);
  EXPECT_EQ(callIt("f"), 1);
  EXPECT_EQ(numVersions(), 1u);
}

TEST_P(RedefinableStateTest, InitialisersAreRefused) {
  define(adds("f", 1));
  EXPECT_EQ(callIt("f"), 1);
  auto A = redefine(ir(R"(
    @llvm.global_ctors = appending global [1 x { i32, ptr, ptr }]
      [{ i32, ptr, ptr } { i32 65535, ptr @init, ptr null }]
    define internal void @init() { ret void }
    define i32 @f(i32 %x) { ret i32 5 }
  )"));
  EXPECT_TRUE(StringRef(A.get()).ends_with(
      " in main has static initialisers, and only functions are redefinable: "
      "define the initialisers, and the data that they set, apart and as "
      "usual"))
      << A.get();
  EXPECT_EQ(callIt("f"), 1);
  EXPECT_NE(toString(RS->define(jd(), ir(R"(
    @llvm.global_ctors = appending global [1 x { i32, ptr, ptr }]
      [{ i32, ptr, ptr } { i32 65535, ptr @init, ptr null }]
    define internal void @init() { ret void }
    define i32 @g(i32 %x) { ret i32 5 }
  )")))
                .find("has static initialisers"),
            std::string::npos);
  EXPECT_FALSE(RS->isRedefinable(jd(), name("g")));
}

TEST_P(RedefinableStateTest, NoDefinitionIsRefused) {
  const char *Text = "no definition: the MaterializationUnit for main is null";
  EXPECT_EQ(toString(RS->define(jd(), nullptr)), Text);
  EXPECT_EQ(redefine(nullptr).get(), Text);
}

TEST_P(RedefinableStateTest, WithoutACallbackErrorsAreReported) {
  std::vector<std::string> Reported;
  es().setErrorReporter(
      [&](Error Err) { Reported.push_back(toString(std::move(Err))); });
  RS->redefine(jd(), nullptr, nullptr);
  EXPECT_EQ(Reported.size(), 1u);
  define(at(One, {"f"}));
  RS->redefine(jd(), at(Two, {"f"}), nullptr);
  EXPECT_EQ(callIt("f"), 2);
}

} // namespace
