//===- SessionIdentityTest.cpp - Tests of the rule of one symbol ---------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The modules are what clang generates for an input, reduced.
//
//===----------------------------------------------------------------------===//

#include "SessionIdentity.h"

#include "TestIR.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/InstrTypes.h"
#include "gtest/gtest.h"

using namespace llvm;
using namespace reopt;

namespace {

using Linkage = GlobalValue::LinkageTypes;

class SessionIdentityTest : public testing::Test {
protected:
  Module &parse(StringRef Text) {
    M = parseIR(Text, Ctx);
    return *M;
  }
  GlobalValue &get(StringRef Name) {
    GlobalValue *GV = M->getNamedValue(Name);
    EXPECT_TRUE(GV) << Name.str();
    return *GV;
  }
  Linkage linkage(StringRef Name) { return get(Name).getLinkage(); }

  void TearDown() override { EXPECT_EQ(getVerifierComplaint(*M), ""); }

  LLVMContext Ctx;
  std::unique_ptr<Module> M;
};

//===----------------------------------------------------------------------===//
// What the source names
//===----------------------------------------------------------------------===//

TEST_F(SessionIdentityTest, InternalSymbolsOfTheSourceCanBeMerged) {
  parse(R"(
    @_ZL1v = internal global i32 0
    @_ZZ1fvE1n = internal global i32 0
    @_ZN12_GLOBAL__N_11cE = internal constant i32 7
    @_ZL1a = internal alias i32, ptr @_ZL1v
    define internal void @_ZL1fv() { ret void }
    define internal void @_ZNK3$_0clEv() { ret void }
  )");
  giveSessionIdentity(*M);
  for (const char *Name :
       {"_ZL1v", "_ZZ1fvE1n", "_ZN12_GLOBAL__N_11cE", "_ZL1fv", "_ZNK3$_0clEv"})
    EXPECT_EQ(linkage(Name), GlobalValue::LinkOnceODRLinkage) << Name;
  // There are no aliases that a linker may leave out.
  EXPECT_EQ(linkage("_ZL1a"), GlobalValue::WeakODRLinkage);
}

TEST_F(SessionIdentityTest, OthersKeepTheirLinkage) {
  parse(R"(
    @strong = global i32 0
    @weak = weak global i32 0
    @elsewhere = external global i32
    @private = private global i32 0
    @0 = internal global i32 0
    define void @f() { ret void }
    define linkonce_odr hidden void @g() { ret void }
    define available_externally void @h() { ret void }
    declare void @declared()
  )");
  giveSessionIdentity(*M);
  EXPECT_EQ(linkage("strong"), GlobalValue::ExternalLinkage);
  EXPECT_EQ(linkage("weak"), GlobalValue::WeakAnyLinkage);
  EXPECT_EQ(linkage("elsewhere"), GlobalValue::ExternalLinkage);
  EXPECT_EQ(linkage("private"), GlobalValue::PrivateLinkage);
  EXPECT_FALSE(isNamedBySource(get("private")));
  EXPECT_EQ(linkage("f"), GlobalValue::ExternalLinkage);
  EXPECT_EQ(linkage("g"), GlobalValue::LinkOnceODRLinkage);
  EXPECT_TRUE(get("g").hasHiddenVisibility());
  EXPECT_EQ(linkage("h"), GlobalValue::AvailableExternallyLinkage);
  EXPECT_EQ(linkage("declared"), GlobalValue::ExternalLinkage);
  for (const GlobalVariable &Var : M->globals())
    if (!Var.hasName()) {
      EXPECT_TRUE(Var.hasInternalLinkage());
      EXPECT_FALSE(isNamedBySource(Var));
    }
}

TEST_F(SessionIdentityTest, WhatClangInventsStaysApart) {
  const char *Names[] = {
      "__cxx_global_var_init",
      "__cxx_global_array_dtor.1",
      "_GLOBAL__sub_I_incr_module_3",
      "__stmts__4",
      "__tls_guard",
      "__tls_init",
      "__dtor_x",
      "__finalize_x",
      "__const._Z1fv.a",
      ".str",
      ".str.1",
      "switch.table._Z1fi",
      "__func__._Z1fv",
      "_ZTW1x",
      "_ZTH1x",
      "__emutls_v.x",
      "__clang_call_terminate",
      "_ZThn8_N1C1mEv",
      "_ZTv0_n24_N1C1mEv",
      "_ZTchn8_h8_N1C1mEv",
  };
  std::string Text;
  for (const char *Name : Names)
    Text += "@\"" + std::string(Name) + "\" = internal global i32 0\n";
  parse(Text);
  giveSessionIdentity(*M);
  for (const char *Name : Names) {
    EXPECT_EQ(linkage(Name), GlobalValue::InternalLinkage) << Name;
    EXPECT_FALSE(isNamedBySource(get(Name))) << Name;
  }
}

TEST_F(SessionIdentityTest, NamesThatOnlyLookInventedAreTheSources) {
  const char *Names[] = {"_ZL5_dtorv", "_ZTSx", "constant", "switch_table",
                         "_Z3strv",    "str.1", "_dtor"};
  std::string Text;
  for (const char *Name : Names)
    Text += "@" + std::string(Name) + " = internal global i32 0\n";
  parse(Text);
  for (const char *Name : Names)
    EXPECT_TRUE(isNamedBySource(get(Name))) << Name;
}

/// A class with a key function has them in two inputs, with external linkage.
TEST_F(SessionIdentityTest, ClassTablesCanBeMergedWhateverTheirLinkage) {
  parse(R"(
    @_ZTV1C = global i32 0
    @_ZTI1C = hidden constant i32 0
    @_ZTS1C = linkonce_odr constant i32 0
    @_ZTT1C = internal constant i32 0
    @_ZTVN12_GLOBAL__N_11CE = internal constant i32 0
    @_ZTV1D = external global i32
    @_ZTX = global i32 0
  )");
  giveSessionIdentity(*M);
  for (const char *Name :
       {"_ZTV1C", "_ZTI1C", "_ZTS1C", "_ZTT1C", "_ZTVN12_GLOBAL__N_11CE"}) {
    EXPECT_EQ(linkage(Name), GlobalValue::LinkOnceODRLinkage) << Name;
    EXPECT_TRUE(get(Name).hasDefaultVisibility()) << Name;
  }
  EXPECT_EQ(linkage("_ZTV1D"), GlobalValue::ExternalLinkage);
  EXPECT_EQ(linkage("_ZTX"), GlobalValue::ExternalLinkage);
}

TEST_F(SessionIdentityTest, WhatRunsOnceIsMadeByTheCompiler) {
  parse(R"(
    define void @__cxx_global_var_init.1() { ret void }
    define void @_GLOBAL__sub_I_x() { ret void }
    define void @__stmts__0() { ret void }
    define void @_Z1fv.resume() { ret void }
    define void @startup() section ".text.startup" { ret void }
    define void @_Z1fv() { ret void }
    define internal void @_ZL1gv() { ret void }
    define void @main() section ".text.hot" { ret void }
  )");
  std::vector<std::string> Made;
  for (const Function &F : *M)
    if (isCompilerMade(F))
      Made.push_back(F.getName().str());
  EXPECT_EQ(join(Made, " "), "__cxx_global_var_init.1 _GLOBAL__sub_I_x "
                             "__stmts__0 _Z1fv.resume startup");
}

//===----------------------------------------------------------------------===//
// Initialisers that come again
//===----------------------------------------------------------------------===//

class RepeatedInitializerTest : public SessionIdentityTest {
protected:
  /// Drops the initialisers of what \p Known says; returns which are left.
  std::string drop(StringRef Text, std::initializer_list<StringRef> Known) {
    parse(Text);
    giveSessionIdentity(*M);
    StringSet<> Names;
    for (StringRef Name : Known)
      Names.insert(Name);
    dropRepeatedInitializers(
        *M, [&](StringRef Name) { return Names.contains(Name); });
    std::vector<std::string> Left;
    for (const Function &F : *M)
      if (F.getName().starts_with("__cxx_global_var_init") &&
          F.getInstructionCount() > 1)
        Left.push_back(F.getName().str());
    return join(Left, " ");
  }
};

constexpr const char *TwoInitializers = R"(
  @_ZL1a = internal global i32 0
  @_ZL1b = internal global i32 0
  declare i32 @make()
  define internal void @__cxx_global_var_init() section ".text.startup" {
    %a = call i32 @make()
    store i32 %a, ptr @_ZL1a
    ret void
  }
  define internal void @__cxx_global_var_init.1() section ".text.startup" {
    %b = call i32 @make()
    store i32 %b, ptr @_ZL1b
    ret void
  }
  define internal void @_GLOBAL__sub_I_x() section ".text.startup" {
    call void @__cxx_global_var_init()
    call void @__cxx_global_var_init.1()
    ret void
  }
)";

TEST_F(RepeatedInitializerTest, OfOldVariablesAreEmptied) {
  EXPECT_EQ(drop(TwoInitializers, {"_ZL1a"}), "__cxx_global_var_init.1");
  EXPECT_EQ(drop(TwoInitializers, {"_ZL1b"}), "__cxx_global_var_init");
  EXPECT_EQ(drop(TwoInitializers, {"_ZL1a", "_ZL1b"}), "");
  // Who calls them finds them still.
  EXPECT_EQ(M->getFunction("_GLOBAL__sub_I_x")->getInstructionCount(), 3u);
  EXPECT_TRUE(M->getFunction("__cxx_global_var_init")->hasInternalLinkage());
}

TEST_F(RepeatedInitializerTest, OfNewVariablesStay) {
  EXPECT_EQ(drop(TwoInitializers, {}),
            "__cxx_global_var_init __cxx_global_var_init.1");
}

TEST_F(RepeatedInitializerTest, ConstructorsAreHandedTheirObject) {
  constexpr const char *Text = R"(
    @_ZL1s = internal global { i32, i32 } zeroinitializer
    @__dso_handle = external hidden global i8
    declare void @_ZN1SC1Ei(ptr, i32)
    declare void @_ZN1SD1Ev(ptr)
    declare i32 @__cxa_atexit(ptr, ptr, ptr)
    define internal void @__cxx_global_var_init() {
      call void @_ZN1SC1Ei(ptr @_ZL1s, i32 1)
      %r = call i32 @__cxa_atexit(ptr @_ZN1SD1Ev, ptr @_ZL1s, ptr @__dso_handle)
      ret void
    }
  )";
  EXPECT_EQ(drop(Text, {"_ZL1s"}), "");
  EXPECT_EQ(drop(Text, {"__dso_handle"}), "__cxx_global_var_init");
}

TEST_F(RepeatedInitializerTest, MembersAreTheirObject) {
  EXPECT_EQ(drop(R"(
    @_ZL1s = internal global { i32, i32 } zeroinitializer
    define internal void @__cxx_global_var_init() {
      store i32 1, ptr getelementptr inbounds ({ i32, i32 }, ptr @_ZL1s, i32 0, i32 1)
      ret void
    }
  )",
                 {"_ZL1s"}),
            "");
}

TEST_F(RepeatedInitializerTest, ANewVariableMadeOfOldOnesIsMade) {
  constexpr const char *Text = R"(
    @_ZL3old = internal global i32 0
    @_ZL3new = internal global i32 0
    declare void @copy(ptr, ptr)
    define internal void @__cxx_global_var_init() {
      call void @copy(ptr @_ZL3new, ptr @_ZL3old)
      ret void
    }
  )";
  EXPECT_EQ(drop(Text, {"_ZL3old"}), "__cxx_global_var_init");
  EXPECT_EQ(drop(Text, {"_ZL3old", "_ZL3new"}), "");
}

TEST_F(RepeatedInitializerTest, AVariableOfTheOutsideIsNotARepeatedOne) {
  // A strong definition that is there already is an error, for others to find.
  EXPECT_EQ(drop(R"(
    @strong = global i32 0
    @elsewhere = external global i32
    define internal void @__cxx_global_var_init() {
      store i32 1, ptr @strong
      ret void
    }
    define internal void @__cxx_global_var_init.1() {
      store i32 1, ptr @elsewhere
      ret void
    }
  )",
                 {"strong", "elsewhere"}),
            "__cxx_global_var_init __cxx_global_var_init.1");
}

TEST_F(RepeatedInitializerTest, OtherFunctionsMayWriteWhatTheyLike) {
  drop(R"(
    @_ZL1a = internal global i32 0
    define void @_Z1fv() {
      store i32 1, ptr @_ZL1a
      ret void
    }
    declare void @__cxx_global_var_init()
  )",
       {"_ZL1a"});
  EXPECT_EQ(M->getFunction("_Z1fv")->getInstructionCount(), 2u);
  EXPECT_TRUE(M->getFunction("__cxx_global_var_init")->isDeclaration());
}

//===----------------------------------------------------------------------===//
// Printing values
//===----------------------------------------------------------------------===//

/// The functions that \p F calls, in order of the text.
std::string callees(const Function &F) {
  std::string Names;
  for (const Instruction &I : instructions(F))
    if (auto *Call = dyn_cast<CallBase>(&I))
      Names += (Names.empty() ? "" : " ") +
               Call->getCalledFunction()->getName().str();
  return Names;
}

TEST_F(SessionIdentityTest, CallsThatPrintAValueAreBracketed) {
  parse(R"(
    declare void @__clang_Interpreter_SetValueNoAlloc(ptr)
    declare ptr @__clang_Interpreter_SetValueWithAlloc(ptr)
    declare void @other()
    declare i32 @personality(...)
    define void @f() {
      call void @other()
      call void @__clang_Interpreter_SetValueNoAlloc(ptr null)
      %p = call ptr @__clang_Interpreter_SetValueWithAlloc(ptr null)
      call void @other()
      ret void
    }
    define void @g() personality ptr @personality {
      %p = invoke ptr @__clang_Interpreter_SetValueWithAlloc(ptr null)
          to label %normal unwind label %unwind
    normal:
      call void @other()
      ret void
    unwind:
      %l = landingpad { ptr, i32 } cleanup
      resume { ptr, i32 } %l
    }
  )");
  bracketValuePrinting(*M, "before", "after");
  EXPECT_EQ(callees(*M->getFunction("f")),
            "other "
            "before __clang_Interpreter_SetValueNoAlloc after "
            "before __clang_Interpreter_SetValueWithAlloc after "
            "other");
  EXPECT_EQ(callees(*M->getFunction("g")),
            "before __clang_Interpreter_SetValueWithAlloc after other");
}

TEST_F(SessionIdentityTest, AnInputThatPrintsNothingIsLeftAlone) {
  parse("define void @f() { ret void }");
  bracketValuePrinting(*M, "before", "after");
  EXPECT_EQ(M->size(), 1u);
}

} // namespace
