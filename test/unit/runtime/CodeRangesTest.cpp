//===- CodeRangesTest.cpp - Tests of reopt::CodeRanges -------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/CodeRanges.h"

#include "TestExecutor.h"

#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"

#include <map>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

/// Notes where each named symbol of each linked graph lies.
class Extents : public LinkObserver {
public:
  std::map<std::string, ExecutorAddrRange> Of;

private:
  void linked(jitlink::LinkGraph &G, ResourceKey) override {
    for (auto *S : G.defined_symbols())
      if (S->hasName())
        Of[(*S->getName()).str()] = S->getRange();
  }
};

class CodeRangesTest : public ExecutorTest {
protected:
  void SetUp() override {
    ExecutorTest::SetUp();
    Ranges = std::make_shared<CodeRanges>(".body");
    Linked = std::make_shared<Extents>();
    auto &Layer = static_cast<ObjectLinkingLayer &>(J->getObjLinkingLayer());
    Layer.addPlugin(Ranges);
    Layer.addPlugin(Linked);
  }

  /// Links \p Text, whose symbol \p Name forces it, under a tracker of its own.
  ResourceTrackerSP link(StringRef Text, StringRef Name) {
    auto Ctx = std::make_unique<LLVMContext>();
    auto M = parseIR(Text, *Ctx);
    M->setModuleIdentifier("ranges" + std::to_string(++Modules));
    auto RT = jd().createResourceTracker();
    cantFail(
        J->addIRModule(RT, ThreadSafeModule(std::move(M), std::move(Ctx))));
    addr(Name);
    return RT;
  }

  /// Whose return address \p A would be.
  std::string find(ExecutorAddr A) {
    return Ranges->find(A).value_or("nobody");
  }

  unsigned Modules = 0;
  std::shared_ptr<CodeRanges> Ranges;
  std::shared_ptr<Extents> Linked;
};

INSTANTIATE_TEST_SUITE_P(Executors, CodeRangesTest,
                         testing::Values(Where::InProcess, Where::Remote),
                         whereName);

TEST_P(CodeRangesTest, AReturnAddressBelongsToWhoMadeTheCall) {
  link(R"(
    define i32 @f.body(i32 %x) { %r = mul i32 %x, 3 ret i32 %r }
    define i32 @g.body(i32 %x) { %r = call i32 @f.body(i32 %x) ret i32 %r }
  )",
       "f.body");
  for (std::string Name : {"f", "g"}) {
    ExecutorAddrRange R = Linked->Of.at(Name + ".body");
    ASSERT_GT(R.size(), 2u);
    // A return address lies behind the call: never at a function's first byte,
    // and right behind its last one if the call never returns.
    EXPECT_NE(find(R.Start), Name);
    EXPECT_EQ(find(R.Start + 1), Name);
    EXPECT_EQ(find(R.Start + R.size() / 2), Name);
    EXPECT_EQ(find(R.End), Name);
    EXPECT_NE(find(R.End + 1), Name);
  }
}

/// Addresses come back from calls, which from a remote executor are ints.
class CodeRangesInProcessTest : public CodeRangesTest {};
INSTANTIATE_TEST_SUITE_P(Executors, CodeRangesInProcessTest,
                         testing::Values(Where::InProcess), whereName);

TEST_P(CodeRangesInProcessTest, ACalledFunctionLearnsItsCaller) {
  link(R"(
    declare ptr @llvm.returnaddress(i32)
    define ptr @callee() noinline {
      %r = call ptr @llvm.returnaddress(i32 0)
      ret ptr %r
    }
    define ptr @caller.body() {
      %r = call ptr @callee()
      %unused = call ptr @callee()
      ret ptr %r
    }
  )",
       "callee");
  auto *From = addr("caller.body").toPtr<void *(*)()>()();
  EXPECT_EQ(find(ExecutorAddr::fromPtr(From)), "caller");
}

TEST_P(CodeRangesTest, OnlyCodeWithTheMarkerCounts) {
  link(R"(
    @data.body = global [16 x i8] zeroinitializer
    define i32 @plain(i32 %x) { %r = mul i32 %x, 3 ret i32 %r }
    define i32 @f.body.2(i32 %x) { %r = mul i32 %x, 3 ret i32 %r }
    define i32 @.body(i32 %x) { %r = mul i32 %x, 3 ret i32 %r }
  )",
       "plain");
  for (std::string Name : {"data.body", "plain"})
    EXPECT_EQ(find(Linked->Of.at(Name).Start + 1), "nobody") << Name;
  EXPECT_EQ(find(Linked->Of.at("f.body.2").Start + 1), "f");
  EXPECT_EQ(find(Linked->Of.at(".body").Start + 1), "");
}

TEST_P(CodeRangesTest, NobodyIsFoundInAnEmptySessionOrOutside) {
  EXPECT_EQ(find(ExecutorAddr(0x1000)), "nobody");
  EXPECT_EQ(find(ExecutorAddr(1)), "nobody");
  EXPECT_EQ(find(ExecutorAddr(~uint64_t(0))), "nobody");
  link("define void @f.body() { ret void }", "f.body");
  EXPECT_EQ(find(ExecutorAddr(1)), "nobody");
  EXPECT_EQ(find(ExecutorAddr(~uint64_t(0))), "nobody");
}

TEST_P(CodeRangesTest, RemovedCodeIsForgottenAndOtherCodeIsNot) {
  auto F = link("define void @f.body() { ret void }", "f.body");
  auto G = link("define void @g.body() { ret void }", "g.body");
  auto InF = Linked->Of.at("f.body").Start + 1;
  auto InG = Linked->Of.at("g.body").Start + 1;
  EXPECT_EQ(find(InF), "f");
  cantFail(F->remove());
  EXPECT_EQ(find(InF), "nobody");
  EXPECT_EQ(find(InG), "g");
}

TEST_P(CodeRangesTest, MemoryThatIsUsedAgainHasTheNewOwner) {
  // The executor may or may not place later code where earlier code was.
  for (int Round = 0; Round != 20; ++Round) {
    std::string Name = "f" + std::to_string(Round);
    auto RT =
        link("define void @" + Name + ".body() { ret void }", Name + ".body");
    EXPECT_EQ(find(Linked->Of.at(Name + ".body").Start + 1), Name);
    cantFail(RT->remove());
  }
}

TEST_P(CodeRangesTest, TransferredCodeIsForgottenWithItsNewTracker) {
  auto F = link("define void @f.body() { ret void }", "f.body");
  auto G = link("define void @g.body() { ret void }", "g.body");
  auto InF = Linked->Of.at("f.body").Start + 1;
  F->transferTo(*G);
  EXPECT_EQ(find(InF), "f");
  cantFail(G->remove());
  EXPECT_EQ(find(InF), "nobody");
}

} // namespace
