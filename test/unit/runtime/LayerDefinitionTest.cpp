//===- LayerDefinitionTest.cpp - Adding modules to ReOptimizeLayer -------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What becomes of a module's parts before anything is hot.
//
//===----------------------------------------------------------------------===//

#include "LayerTest.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class LayerDefinitionTest : public LayerTest {};

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

TEST_F(LayerDefinitionTest, AFunctionIsCompiledWhenItIsFirstCalled) {
  add(tierFunction("f") + "define i32 @g() { ret i32 5 }");
  EXPECT_EQ(stage("f"), Stage::Lazy);
  EXPECT_EQ(reason("f"), Reason::NotCalledYet);
  EXPECT_FALSE(info("f").Compiled);
  EXPECT_EQ(call("f"), 0);
  EXPECT_EQ(stage("f"), Stage::Tier0);
  EXPECT_EQ(reason("f"), Reason::NotHotYet);
  EXPECT_TRUE(info("f").Compiled);
  EXPECT_EQ(info("f").Calls, 1u);
  EXPECT_EQ(stage("g"), Stage::Lazy);
}

TEST_F(LayerDefinitionTest, TheAddressIsOneInEveryModuleAndTier) {
  add(R"(
    define i32 @f() { ret i32 1 }
    define ptr @here() { ret ptr @f }
  )");
  add(R"(
    declare i32 @f()
    @table = global [1 x ptr] [ptr @f]
    define ptr @there() { ret ptr @f }
    define ptr @listed() { %r = load ptr, ptr @table ret ptr %r }
  )");
  void *F = addr("f").toPtr<void *>();
  auto ExpectSame = [&] {
    for (const char *Name : {"here", "there", "listed"})
      EXPECT_EQ(get<void *()>(Name)(), F) << Name;
    EXPECT_EQ(addr("f").toPtr<void *>(), F);
  };
  ExpectSame();
  call("f");
  ExpectSame();
  promoteAndWait({"f", "here", "there", "listed"});
  EXPECT_EQ(stage("there"), Stage::Tier1);
  ExpectSame();
}

TEST_F(LayerDefinitionTest, FunctionsOfSeveralModulesCallEachOther) {
  add(R"(
    define i32 @even(i32 %n) {
      %zero = icmp eq i32 %n, 0
      br i1 %zero, label %yes, label %step
    yes:
      ret i32 1
    step:
      %m = sub i32 %n, 1
      %r = call i32 @odd(i32 %m)
      ret i32 %r
    }
    declare i32 @odd(i32)
  )");
  add(R"(
    define i32 @odd(i32 %n) {
      %zero = icmp eq i32 %n, 0
      br i1 %zero, label %no, label %step
    no:
      ret i32 0
    step:
      %m = sub i32 %n, 1
      %r = call i32 @even(i32 %m)
      ret i32 %r
    }
    declare i32 @even(i32)
  )");
  EXPECT_EQ(call("even", 7), 0);
  EXPECT_EQ(call("even", 8), 1);
}

TEST_F(LayerDefinitionTest, AFunctionThatIsPlainHasNoStubAndIsNotListed) {
  add(R"(
    define i32 @plain_f() { %r = call i32 @g() ret i32 %r }
    define i32 @g() { ret i32 4 }
  )");
  EXPECT_FALSE(find("plain_f"));
  EXPECT_EQ(call("plain_f"), 4);
  EXPECT_EQ(stage("g"), Stage::Tier0);
}

TEST_F(LayerDefinitionTest, AFunctionWithWideVectorsIsCompiledAtOnce) {
  add(R"(
    define <8 x float> @wide(<8 x float> %v) { ret <8 x float> %v }
    define <4 x float> @narrow(<4 x float> %v) { ret <4 x float> %v }
  )");
  EXPECT_TRUE(info("wide").Compiled);
  EXPECT_EQ(stage("wide"), Stage::Tier0);
  EXPECT_FALSE(info("narrow").Compiled);
}

/// Its first call may interrupt anything, so nothing may be compiled then.
TEST_F(LayerDefinitionTest, WhatMayInterruptIsCompiledAtOnceWithCallees) {
  add("define void @elsewhere() { ret void }\n"
      "define void @handler_of_before(i32 %signal) { ret void }\n"
      "define void @unrelated() { ret void }");
  EXPECT_TRUE(info("handler_of_before").Compiled);
  add(R"(
    declare void @elsewhere()
    define void @handler(i32 %signal) { call void @helper() ret void }
    define void @helper() { call void @elsewhere() ret void }
    define void @other(i32 %signal) { ret void }
    @taken = global [2 x ptr] [ptr @handler, ptr @other]
  )");
  for (const char *Name : {"handler", "helper", "elsewhere"})
    EXPECT_TRUE(info(Name).Compiled) << Name;
  for (const char *Name : {"other", "unrelated"})
    EXPECT_FALSE(info(Name).Compiled) << Name;
}

TEST_F(LayerDefinitionTest, CodeOfUnusualKindsRuns) {
  add(R"(
    @targets = internal constant [2 x ptr] [ptr blockaddress(@jumps, %a),
                                            ptr blockaddress(@jumps, %b)]
    define i32 @jumps(i32 %i) {
      %p = getelementptr [2 x ptr], ptr @targets, i32 0, i32 %i
      %to = load ptr, ptr %p
      indirectbr ptr %to, [ label %a, label %b ]
    a:
      ret i32 10
    b:
      ret i32 20
    }
    define i32 @naked() naked {
      call void asm sideeffect "mov $$77, %eax; ret", ""()
      unreachable
    }
    define internal i32 @local(i32 %x) { %r = add i32 %x, 1 ret i32 %r }
    define i32 @uses_local(i32 %x) { %r = call i32 @local(i32 %x) ret i32 %r }
  )");
  EXPECT_EQ(call("jumps", 0), 10);
  EXPECT_EQ(call("jumps", 1), 20);
  EXPECT_EQ(call("naked"), 77);
  EXPECT_EQ(call("uses_local", 1), 2);
  promoteAndWait({"uses_local"});
  EXPECT_EQ(call("uses_local", 1), 2);
}

/// JITLink knows no ifuncs; what becomes of them is the JIT's business.
TEST_F(LayerDefinitionTest, AModuleWithAnIfuncIsLeftAsItIs) {
  add(R"(
    define i32 @five() { ret i32 5 }
    define ptr @choose() { ret ptr @five }
    @chosen = ifunc i32 (), ptr @choose
  )");
  ASSERT_TRUE(find("five"));
  EXPECT_EQ(find("five")->Why, Reason::BesideAssembly);
  EXPECT_TRUE(defines("five"));
}

TEST_F(LayerDefinitionTest, AModuleWithAssemblyKeepsItsFunctions) {
  add(R"(
    module asm "from_assembly: mov $7, %eax"
    module asm " ret"
    declare i32 @from_assembly()
    define i32 @f() { %r = call i32 @from_assembly() ret i32 %r }
  )");
  EXPECT_EQ(call("f"), 7);
  ASSERT_TRUE(find("f"));
  EXPECT_EQ(find("f")->Why, Reason::BesideAssembly);
}

//===----------------------------------------------------------------------===//
// Data exists once
//===----------------------------------------------------------------------===//

/// A static of a function, and the function: what each module has of a header's
/// inline function.
constexpr const char *Counter = R"(
  @_ZZ4nextvE1n = linkonce_odr global i32 0
  define linkonce_odr i32 @_Z4nextv() {
    %n = load i32, ptr @_ZZ4nextvE1n
    %next = add i32 %n, 1
    store i32 %next, ptr @_ZZ4nextvE1n
    ret i32 %next
  }
)";

TEST_F(LayerDefinitionTest, AStaticCountsOnOverModulesAndTiers) {
  add(std::string(Counter) +
      "define i32 @a() { %r = call i32 @_Z4nextv() ret i32 %r }");
  EXPECT_EQ(call("a"), 1);
  add(std::string(Counter) +
      "define i32 @b() { %r = call i32 @_Z4nextv() ret i32 %r }");
  EXPECT_EQ(call("b"), 2);
  EXPECT_EQ(call("_Z4nextv"), 3);
  promoteAndWait({"a", "_Z4nextv"});
  EXPECT_EQ(call("a"), 4);
  EXPECT_EQ(call("b"), 5);
  EXPECT_EQ(call("_Z4nextv"), 6);
}

TEST_F(LayerDefinitionTest, OfWeakDuplicatesTheFirstStays) {
  add("define weak_odr i32 @f() { ret i32 1 }\n"
      "@v = weak_odr global i32 10");
  auto F = addr("f"), V = addr("v");
  add(R"(
    @v = linkonce_odr global i32 20
    define linkonce_odr i32 @f() { ret i32 2 }
    define i32 @g() { %r = call i32 @f() ret i32 %r }
    define i32 @h() { %r = load i32, ptr @v ret i32 %r }
  )");
  EXPECT_EQ(addr("f"), F);
  EXPECT_EQ(addr("v"), V);
  EXPECT_EQ(call("g"), 1);
  EXPECT_EQ(call("h"), 10);
  EXPECT_EQ(
      llvm::count_if(L->list(), [](auto &Info) { return Info.Name == "f"; }),
      1);
}

TEST_F(LayerDefinitionTest, HiddenWeakDuplicatesAreDroppedToo) {
  for (const char *User : {"a", "b"})
    add(std::string(R"(
      @v = linkonce_odr hidden global i32 10
      define linkonce_odr hidden i32 @f() { %r = load i32, ptr @v ret i32 %r }
      define i32 @)") +
        User + "() { %r = call i32 @f() ret i32 %r }");
  EXPECT_EQ(call("a"), 10);
  EXPECT_EQ(call("b"), 10);
}

TEST_F(LayerDefinitionTest, DefinitionsOfALibraryAreNotTakenOver) {
  // What clang emits for inlining only.
  add(R"(
    define available_externally i32 @abs(i32 %x) { ret i32 -1 }
    define i32 @f(i32 %x) { %r = call i32 @abs(i32 %x) ret i32 %r }
  )");
  EXPECT_EQ(call("f", -5), 5);
  EXPECT_FALSE(find("abs"));
}

TEST_F(LayerDefinitionTest, PrivateDataIsSharedByTheFunctionsOfItsModule) {
  for (const char *Suffix : {"1", "2"})
    add(std::string(R"(
      @n = internal global i32 0
      define i32 @set)") +
        Suffix + R"((i32 %x) { store i32 %x, ptr @n ret i32 0 }
      define i32 @get)" +
        Suffix + R"(() { %r = load i32, ptr @n ret i32 %r }
      define i32 @plain_get)" +
        Suffix + "() { %r = load i32, ptr @n ret i32 %r }");
  call("set1", 5);
  call("set2", 6);
  EXPECT_EQ(call("get1"), 5);
  EXPECT_EQ(call("plain_get1"), 5);
  EXPECT_EQ(call("get2"), 6);
  promoteAndWait({"get1", "set1"});
  call("set1", 7);
  EXPECT_EQ(call("get1"), 7);
  EXPECT_EQ(call("plain_get1"), 7);
  EXPECT_EQ(call("get2"), 6);
}

TEST_F(LayerDefinitionTest, AStringIsTheSameTextInEveryTier) {
  add(R"(
    @.str = private unnamed_addr constant [6 x i8] c"hello\00"
    define ptr @f() { ret ptr @.str }
  )");
  EXPECT_STREQ(get<const char *()>("f")(), "hello");
  promoteAndWait({"f"});
  EXPECT_STREQ(get<const char *()>("f")(), "hello");
}

/// Its address is significant: it is not unnamed_addr.
TEST_F(LayerDefinitionTest, AConstantWithASignificantAddressExistsOnce) {
  add(R"(
    @k = internal constant i32 5
    define ptr @f() { ret ptr @k }
    define ptr @g() { ret ptr @k }
  )");
  void *F = get<void *()>("f")();
  EXPECT_EQ(get<void *()>("g")(), F);
  promoteAndWait({"f"});
  EXPECT_EQ(get<void *()>("f")(), F);
}

//===----------------------------------------------------------------------===//
// Aliases
//===----------------------------------------------------------------------===//

TEST_F(LayerDefinitionTest, AnAliasIsTheFunctionInEveryTier) {
  add(tierFunction("f") + "@g = alias i32 (), ptr @f\n"
                          "@h = weak alias i32 (), ptr @g\n"
                          "define i32 @caller() {\n"
                          "  %r = call i32 @h()\n"
                          "  ret i32 %r\n"
                          "}");
  EXPECT_EQ(addr("g"), addr("f"));
  EXPECT_EQ(addr("h"), addr("f"));
  EXPECT_EQ(call("caller"), 0);
  promoteAndWait({"f"});
  EXPECT_EQ(call("caller"), 1);
  EXPECT_EQ(addr("g"), addr("f"));
}

TEST_F(LayerDefinitionTest, AnAliasOfDataIsThatData) {
  add(R"(
    @v = global i32 2
    @w = alias i32, ptr @v
    define i32 @f() { %r = load i32, ptr @w ret i32 %r }
  )");
  EXPECT_EQ(call("f"), 2);
  EXPECT_EQ(addr("w"), addr("v"));
}

/// What clang makes of a class in an unnamed namespace, in each input that uses
/// it: two constructors, one of them an alias.
TEST_F(LayerDefinitionTest, AWeakAliasOfADuplicateIsADuplicate) {
  auto AddUser = [&](const char *Name) {
    return add(std::string(R"(
      @C1 = weak_odr alias i32 (), ptr @C2
      define linkonce_odr i32 @C2() { ret i32 9 }
      define i32 @)") +
               Name + "() { %r = call i32 @C1() ret i32 %r }");
  };
  AddUser("a");
  auto Second = AddUser("b");
  EXPECT_EQ(addr("C1"), addr("C2"));
  EXPECT_EQ(call("a"), 9);
  EXPECT_EQ(call("b"), 9);
  cantFail(Second->remove());
  EXPECT_TRUE(defines("C1"));
  EXPECT_TRUE(defines("C2"));
  AddUser("c");
  EXPECT_EQ(addr("C1"), addr("C2"));
  EXPECT_EQ(call("c"), 9);
}

//===----------------------------------------------------------------------===//
// Modules that are refused
//===----------------------------------------------------------------------===//

TEST_F(LayerDefinitionTest, ASecondDefinitionIsRefusedAndTheFirstStays) {
  add("define i32 @_Z1fv() { ret i32 1 }\n"
      "@v = global i32 5");
  EXPECT_EQ(call("_Z1fv"), 1);
  const unsigned Functions = L->list().size();
  EXPECT_EQ(refuse("define i32 @g() { ret i32 2 }\n"
                   "define i32 @_Z1fv() { ret i32 2 }"),
            "defined already: f()");
  EXPECT_EQ(call("_Z1fv"), 1);
  EXPECT_EQ(L->list().size(), Functions);
  EXPECT_FALSE(defines("g"));

  refuse("@v = global i32 6\n"
         "define i32 @h() { ret i32 3 }");
  EXPECT_TRUE(defines("v"));
  EXPECT_EQ(*addr("v").toPtr<int *>(), 5);
  EXPECT_FALSE(defines("h"));
  add("@v = weak global i32 7\n"
      "define i32 @read() { %r = load i32, ptr @v ret i32 %r }");
  EXPECT_EQ(call("read"), 5);
}

TEST_F(LayerDefinitionTest, WhatWasRefusedCanBeAddedLater) {
  const std::string Rest = R"(
    @v = global ptr @missing
    @llvm.global_ctors = appending global [1 x { i32, ptr, ptr }]
        [{ i32, ptr, ptr } { i32 65535, ptr @init, ptr null }]
    define internal void @init() { ret void }
    define linkonce_odr i32 @f() { ret i32 8 }
  )";
  for (int I = 0; I != 3; ++I)
    refuse("declare i32 @missing()\n" + Rest);
  EXPECT_EQ(L->list().size(), 0u);
  EXPECT_FALSE(defines("f"));
  EXPECT_FALSE(defines("v"));
  add("define i32 @missing() { ret i32 1 }\n" + Rest);
  EXPECT_EQ(call("f"), 8);
}

//===----------------------------------------------------------------------===//
// Listings
//===----------------------------------------------------------------------===//

TEST_F(LayerDefinitionTest, DefinesKnowsFunctionsDataAndAliases) {
  auto RT = add(R"(
    @v = global i32 0
    @a = alias i32 (), ptr @f
    define i32 @f() { ret i32 0 }
    define i32 @plain_f() { ret i32 0 }
    declare i32 @elsewhere()
  )");
  for (const char *Name : {"v", "a", "f", "plain_f"})
    EXPECT_TRUE(defines(Name)) << Name;
  for (const char *Name : {"elsewhere", "abs", ""})
    EXPECT_FALSE(defines(Name)) << Name;
  cantFail(RT->remove());
  for (const char *Name : {"v", "a", "f", "plain_f"})
    EXPECT_FALSE(defines(Name)) << Name;
}

TEST_F(LayerDefinitionTest, StatusCountsTheFunctionsOfEachStage) {
  LayerStatus S = L->getStatus();
  EXPECT_TRUE(S.Enabled);
  EXPECT_EQ(S.Threshold, 10);
  EXPECT_EQ(S.LoopThreshold, 100);
  EXPECT_FALSE(S.WorkerStarted);
  EXPECT_EQ(S.Lazy + S.Tier0 + S.Tier1 + S.Queued + S.Compiling + S.Refused,
            0u);

  add("define i32 @a() { ret i32 0 }\n"
      "define i32 @b() { ret i32 0 }\n"
      "define i32 @c() { ret i32 0 }\n"
      "define i32 @d() { ret i32 0 }");
  call("b");
  promoteAndWait({"c"});
  holdWorker();
  promote({"d"});
  S = L->getStatus();
  EXPECT_TRUE(S.WorkerStarted);
  EXPECT_TRUE(S.WorkerBusy);
  // What is queued or being compiled is in its tier meanwhile.
  EXPECT_EQ(S.Lazy, 3u);
  EXPECT_EQ(S.Tier0, 1u);
  EXPECT_EQ(S.Tier1, 1u);
  EXPECT_EQ(S.Queued, 1u);
  EXPECT_EQ(S.Compiling, 1u);
  EXPECT_EQ(S.Batches, 2u);
  EXPECT_EQ(S.Failures, 0u);
  EXPECT_GT(S.CompileTime.count(), 0);
  letWorkerGo();
  wait();
  S = L->getStatus();
  EXPECT_FALSE(S.WorkerBusy);
  EXPECT_EQ(S.Tier1, 3u);
}

} // namespace
