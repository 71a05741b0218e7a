//===- RedefinableCauseTest.cpp - Why a version failed --------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A request that fails is told why, if the error reporter passes it on.
//
//===----------------------------------------------------------------------===//

#include "RedefinableTest.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class RedefinableCauseTest : public RedefinableTest {
protected:
  void SetUp() override {
    RedefinableTest::SetUp();
    es().setErrorReporter([this](Error Err) {
      RedefinableSymbols::noteError(Err);
      consumeError(std::move(Err));
      ++Reported;
    });
  }
  /// A definition of @f that calls what nobody defines.
  auto callsNobody() {
    return ir(R"(
      declare i32 @nobody(i32)
      define i32 @f(i32 %x) { %r = call i32 @nobody(i32 %x) ret i32 %r }
    )");
  }
  /// A definition of \p Name that its layer refuses for \p Why.
  auto refused(StringRef Name, std::string Why) {
    J->getIRTransformLayer().setTransform(
        [Why](ThreadSafeModule, const MaterializationResponsibility &)
            -> Expected<ThreadSafeModule> { return createStringError(Why); });
    auto Ctx = std::make_unique<LLVMContext>();
    auto M = parseIR(("define i32 @" + Name + "(i32 %x) { ret i32 %x }").str(),
                     *Ctx);
    return std::make_unique<BasicIRLayerMaterializationUnit>(
        J->getIRTransformLayer(), IRSymbolMapper::ManglingOptions(),
        ThreadSafeModule(std::move(M), std::move(Ctx)));
  }
  std::atomic<unsigned> Reported{0};
};

INSTANTIATE_TEST_SUITE_P(Executors, RedefinableCauseTest, allPlaces(),
                         whereName);

TEST_P(RedefinableCauseTest, ALinkThatFailsIsToldWithItsCause) {
  define(adds("f", 1));
  EXPECT_EQ(callIt("f"), 1);
  auto A = redefine(callsNobody());
  EXPECT_TRUE(StringRef(A.get()).starts_with("Failed to materialize symbols"))
      << A.get();
  EXPECT_NE(A.get().find("Symbols not found: [ nobody ]"), std::string::npos)
      << A.get();
  EXPECT_EQ(callIt("f"), 1);
}

TEST_P(RedefinableCauseTest, ALayerThatReportsAfterItFailedIsToldWithItsCause) {
  define(adds("f", 1));
  EXPECT_EQ(callIt("f"), 1);
  auto A = redefine(refused("f", "no code today"));
  EXPECT_TRUE(StringRef(A.get()).ends_with(": no code today")) << A.get();
  EXPECT_EQ(callIt("f"), 1);
}

TEST_P(RedefinableCauseTest, ACauseIsToldToOneVersionOnly) {
  define(adds("f", 1));
  define(adds("g", 1));
  EXPECT_EQ(callIt("f") + callIt("g"), 2);
  EXPECT_NE(redefine(refused("f", "one")).get().find(": one"),
            std::string::npos);
  Held H; // Fails without a word.
  auto A = begin(H, {"g"});
  H.fail();
  EXPECT_EQ(A.get().find("one"), std::string::npos) << A.get();
}

TEST_P(RedefinableCauseTest, WhoFailsWithAnotherIsToldWhy) {
  // f and g come together; with f's last hope g's new version is lost, too.
  Held Old, New;
  define(held(Old, {"f", "g"}));
  auto F = lookUp("f");
  Old.waitUntilBegun();
  auto A = begin(New, {"g"});
  auto B = redefine(refused("f", "no code today"));
  EXPECT_NE(B.get().find(": no code today"), std::string::npos) << B.get();
  Old.fail();
  EXPECT_TRUE(StringRef(A.get()).starts_with(
      "symbol g in main failed to materialize: "))
      << A.get();
  New.finish(Two);
  F.get();
  Tasks->waitUntilIdle();
}

} // namespace
