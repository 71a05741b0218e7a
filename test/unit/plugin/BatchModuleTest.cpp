//===- BatchModuleTest.cpp - Tests of reopt::BatchModule -----------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What becomes of each name when the emissions of a batch are one module. The
// modules are what clang emits, reduced.
//
//===----------------------------------------------------------------------===//

#include "BatchModule.h"

#include "TestIR.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "gtest/gtest.h"

#include <initializer_list>

using namespace llvm;
using namespace reopt;

namespace {

class BatchModuleTest : public testing::Test {
protected:
  Error tryAdd(const Twine &Text) {
    return Batch.add(parseIR(Triple + Text.str(), Ctx));
  }
  void add(const Twine &Text) { cantFail(tryAdd(Text)); }

  /// Publishes \p Bodies as <name>.new in a session that defines them, and
  /// \p Others.
  Error tryFinish(std::initializer_list<StringRef> Bodies,
                  std::initializer_list<StringRef> Others = {}) {
    StringMap<std::string> Names;
    StringSet<> Defined;
    for (StringRef Name : Bodies) {
      Names[Name] = (Name + ".new").str();
      Defined.insert(Name);
    }
    for (StringRef Name : Others)
      Defined.insert(Name);
    return Batch.finish(Names, IfCalled,
                        [&](StringRef Name) { return Defined.contains(Name); });
  }
  void finish(std::initializer_list<StringRef> Bodies,
              std::initializer_list<StringRef> Others = {}) {
    cantFail(tryFinish(Bodies, Others));
    EXPECT_EQ(getVerifierComplaint(module()), "");
  }

  Module &module() { return Batch.getModule(); }
  Function *function(StringRef Name) { return module().getFunction(Name); }
  GlobalVariable *variable(StringRef Name) {
    return module().getNamedGlobal(Name);
  }

  /// What a name means now: "emitted", "for inlining", "here only", "declared"
  /// or "gone".
  std::string meaning(StringRef Name) {
    GlobalValue *GV = module().getNamedValue(Name);
    if (!GV)
      return "gone";
    if (GV->hasAvailableExternallyLinkage())
      return "for inlining";
    if (GV->isDeclaration())
      return "declared";
    return GV->hasLocalLinkage() ? "here only" : "emitted";
  }

  /// The functions that \p Name calls, in order of the text.
  std::string callees(StringRef Name) {
    std::vector<std::string> Names;
    for (const Instruction &I : instructions(*function(Name)))
      if (auto *Call = dyn_cast<CallBase>(&I))
        Names.push_back(Call->getCalledOperand()->getName().str());
    return join(Names, " ");
  }

  std::string Triple = "target triple = \"x86_64-unknown-linux-gnu\"\n";
  LLVMContext Ctx;
  BatchModule Batch{Ctx, "batch"};
  StringSet<> IfCalled;
};

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

TEST_F(BatchModuleTest, ABodyToPublishHasItsPrivateName) {
  add("define void @f() { ret void }");
  finish({"f"});
  EXPECT_EQ(meaning("f.new"), "emitted");
  EXPECT_TRUE(function("f.new")->hasExternalLinkage());
  EXPECT_EQ(meaning("f"), "gone");
}

TEST_F(BatchModuleTest, ItIsPublishedWhateverItsLinkageWas) {
  add("define linkonce_odr hidden void @f() { ret void }\n"
      "define weak_odr void @g() { ret void }\n"
      "define internal void @_ZL1hv() { ret void }");
  finish({"f", "g", "_ZL1hv"});
  for (const char *Name : {"f.new", "g.new", "_ZL1hv.new"}) {
    ASSERT_EQ(meaning(Name), "emitted") << Name;
    EXPECT_TRUE(function(Name)->hasExternalLinkage()) << Name;
    EXPECT_TRUE(function(Name)->hasDefaultVisibility()) << Name;
  }
}

TEST_F(BatchModuleTest, CallsWithinTheBatchGoToTheBodies) {
  add("define i32 @f(i32 %x) { %r = call i32 @g(i32 %x) ret i32 %r }\n"
      "declare i32 @g(i32)");
  add("define i32 @g(i32 %x) { %a = call i32 @g(i32 %x)\n"
      "  %b = call i32 @f(i32 %a) ret i32 %b }\n"
      "declare i32 @f(i32)");
  finish({"f", "g"});
  EXPECT_EQ(callees("f.new"), "g.new");
  EXPECT_EQ(callees("g.new"), "g.new f.new");
  EXPECT_EQ(meaning("f"), "gone");
  EXPECT_EQ(meaning("g"), "gone");
}

TEST_F(BatchModuleTest, ABodyThatIsNeededIfCalledMayBeDropped) {
  add("declare void @take(ptr)\n"
      "define void @f() {\n"
      "  call void @g()\n"
      "  call void @take(ptr @h)\n"
      "  ret void\n"
      "}\n"
      "define void @g() { ret void }\n"
      "define void @h() { ret void }\n");
  IfCalled = {"g", "h"};
  finish({"f", "g", "h"});
  EXPECT_TRUE(function("f.new")->hasExternalLinkage());
  EXPECT_TRUE(function("g.new")->isDiscardableIfUnused());
  EXPECT_TRUE(function("h.new")->hasExternalLinkage())
      << "somebody may call it by its address";
}

TEST_F(BatchModuleTest, TheAddressOfABodyIsTheStubs) {
  add("declare void @take(ptr)\n"
      "define void @f(ptr %p) {\n"
      "  call void @take(ptr @f)\n"
      "  call void @f(ptr @f)\n"
      "  store ptr @f, ptr %p\n"
      "  ret void\n"
      "}");
  finish({"f"});
  EXPECT_EQ(meaning("f.new"), "emitted");
  EXPECT_EQ(callees("f.new"), "take f.new");
  // The definition stays for where the address is called after all.
  EXPECT_EQ(meaning("f"), "for inlining");
  Function &Body = *function("f.new");
  for (const Use &U : Body.uses())
    EXPECT_TRUE(cast<CallBase>(U.getUser())->isCallee(&U));
  for (Instruction &I : instructions(Body)) {
    if (auto *Store = dyn_cast<StoreInst>(&I)) {
      EXPECT_EQ(Store->getValueOperand(), function("f"));
    }
    if (auto *Call = dyn_cast<CallBase>(&I)) {
      EXPECT_EQ(Call->getArgOperand(0), function("f"));
    }
  }
}

/// As an unprototyped C declaration has it.
TEST_F(BatchModuleTest, ACallOfAnotherTypeGoesToTheStub) {
  add("define i32 @f(i32 %x) { ret i32 %x }\n"
      "define i32 @g() { %r = call i32 @f() ret i32 %r }");
  finish({"f", "g"});
  EXPECT_EQ(callees("g.new"), "f");
  EXPECT_EQ(meaning("f"), "for inlining");
}

TEST_F(BatchModuleTest, OtherFunctionsOfTheSessionAreThereToBeInlined) {
  add("define void @f() { call void @g() ret void }\n"
      "define linkonce_odr hidden void @g() { ret void }");
  finish({"f"}, {"g"});
  EXPECT_EQ(meaning("g"), "for inlining");
  EXPECT_TRUE(function("g")->hasDefaultVisibility());
  EXPECT_FALSE(function("g")->isDSOLocal()) << "its stub may be far away";
  EXPECT_EQ(callees("f.new"), "g");
}

TEST_F(BatchModuleTest, FunctionsThatNobodyElseHasAreEmittedForThisModule) {
  add("define void @f() { call void @g() ret void }\n"
      "define linkonce_odr void @g() { ret void }");
  finish({"f"});
  EXPECT_EQ(meaning("g"), "here only");
}

TEST_F(BatchModuleTest, WhatALibraryDefinesIsThereToBeInlined) {
  add("define void @f() { call void @g() ret void }\n"
      "define available_externally void @g() { ret void }");
  finish({"f"});
  EXPECT_EQ(meaning("g"), "for inlining");
}

TEST_F(BatchModuleTest, DeclarationsMayBeFarAway) {
  add("define void @f() { call void @g() %v = load i32, ptr @v ret void }\n"
      "declare dso_local hidden void @g()\n"
      "@v = external dso_local hidden global i32");
  finish({"f"});
  for (GlobalValue *GV :
       {cast<GlobalValue>(function("g")), cast<GlobalValue>(variable("v"))}) {
    EXPECT_EQ(meaning(GV->getName()), "declared");
    EXPECT_TRUE(GV->hasDefaultVisibility());
    EXPECT_FALSE(GV->isDSOLocal());
  }
}

TEST_F(BatchModuleTest, EmissionsMayRepeatADefinition) {
  for (const char *Name : {"f", "g", "h"})
    add(Twine("define void @") + Name +
        "() { call void @inline() ret void }\n"
        "define linkonce_odr void @inline() { ret void }\n"
        "@_ZL5table = internal constant i32 7\n");
  finish({"f", "g", "h"}, {"inline"});
  EXPECT_EQ(module().size(), 4u);
  EXPECT_EQ(module().global_size(), 1u);
}

TEST_F(BatchModuleTest, WhatClangInventsInEachEmissionIsKeptApart) {
  for (const char *Name : {"f", "g"})
    add(Twine("define ptr @") + Name +
        "() { call void @__clang_call_terminate() ret ptr @.str }\n"
        "define linkonce_odr hidden void @__clang_call_terminate() { ret void "
        "}\n"
        "@.str = private constant [2 x i8] c\"" +
        Name + "\\00\"");
  finish({"f", "g"});
  EXPECT_EQ(module().global_size(), 2u);
  EXPECT_NE(callees("f.new"), callees("g.new"));
  for (StringRef Name : {callees("f.new"), callees("g.new")})
    EXPECT_EQ(meaning(Name), "here only") << Name.str();
}

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

TEST_F(BatchModuleTest, TheSessionsVariablesAreReferredTo) {
  add("@v = global i32 7\n"
      "@_ZL1s = internal global i32 0\n"
      "@t = linkonce_odr hidden thread_local global i32 0\n"
      "define i32 @f() { %a = load i32, ptr @v %b = load i32, ptr @_ZL1s\n"
      "  %c = load i32, ptr @t %r = add i32 %a, %b ret i32 %r }");
  finish({"f"}, {"v", "_ZL1s", "t"});
  for (const char *Name : {"v", "_ZL1s", "t"}) {
    EXPECT_EQ(meaning(Name), "declared") << Name;
    EXPECT_FALSE(variable(Name)->isDSOLocal()) << Name;
  }
}

TEST_F(BatchModuleTest, TheValuesOfItsConstantsMayBeUsed) {
  add("@_ZL1k = internal constant i32 7\n"
      "@_ZTV1C = linkonce_odr hidden constant [1 x ptr] [ptr @f]\n"
      "@t = thread_local constant i32 7\n"
      "define ptr @f() { %k = load i32, ptr @_ZL1k\n"
      "  %t = load i32, ptr @t ret ptr @_ZTV1C }");
  finish({"f"}, {"_ZL1k", "_ZTV1C", "t"});
  EXPECT_EQ(meaning("_ZL1k"), "for inlining");
  EXPECT_EQ(meaning("_ZTV1C"), "for inlining");
  EXPECT_EQ(meaning("t"), "declared");
}

TEST_F(BatchModuleTest, ConstantsThatNobodyElseHasAreEmittedForThisModule) {
  add("@_ZL1k = internal constant i32 7\n"
      "@_ZTS1C = linkonce_odr constant i32 7\n"
      "@lib = available_externally constant i32 7\n"
      "define ptr @f() { %k = load i32, ptr @_ZL1k\n"
      "  %l = load i32, ptr @lib ret ptr @_ZTS1C }");
  finish({"f"});
  EXPECT_EQ(meaning("_ZL1k"), "here only");
  EXPECT_EQ(meaning("_ZTS1C"), "here only");
  EXPECT_EQ(meaning("lib"), "for inlining");
}

TEST_F(BatchModuleTest, NoVariableIsDoubled) {
  add("@_ZZ1fvE1n = internal global i32 0\n"
      "define i32 @f() { %n = load i32, ptr @_ZZ1fvE1n ret i32 %n }");
  EXPECT_EQ(toString(tryFinish({"f"})), "it would double _ZZ1fvE1n");
}

TEST_F(BatchModuleTest, WhatKeepsDataAliveIsNotKept) {
  add("@v = global i32 7\n"
      "@llvm.used = appending global [1 x ptr] [ptr @v], section "
      "\"llvm.metadata\"\n"
      "@llvm.compiler.used = appending global [1 x ptr] [ptr @f], section "
      "\"llvm.metadata\"\n"
      "$f = comdat any\n"
      "$g = comdat any\n"
      "define linkonce_odr void @f() comdat { call void @g() ret void }\n"
      "define linkonce_odr void @g() comdat { ret void }");
  finish({"f"}, {"v"});
  EXPECT_EQ(meaning("llvm.used"), "gone");
  EXPECT_EQ(meaning("llvm.compiler.used"), "gone");
  EXPECT_EQ(meaning("f"), "gone");
  EXPECT_FALSE(function("f.new")->hasComdat());
  EXPECT_FALSE(function("g")->hasComdat());
}

//===----------------------------------------------------------------------===//
// Aliases
//===----------------------------------------------------------------------===//

constexpr const char *Constructors = R"(
  @_ZN1CC1Ev = alias void (ptr), ptr @_ZN1CC2Ev
  define void @_ZN1CC2Ev(ptr %this) { store i32 7, ptr %this ret void }
  define void @make(ptr %p) { call void @_ZN1CC1Ev(ptr %p) ret void }
)";

TEST_F(BatchModuleTest, AnAliasToPublishHasABodyOfItsOwn) {
  add(Constructors);
  finish({"_ZN1CC1Ev"}, {"_ZN1CC2Ev", "make"});
  ASSERT_EQ(meaning("_ZN1CC1Ev.new"), "emitted");
  EXPECT_EQ(function("_ZN1CC1Ev.new")->getInstructionCount(), 2u);
  EXPECT_EQ(meaning("_ZN1CC2Ev"), "for inlining");
}

TEST_F(BatchModuleTest, SoHaveBothIfBothAreToBePublished) {
  add(Constructors);
  // Of another emission, which knew less.
  add("declare void @_ZN1CC1Ev(ptr)\n"
      "define void @use(ptr %p) { call void @_ZN1CC1Ev(ptr %p) ret void }");
  finish({"_ZN1CC1Ev", "_ZN1CC2Ev", "make", "use"});
  EXPECT_EQ(meaning("_ZN1CC1Ev.new"), "emitted");
  EXPECT_EQ(meaning("_ZN1CC2Ev.new"), "emitted");
  EXPECT_EQ(callees("make.new"), "_ZN1CC2Ev.new");
  EXPECT_EQ(callees("use.new"), "_ZN1CC1Ev.new");
}

TEST_F(BatchModuleTest, AnAliasIsNotKeptForItself) {
  add(Constructors);
  finish({"make"}, {"_ZN1CC1Ev", "_ZN1CC2Ev"});
  EXPECT_TRUE(module().alias_empty());
  EXPECT_EQ(callees("make.new"), "_ZN1CC2Ev");
}

//===----------------------------------------------------------------------===//
// The same results as in tier 0
//===----------------------------------------------------------------------===//

constexpr const char *MultiplyAdd = R"(
  declare double @llvm.fmuladd.f64(double, double, double)
  define double @f(double %a, double %b, double %c) ATTRIBUTES {
    %r = call FLAGS double @llvm.fmuladd.f64(double %a, double %b, double %c)
    ret double %r
  }
)";

class MultiplyAddTest : public BatchModuleTest {
protected:
  /// The instructions that @f has in the end.
  std::string make(StringRef Attributes, StringRef Flags = "") {
    std::string Text = MultiplyAdd;
    Text.replace(Text.find("ATTRIBUTES"), 10, Attributes.str());
    Text.replace(Text.find("FLAGS"), 5, Flags.str());
    add(Text);
    finish({"f"});
    std::vector<std::string> Names;
    for (const Instruction &I : instructions(*function("f.new")))
      Names.push_back(I.getOpcodeName());
    return join(Names, " ");
  }
};

TEST_F(MultiplyAddTest, IsTwoStepsWhereTheProcessorHasTwo) {
  EXPECT_EQ(make("\"target-features\"=\"+sse2\""), "fmul fadd ret");
}
TEST_F(MultiplyAddTest, IsTwoStepsWhereNothingIsKnown) {
  EXPECT_EQ(make(""), "fmul fadd ret");
}
TEST_F(MultiplyAddTest, IsLeftToAProcessorThatHasOne) {
  EXPECT_EQ(make("\"target-features\"=\"+sse3,+fma\""), "call ret");
}
TEST_F(MultiplyAddTest, IsLeftToOtherTargets) {
  Triple = "target triple = \"aarch64-unknown-linux-gnu\"\n";
  EXPECT_EQ(make(""), "call ret");
}
TEST_F(MultiplyAddTest, KeepsItsFlags) {
  EXPECT_EQ(make("", "nnan contract"), "fmul fadd ret");
  for (const Instruction &I : instructions(*function("f.new")))
    if (I.isBinaryOp()) {
      EXPECT_TRUE(I.hasNoNaNs() && I.hasAllowContract());
      EXPECT_FALSE(I.hasNoInfs());
    }
}

TEST_F(BatchModuleTest, PowIsTheLibrarys) {
  add(R"(
    declare double @llvm.pow.f64(double, double)
    declare float @llvm.pow.f32(float, float)
    declare x86_fp80 @llvm.pow.f80(x86_fp80, x86_fp80)
    declare <2 x double> @llvm.pow.v2f64(<2 x double>, <2 x double>)
    declare double @pow(double, double)
    define void @f(double %d, float %s, x86_fp80 %l, <2 x double> %v) {
      %a = call double @llvm.pow.f64(double %d, double 2.0)
      %b = call float @llvm.pow.f32(float %s, float 2.0)
      %c = call x86_fp80 @llvm.pow.f80(x86_fp80 %l, x86_fp80 %l)
      %e = call <2 x double> @llvm.pow.v2f64(<2 x double> %v, <2 x double> %v)
      %g = call double @pow(double %d, double 2.0)
      %h = call fast double @llvm.pow.f64(double %d, double 2.0)
      ret void
    }
  )");
  finish({"f"});
  EXPECT_EQ(callees("f.new"), "pow powf powl llvm.pow.v2f64 pow llvm.pow.f64");
  for (const Instruction &I : instructions(*function("f.new")))
    if (auto *Call = dyn_cast<CallBase>(&I)) {
      StringRef Name = Call->getCalledOperand()->getName();
      EXPECT_EQ(Call->isNoBuiltin(), !Name.starts_with("llvm.")) << Name.str();
    }
}

TEST_F(BatchModuleTest, TheTargetIsThatOfTheEmissions) {
  add("target datalayout = \"e-m:e-i64:64-n8:16:32:64-S128\"");
  add("target datalayout = \"e-m:e-i64:64-n8:16:32:64-S128\"");
  finish({});
  EXPECT_EQ(module().getDataLayoutStr(), "e-m:e-i64:64-n8:16:32:64-S128");
  EXPECT_TRUE(module().getTargetTriple().isX86());
}

//===----------------------------------------------------------------------===//
// What does not fit
//===----------------------------------------------------------------------===//

TEST_F(BatchModuleTest, EmissionsThatContradictEachOtherAreAnError) {
  bool Reported = false;
  Ctx.setDiagnosticHandlerCallBack(
      [](const DiagnosticInfo *Info, void *Seen) {
        *static_cast<bool *>(Seen) |= Info->getSeverity() == DS_Error;
      },
      &Reported);
  for (const char *Size : {"2", "4"}) {
    Error Err = tryAdd(Twine("!llvm.module.flags = !{!0}\n"
                             "!0 = !{i32 1, !\"wchar_size\", i32 ") +
                       Size + "}");
    EXPECT_EQ(toString(std::move(Err)),
              Size[0] == '2' ? ""
                             : "the emitted definitions do not fit together");
  }
  EXPECT_TRUE(Reported);
}

} // namespace
