//===- LayerAdditionTest.cpp - Modules that are odd, or refused ----------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What add() makes of functions that no stub can stand for, and that it takes
// in a module as a whole or not at all.
//
//===----------------------------------------------------------------------===//

#include "LayerTest.h"

#include <atomic>
#include <thread>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class LayerAdditionTest : public LayerTest {
protected:
  /// A module as the front end made it, layout and all.
  Error tryAddAsItIs(StringRef Text) {
    auto Ctx = std::make_unique<LLVMContext>();
    auto M = parseIR(Text, *Ctx);
    return L->add(jd(), ThreadSafeModule(std::move(M), std::move(Ctx)));
  }
};

//===----------------------------------------------------------------------===//
// What is compiled together
//===----------------------------------------------------------------------===//

TEST_F(LayerAdditionTest, WhatAStatementCallsBecomesOneObject) {
  add(tierFunctions({"a", "b", "c", "d"}));
  add("declare i32 @a()\n declare i32 @b()\n declare i32 @d()\n"
      "define i32 @plain_statement() {\n"
      "  %a = call i32 @a()\n %d = call i32 @d()\n ret i32 %a\n}\n");
  addr("plain_statement");
  const size_t Before = MemMgr->Allocs;
  EXPECT_EQ(call("a"), 0);
  EXPECT_EQ(MemMgr->Allocs, Before + 1);
  EXPECT_EQ(call("d"), 0);
  EXPECT_EQ(MemMgr->Allocs, Before + 1) << "it had its body already";
  // Which the statement does not call.
  EXPECT_EQ(call("b"), 0);
  EXPECT_EQ(MemMgr->Allocs, Before + 2);
}

TEST_F(LayerAdditionTest, OneOfThemMayBeGoneBeforeItIsCalled) {
  add(tierFunctions({"a", "b"}));
  auto Gone = add(tierFunction("c"));
  add("declare i32 @a()\n declare i32 @b()\n declare i32 @c()\n"
      "define i32 @plain_statement() {\n"
      "  %c = call i32 @c()\n %a = call i32 @a()\n %b = call i32 @b()\n"
      "  ret i32 %a\n}\n");
  addr("plain_statement");
  cantFail(Gone->remove());
  EXPECT_EQ(call("b"), 0);
  EXPECT_EQ(call("a"), 0);
}

TEST_F(LayerAdditionTest, ModulesShareOnePoll) {
  const char *Loop = "() {\n  %i = alloca i32\n  store i32 0, ptr %i\n"
                     "  br label %loop\nloop:\n  %old = load i32, ptr %i\n"
                     "  %new = add i32 %old, 1\n  store i32 %new, ptr %i\n"
                     "  %more = icmp slt i32 %new, 5\n"
                     "  br i1 %more, label %loop, label %out\n"
                     "out:\n  ret i32 %new\n}\n";
  for (StringRef Name : {"f", "g", "h"})
    add(("define i32 @" + Name + Loop).str());
  // The first body that polls brings it, in an object of its own.
  const size_t Before = MemMgr->Allocs;
  EXPECT_EQ(call("f"), 5);
  EXPECT_EQ(MemMgr->Allocs, Before + 2);
  EXPECT_EQ(call("g"), 5);
  EXPECT_EQ(call("h"), 5);
  EXPECT_EQ(MemMgr->Allocs, Before + 4);
}

//===----------------------------------------------------------------------===//
// All of it or nothing
//===----------------------------------------------------------------------===//

TEST_F(LayerAdditionTest, AFailedAdditionLeavesNothing) {
  // Not by the layer, which therefore cannot know.
  addIR("@taken = global i32 1");
  auto RT = jd().createResourceTracker();
  const std::string Module = "@fresh = global i32 7\n"
                             "@taken = global i32 2\n"
                             "define ptr @where() { ret ptr @fresh }\n"
                             "define i32 @f() {\n"
                             "  %v = load i32, ptr @fresh ret i32 %v\n"
                             "}\n";
  for (int Try = 0; Try != 2; ++Try) {
    EXPECT_NE(toString(tryAdd(RT, Module)), "");
    for (StringRef Name : {"fresh", "taken", "where", "f"})
      EXPECT_FALSE(defines(Name)) << Name.str();
    EXPECT_FALSE(find("f"));
  }
  // The tracker is as good as before.
  cantFail(tryAdd(RT, "@fresh = global i32 8\n"
                      "define i32 @f() {\n"
                      "  %v = load i32, ptr @fresh ret i32 %v\n"
                      "}\n"));
  EXPECT_EQ(call("f"), 8);
  cantFail(RT->remove());
  cantFail(tryAdd(jd().getDefaultResourceTracker(), tierFunction("f")));
  EXPECT_EQ(call("f"), 0);
}

TEST_F(LayerAdditionTest, AFailedAdditionLeavesWhatItsTrackerHas) {
  auto RT = add("@mine = global i32 3\n" + tierFunction("f"));
  EXPECT_NE(toString(tryAdd(RT, "@other = global i32 4\n" +
                                    tierFunctions({"g", "f"}))),
            "");
  // Nor does one that would define data again.
  EXPECT_NE(toString(tryAdd(RT, "@mine = global i32 5\n" + tierFunction("g"))),
            "");
  EXPECT_TRUE(defines("mine"));
  EXPECT_FALSE(defines("other"));
  EXPECT_FALSE(defines("g"));
  EXPECT_EQ(call("f"), 0);
  cantFail(RT->remove());
  EXPECT_FALSE(defines("f"));
}

TEST_F(LayerAdditionTest, AForeignDataLayoutIsRefused) {
  const std::string Message =
      toString(tryAddAsItIs("target datalayout = \"e-m:e-p:32:32\"\n"
                            "define i32 @f() { ret i32 1 }"));
  EXPECT_NE(Message.find("e-m:e-p:32:32"), std::string::npos) << Message;
  EXPECT_NE(Message.find(J->getDataLayout().getStringRepresentation()),
            std::string::npos)
      << Message;
  EXPECT_FALSE(defines("f"));
}

TEST_F(LayerAdditionTest, AModuleWithoutDataLayoutGetsTheJITs) {
  cantFail(tryAddAsItIs("define i32 @f() { ret i32 1 }"));
  EXPECT_EQ(call("f"), 1);
}

TEST_F(LayerAdditionTest, OfSeveralThreadsThatAddAFunctionOneSucceeds) {
  for (int Round = 0; Round != 20; ++Round) {
    const std::string Name = "f" + std::to_string(Round);
    std::atomic<int> Succeeded{0};
    std::vector<std::thread> Threads;
    for (int I = 0; I != 4; ++I)
      Threads.emplace_back([&, I] {
        auto Ctx = std::make_unique<LLVMContext>();
        auto M = parseIR("define i32 @" + Name + "() { ret i32 7 }\n" +
                             "define i32 @" + Name + ".own" +
                             std::to_string(I) + "() {\n" +
                             "  %r = call i32 @" + Name + "() ret i32 %r\n}\n",
                         *Ctx);
        Error Err =
            L->add(jd(), ThreadSafeModule(std::move(M), std::move(Ctx)));
        Succeeded += !Err;
        consumeError(std::move(Err));
      });
    for (std::thread &T : Threads)
      T.join();
    EXPECT_EQ(Succeeded, 1);
    EXPECT_EQ(call(Name), 7);
  }
}

TEST_F(LayerAdditionTest, OfSeveralThreadsThatAddAMergedFunctionAllSucceed) {
  for (int Round = 0; Round != 20; ++Round) {
    const std::string Name = "f" + std::to_string(Round);
    std::vector<std::thread> Threads;
    for (int I = 0; I != 4; ++I)
      Threads.emplace_back([&, I] {
        auto Ctx = std::make_unique<LLVMContext>();
        const std::string Own = Name + ".own" + std::to_string(I);
        auto M =
            parseIR("@" + Name + ".v = linkonce_odr global i32 7\n" +
                        "define linkonce_odr i32 @" + Name + "() {\n" +
                        "  %v = load i32, ptr @" + Name + ".v ret i32 %v\n}\n" +
                        "define i32 @" + Own + "() {\n" + "  %r = call i32 @" +
                        Name + "() ret i32 %r\n}\n",
                    *Ctx);
        cantFail(L->add(jd(), ThreadSafeModule(std::move(M), std::move(Ctx))));
      });
    for (std::thread &T : Threads)
      T.join();
    for (int I = 0; I != 4; ++I)
      EXPECT_EQ(call(Name + ".own" + std::to_string(I)), 7);
  }
}

//===----------------------------------------------------------------------===//
// Functions that are not like others
//===----------------------------------------------------------------------===//

TEST_F(LayerAdditionTest, AnInternalFunctionIsTieredUnderANameOfItsOwn) {
  const char *Module = R"(
    declare i32 @which_tier()
    define internal i32 @helper() {
      %tier = call i32 @which_tier()
      ret i32 %tier
    }
    define i32 @NAME() noinline {
      %tier = call i32 @helper() noinline
      ret i32 %tier
    }
  )";
  for (const char *Name : {"f", "g"}) {
    std::string Text = Module;
    Text.replace(Text.find("NAME"), 4, Name);
    add(Text);
    EXPECT_EQ(call(Name), 0);
  }
  std::vector<FunctionId> Helpers;
  for (FunctionInfo &Info : L->list())
    if (StringRef(Info.Name).starts_with("helper"))
      Helpers.push_back(Info.Id);
  ASSERT_EQ(Helpers.size(), 2u);
  L->promote(Helpers);
  wait();
  EXPECT_EQ(call("f"), 1);
  EXPECT_EQ(call("g"), 1);
}

TEST_F(LayerAdditionTest, APrefixStaysInFrontOfItsFunction) {
  add("define i32 @f() prefix i32 12345 { ret i32 1 }");
  auto *F = get<int()>("f");
  EXPECT_EQ(F(), 1);
  EXPECT_EQ(reinterpret_cast<const int *>(F)[-1], 12345);
  EXPECT_EQ(stage("f"), Stage::Refused);
  EXPECT_EQ(reason("f"), Reason::UnusualEntry);
}

TEST_F(LayerAdditionTest, AnAssemblersNameIsNotMangled) {
  add("define i32 @\"\\01raw\"() { ret i32 5 }\n"
      "define i32 @f() { %r = call i32 @\"\\01raw\"() ret i32 %r }");
  EXPECT_EQ(call("f"), 5);
  EXPECT_EQ(call("raw"), 5);
  EXPECT_EQ(reason("raw"), Reason::UnusualEntry);
}

TEST_F(LayerAdditionTest, LabelsWithAddressesAndNakedFunctionsAreListed) {
  add("define ptr @labels() {\n"
      "  br label %here\n"
      "here:\n"
      "  ret ptr blockaddress(@labels, %here)\n"
      "}\n"
      "define i32 @bare() naked {\n"
      "  call void asm sideeffect \"movl $$3, %eax; ret\", \"\"()\n"
      "  unreachable\n"
      "}\n");
  EXPECT_EQ(call("bare"), 3);
  EXPECT_EQ(reason("labels"), Reason::AddressTakenBlocks);
  EXPECT_EQ(reason("bare"), Reason::Naked);
}

TEST_F(LayerAdditionTest, AnAliasIsNoOtherObjectToTheOptimiser) {
  add(R"(
    @v = global i32 0
    @a = alias i32, ptr @v
    @hidden = internal global i32 0
    @known = alias i32, ptr @hidden
    define i32 @t() { ret i32 0 }
    @ta = alias i32 (), ptr @t
    define i32 @f() {
      store i32 1, ptr @v
      store i32 41, ptr @a
      %r = load i32, ptr @v
      store i32 7, ptr @known
      store i32 1, ptr @hidden
      %s = load i32, ptr @known
      %sum = add i32 %r, %s
      ret i32 %sum
    }
    define i32 @g() {
      %same = icmp eq ptr @t, @ta
      %r = zext i1 %same to i32
      ret i32 %r
    }
  )");
  for (StringRef Name : {"f", "g"}) {
    const int InTier0 = call(Name);
    EXPECT_EQ(InTier0, Name == "f" ? 42 : 1);
    promoteAndWait({Name});
    EXPECT_EQ(call(Name), InTier0);
  }
}

} // namespace
