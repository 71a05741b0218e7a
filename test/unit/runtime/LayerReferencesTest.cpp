//===- LayerReferencesTest.cpp - What is undefined, and when it is missed -===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Initialisers of modules, and what these reach: ReferenceCheck.cpp.
//
//===----------------------------------------------------------------------===//

#include "LayerTest.h"

#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class LayerReferencesTest : public LayerTest {};

constexpr const char *Initialised = R"(
  @llvm.global_ctors = appending global [1 x { i32, ptr, ptr }]
      [{ i32, ptr, ptr } { i32 65535, ptr @plain_init, ptr null }]
  @v = global i32 0
  define internal void @plain_init() {
    %x = call i32 @value()
    store i32 %x, ptr @v
    ret void
  }
  define i32 @read() { %r = load i32, ptr @v ret i32 %r }
)";

TEST_F(LayerReferencesTest, InitialisersRunAndCallTieredFunctions) {
  add(std::string(Initialised) + "define i32 @value() { ret i32 42 }");
  EXPECT_EQ(stage("value"), Stage::Lazy);
  cantFail(J->initialize(jd()));
  EXPECT_EQ(call("read"), 42);
  EXPECT_EQ(stage("value"), Stage::Tier0);
}

TEST_F(LayerReferencesTest, WhatInitialisersReachMustBeDefined) {
  EXPECT_EQ(refuse(std::string(Initialised) + "declare i32 @value()"),
            "undefined: value");
  // Behind functions that are not compiled yet, too, and in words.
  add("declare void @_Z7missingid(i32, double)\n"
      "@nowhere = external global i32\n"
      "define i32 @value() {\n"
      "  %x = load i32, ptr @nowhere\n"
      "  call void @_Z7missingid(i32 %x, double 1.0)\n"
      "  ret i32 1\n"
      "}\n");
  EXPECT_EQ(refuse(std::string(Initialised) + "declare i32 @value()"),
            "undefined: missing(int, double), nowhere");
  add("define void @_Z7missingid(i32, double) { ret void }");
  EXPECT_EQ(refuse(std::string(Initialised) + "declare i32 @value()"),
            "undefined: nowhere");
  add("@nowhere = global i32 3");
  add(std::string(Initialised) + "declare i32 @value()");
  cantFail(J->initialize(jd()));
  EXPECT_EQ(call("read"), 1);
}

/// Does something when \p Name is looked up for the first time, before it is
/// known whether it is there.
class AtFirstLookup : public DefinitionGenerator {
public:
  AtFirstLookup(SymbolStringPtr Name, std::function<void(JITDylib &)> Do)
      : Name(std::move(Name)), Do(std::move(Do)) {}
  Error tryToGenerate(LookupState &, LookupKind, JITDylib &JD,
                      JITDylibLookupFlags,
                      const SymbolLookupSet &Names) override {
    if (none_of(Names, [&](auto &Wanted) { return Wanted.first == Name; }))
      return Error::success();
    JD.removeGenerator(*this);
    Do(JD);
    return Error::success();
  }

private:
  SymbolStringPtr Name;
  std::function<void(JITDylib &)> Do;
};

constexpr const char *CallsValueAtStart = R"(
  @llvm.global_ctors = appending global [1 x { i32, ptr, ptr }]
      [{ i32, ptr, ptr } { i32 65535, ptr @plain_start, ptr null }]
  define internal void @plain_start() {
    %x = call i32 @value()
    ret void
  }
  declare i32 @value()
)";

TEST_F(LayerReferencesTest, WhatIsBeingCheckedIsNotKnownToBeThere) {
  add("declare i32 @missing()\n"
      "define i32 @value() {\n"
      "  %x = call i32 @missing()\n"
      "  ret i32 %x\n"
      "}\n");
  std::string Meanwhile;
  jd().addGenerator(
      std::make_unique<AtFirstLookup>(es().intern("missing"), [&](JITDylib &) {
        Meanwhile = refuse(CallsValueAtStart);
      }));
  EXPECT_EQ(refuse(CallsValueAtStart), "undefined: missing");
  EXPECT_EQ(Meanwhile, "undefined: missing");
}

TEST_F(LayerReferencesTest, WhatIsRemovedDuringACheckIsMissedByTheNext) {
  auto RT = add("define i32 @callee() { ret i32 1 }");
  add("declare i32 @callee()\n"
      "declare i32 @outside()\n"
      "define i32 @value() {\n"
      "  %x = call i32 @callee()\n"
      "  %y = call i32 @outside()\n"
      "  ret i32 %y\n"
      "}\n");
  jd().addGenerator(std::make_unique<AtFirstLookup>(
      es().intern("outside"), [&](JITDylib &JD) {
        cantFail(JD.define(absoluteSymbols(
            {{es().intern("outside"),
              {ExecutorAddr::fromPtr(static_cast<int (*)()>([] { return 2; })),
               JITSymbolFlags::Exported | JITSymbolFlags::Callable}}})));
        cantFail(RT->remove());
      }));
  add(CallsValueAtStart);
  EXPECT_EQ(refuse(CallsValueAtStart), "undefined: callee");
}

// It was outside while it was looked up, and then somebody added it.
TEST_F(LayerReferencesTest, WhatIsAddedDuringACheckMayBeRemoved) {
  add("declare i32 @late()\n"
      "define i32 @value() {\n"
      "  %x = call i32 @late()\n"
      "  ret i32 %x\n"
      "}\n");
  ResourceTrackerSP RT;
  jd().addGenerator(
      std::make_unique<AtFirstLookup>(es().intern("late"), [&](JITDylib &) {
        RT = add("define i32 @late() { ret i32 1 }");
      }));
  add(CallsValueAtStart);
  ASSERT_TRUE(RT);
  cantFail(RT->remove());
  EXPECT_EQ(refuse(CallsValueAtStart), "undefined: late");
}

TEST_F(LayerReferencesTest, FunctionsThatNobodyCallsNeedNotBeComplete) {
  add("declare i32 @later()\n"
      "define i32 @f() { %r = call i32 @later() ret i32 %r }");
  add("define i32 @later() { ret i32 3 }");
  EXPECT_EQ(call("f"), 3);
}

TEST_F(LayerReferencesTest, LibrariesAndWeakReferencesCountAsDefined) {
  add(R"(
    declare i32 @abs(i32)
    declare extern_weak i32 @perhaps()
    define i32 @plain_f() {
      %there = icmp ne ptr @perhaps, null
      %one = zext i1 %there to i32
      %r = call i32 @abs(i32 -7)
      %s = add i32 %r, %one
      ret i32 %s
    }
  )");
  EXPECT_EQ(call("plain_f"), 7);
}

TEST_F(LayerReferencesTest, ACallOfWhatCannotBeCompiledEndsTheProgram) {
  add("declare i32 @nowhere()\n"
      "define i32 @f() { %r = call i32 @nowhere() ret i32 %r }");
  EXPECT_EXIT(call("f"), testing::KilledBySignal(SIGABRT),
              "a function was called that could not be compiled");
}

/// Nothing of it runs, so nothing is linked before somebody needs it.
TEST_F(LayerReferencesTest, DataMayMentionWhatIsDefinedLater) {
  add("declare i32 @missing()\n"
      "@v = global ptr @missing\n"
      "@beside = global i32 5");
  refuse(R"(
    @beside = external global i32
    @llvm.global_ctors = appending global [1 x { i32, ptr, ptr }]
        [{ i32, ptr, ptr } { i32 65535, ptr @init, ptr null }]
    define internal void @init() {
      store i32 6, ptr @beside
      ret void
    }
  )");
  add("define i32 @missing() { ret i32 7 }");
  add(R"(
    @v = external global ptr
    define i32 @f() {
      %p = load ptr, ptr @v
      %c = call i32 %p()
      ret i32 %c
    }
  )");
  EXPECT_EQ(call("f"), 7);
}

} // namespace
