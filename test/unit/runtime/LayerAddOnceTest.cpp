//===- LayerAddOnceTest.cpp - Modules that run once ----------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// They are compiled where they are, and none of their functions is listed.
//
//===----------------------------------------------------------------------===//

#include "LayerTest.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

/// Compiled where it is, in a context that nobody locks.
class LayerAddOnceTest : public LayerTest {
protected:
  Expected<ExecutorAddr> addOnce(const ResourceTrackerSP &RT, StringRef Text) {
    M = parseIR(Text, Ctx);
    M->setDataLayout(J->getDataLayout());
    TierZeroCompiler Compile(cantFail(JITTargetMachineBuilder::detectHost()));
    return L->addOnce(RT, *M, "start",
                      [&](Module &Mod) { return Compile(Mod); });
  }
  bool runsOnce(StringRef Text) { return L->runsOnce(*parseIR(Text, Ctx)); }

  LLVMContext Ctx;
  std::unique_ptr<Module> M;
};

TEST_F(LayerAddOnceTest, RunsAndIsRemoved) {
  add("define i32 @add(i32 %n) {\n"
      "  %r = add i32 %n, 5\n  ret i32 %r\n}\n");
  for (int I = 0; I < 3; ++I) {
    auto RT = jd().createResourceTracker();
    auto Start = addOnce(RT, "declare i32 @add(i32)\n"
                             "define i32 @start(i32 %n) {\n"
                             "  %r = call i32 @local(i32 %n)\n"
                             "  ret i32 %r\n}\n"
                             "define internal i32 @local(i32 %n) {\n"
                             "  %r = call i32 @add(i32 %n)\n"
                             "  ret i32 %r\n}\n");
    ASSERT_TRUE(bool(Start)) << toString(Start.takeError());
    const int Result = TestExecutor::call(*Start, I);
    EXPECT_EQ(Result, I + 5);
    EXPECT_FALSE(find("start").has_value());
    cantFail(RT->remove());
  }
}

TEST_F(LayerAddOnceTest, WhatItMentionsHasToBeDefined) {
  auto RT = jd().createResourceTracker();
  auto Start = addOnce(RT, "declare void @nowhere()\n"
                           "define void @start() {\n"
                           "  call void @nowhere()\n  ret void\n}\n");
  EXPECT_EQ(toString(Start.takeError()), "undefined: nowhere");
  cantFail(RT->remove());
}

TEST_F(LayerAddOnceTest, WhatLoopsOrIsCountedHasAnIdentity) {
  EXPECT_TRUE(runsOnce("define internal void @plain() { ret void }"));
  EXPECT_FALSE(runsOnce("define void @counted() { ret void }"));
  EXPECT_FALSE(runsOnce("define internal void @plain() {\n"
                        "  br label %again\nagain:\n"
                        "  br label %again\n}\n"));
  EXPECT_FALSE(runsOnce("declare void @handler(i32)\n"
                        "define internal void @plain(ptr %p) {\n"
                        "  store ptr @handler, ptr %p\n  ret void\n}\n"));
  L->setEnabled(false);
  EXPECT_FALSE(runsOnce("define internal void @plain() { ret void }"));
}

} // namespace
