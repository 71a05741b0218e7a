//===- StubLinkTest.cpp - What the linker makes of a call of a stub -------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A caller near its stub calls it directly; one out of reach goes through a
// stub of the linker's own. Neither bypasses ours.
//
//===----------------------------------------------------------------------===//

#include "reopt/LinkObserver.h"
#include "reopt/StubTable.h"

#include "TestExecutor.h"

#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

/// Notes where the branches of each linked graph's code go to.
class BranchNotes : public LinkObserver {
public:
  struct Branch {
    ExecutorAddr From, To;
    bool ToPLT;
  };
  std::vector<Branch> Branches;

private:
  void linked(jitlink::LinkGraph &G, ResourceKey) override {
    auto *Text = G.findSectionByName(".text");
    if (!Text)
      return;
    for (auto *B : Text->blocks())
      for (auto &E : B->edges())
        if (E.isRelocation())
          Branches.push_back(
              {B->getFixupAddress(E), E.getTarget().getAddress(),
               E.getTarget().isDefined() &&
                   E.getTarget().getSection().getName() == "$__STUBS"});
  }
};

bool isFar(ExecutorAddr A, ExecutorAddr B) {
  return !isInt<32>(int64_t(A.getValue() - B.getValue()));
}

class StubLinkTest : public ExecutorTest {
protected:
  void SetUp() override {
    ExecutorTest::SetUp();
    Table = cantFail(StubTable::Create(es(), epc().getMemMgr()));
    addIR(R"(
      define i32 @body1(i32 %x) { %r = add i32 %x, 1 ret i32 %r }
      define i32 @body2(i32 %x) { %r = add i32 %x, 2 ret i32 %r }
    )");
    addr("body1");
    Notes = std::make_shared<BranchNotes>();
    static_cast<ObjectLinkingLayer &>(J->getObjLinkingLayer()).addPlugin(Notes);
    F = cantFail(Table->create(jd(), {{name("f"), addr("body1")}})).front();
    define("f", F);
  }

  void TearDown() override {
    Table.reset();
    ExecutorTest::TearDown();
  }

  void redirectToBody2() {
    cantFail(Table->redirect(jd(), {{name("f"), addr("body2")}}));
  }

  ExecutorAddr F;
  std::shared_ptr<BranchNotes> Notes;
  std::unique_ptr<StubTable> Table;
};

INSTANTIATE_TEST_SUITE_P(Executors, StubLinkTest, allPlaces(), whereName);

TEST_P(StubLinkTest, ANearCallIsADirectCallOfTheStub) {
  addIR(R"(
    declare i32 @f(i32)
    define i32 @caller(i32 %x) { %r = call i32 @f(i32 %x) ret i32 %r }
  )");
  EXPECT_EQ(call(addr("caller"), 10), 11);
  ASSERT_EQ(Notes->Branches.size(), 1u);
  ASSERT_FALSE(isFar(Notes->Branches[0].From, F));
  EXPECT_EQ(Notes->Branches[0].To, F);
  redirectToBody2();
  EXPECT_EQ(call(addr("caller"), 10), 12);
}

TEST_P(StubLinkTest, ACallerOutOfReachGetsAnAnonymousStubToTheStub) {
  // New mappings go below the old ones, but for holes. So reserve a wide strip
  // of address space, then fill the holes above it: what is linked from now on
  // comes to lie below the strip.
  addIR(R"(
    declare ptr @mmap(ptr, i64, i32, i32, i32, i64)
    define i32 @reserve(i32 %pages) {
      %n = zext i32 %pages to i64
      %size = shl i64 %n, 12
      %p = call ptr @mmap(ptr null, i64 %size, i32 0, i32 16418, i32 -1, i64 0)
      %a = ptrtoint ptr %p to i64
      %b = lshr i64 %a, 16
      %c = trunc i64 %b to i32
      ret i32 %c
    }
  )");
  auto Reserve = addr("reserve");
  int Strip = call(Reserve, 8 << 18); // 8 GiB
  auto FillHoles = [&] {
    for (int Pages = 1 << 18; Pages; Pages /= 4)
      while (call(Reserve, Pages) > Strip)
        ;
  };
  Notes->Branches.clear();
  std::string Caller;
  for (unsigned I = 0; I != 50; ++I) {
    Caller = "caller" + std::to_string(I);
    // Each time: a thread of the executor that ends leaves one for its stack.
    FillHoles();
    addIR("declare i32 @f(i32)\n"
          "define i32 @" +
          Caller +
          "(i32 %x) {\n"
          "  %r = call i32 @f(i32 %x)\n"
          "  ret i32 %r\n"
          "}\n");
    if (isFar(addr(Caller), F))
      break;
  }
  ASSERT_TRUE(isFar(addr(Caller), F));
  auto B = Notes->Branches.back();
  EXPECT_TRUE(B.ToPLT);
  EXPECT_FALSE(isFar(B.From, B.To));
  EXPECT_EQ(call(addr(Caller), 10), 11);
  redirectToBody2();
  EXPECT_EQ(call(addr(Caller), 10), 12);
  EXPECT_EQ(addr("f"), F);
}

} // namespace
