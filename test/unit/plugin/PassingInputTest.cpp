//===- PassingInputTest.cpp - Inputs that leave no code behind ------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The modules are what clang generates for a statement, and one thing more.
//
//===----------------------------------------------------------------------===//

#include "PassingInput.h"
#include "InputContexts.h"

#include "TestIR.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Support/Error.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace reopt;

namespace {

class PassingInputTest : public testing::Test {
protected:
  /// A statement that does what \p Body says, in a module with \p Rest.
  Module &statement(StringRef Body, StringRef Rest = "") {
    M = parseIR(("@llvm.global_ctors = appending global "
                 "[1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } "
                 "{ i32 65535, ptr @_GLOBAL__sub_I_incr_module_1, ptr null }]\n"
                 "@x = external global i32\n"
                 "define internal void @__stmts__0() {\n" +
                 Body +
                 "  ret void\n"
                 "}\n"
                 "define internal void @_GLOBAL__sub_I_incr_module_1() {\n"
                 "  call void @__stmts__0()\n"
                 "  ret void\n"
                 "}\n" +
                 Rest)
                    .str(),
                Ctx);
    return *M;
  }
  bool leaves(StringRef Body, StringRef Rest = "") {
    return !leavesNothing(statement(Body, Rest));
  }

  LLVMContext Ctx;
  std::unique_ptr<Module> M;
};

TEST_F(PassingInputTest, AStatementLeavesNothing) {
  EXPECT_FALSE(leaves("store i32 1, ptr @x\n"));
  EXPECT_FALSE(leaves("call void @g()\n", "declare void @g()"));
  EXPECT_FALSE(leaves("call void @local()\n",
                      "define internal void @local() { ret void }"));
}

TEST_F(PassingInputTest, DataStay) {
  EXPECT_TRUE(leaves("", "@v = global i32 0"));
  EXPECT_TRUE(leaves("", "@v = internal global i32 0"));
  EXPECT_TRUE(leaves("", "@v = internal constant i32 0"));
  // Its address is another's.
  EXPECT_TRUE(leaves("store ptr @c, ptr @x\n",
                     "@c = private constant [2 x i8] c\"a\\00\""));
  // It leads on.
  EXPECT_TRUE(leaves("store ptr @c, ptr @x\n",
                     "@c = private unnamed_addr constant [1 x ptr] [ptr @x]"));
}

TEST_F(PassingInputTest, WhatOthersMayCallStays) {
  EXPECT_TRUE(leaves("", "define void @f() { ret void }"));
  EXPECT_TRUE(leaves("", "define linkonce_odr void @f() { ret void }"));
  const char *Local = "define internal void @f() { ret void }\n"
                      "declare void @g(ptr)\n"
                      "declare i32 @atexit(ptr)\n"
                      "@a = internal alias void (), ptr @f\n";
  EXPECT_TRUE(leaves("store ptr @f, ptr @x\n", Local));
  EXPECT_TRUE(leaves("call void @g(ptr @f)\n", Local));
  EXPECT_TRUE(leaves("call void @f()\n", Local)) << "an alias of it";
  EXPECT_TRUE(leaves("", "module asm \"f:\""));
  EXPECT_TRUE(leaves("call void asm sideeffect \"f:\", \"\"()\n"));
}

TEST_F(PassingInputTest, WhatIsComeBackToStays) {
  EXPECT_TRUE(leaves("", "declare i32 @__cxa_atexit(ptr, ptr, ptr)"));
  EXPECT_TRUE(leaves("", "declare i32 @_setjmp(ptr)"));
  EXPECT_TRUE(leaves("call void @f()\n",
                     "define internal void @f() presplitcoroutine { ret void "
                     "}"));
}

TEST_F(PassingInputTest, LiteralsMoveToThePool) {
  Module &Text = statement(
      "store ptr @a, ptr @x\n"
      "store ptr getelementptr (i8, ptr @b, i64 1), ptr @x\n"
      "store ptr @empty, ptr @x\n"
      "store ptr @wide, ptr @x\n",
      "@a = private unnamed_addr constant [3 x i8] c\"ab\\00\", align 1\n"
      "@b = private unnamed_addr constant [3 x i8] c\"ab\\00\", align 1\n"
      "@empty = private unnamed_addr constant [1 x i8] zeroinitializer\n"
      "@wide = private unnamed_addr constant [2 x i32] [i32 97, i32 0], "
      "align 16\n");
  ASSERT_TRUE(leavesNothing(Text));
  LiteralPool Pool;
  moveLiterals(Text, Pool);
  EXPECT_EQ(getVerifierComplaint(Text), "");
  std::vector<const char *> Stored;
  for (Instruction &I : instructions(*Text.getFunction("__stmts__0")))
    if (auto *Store = dyn_cast<StoreInst>(&I)) {
      APInt Offset(64, 0);
      auto *Address = cast<ConstantExpr>(
          Store->getValueOperand()->stripAndAccumulateConstantOffsets(
              Text.getDataLayout(), Offset, /*AllowNonInbounds=*/true));
      Stored.push_back(
          reinterpret_cast<const char *>(
              cast<ConstantInt>(Address->getOperand(0))->getZExtValue()) +
          Offset.getZExtValue());
    }
  ASSERT_EQ(Stored.size(), 4u);
  EXPECT_STREQ(Stored[0], "ab");
  EXPECT_EQ(Stored[1], Stored[0] + 1) << "equal ones are one";
  EXPECT_STREQ(Stored[2], "");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(Stored[3]) % 16, 0u);
  EXPECT_EQ(*reinterpret_cast<const wchar_t *>(Stored[3]), L'a');
  for (const GlobalVariable &Var : Text.globals())
    EXPECT_FALSE(Var.hasPrivateLinkage()) << Var.getName().str();
}

TEST_F(PassingInputTest, LiteralsThatAreOnlyReadStay) {
  Module &Text = statement(
      "%a = alloca [2 x i32]\n"
      "call void @llvm.memcpy.p0.p0.i64(ptr %a, ptr @fill, i64 8, i1 false)\n"
      "%v = load i32, ptr getelementptr (i8, ptr @fill, i64 4)\n",
      "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n"
      "@fill = private unnamed_addr constant [2 x i32] [i32 1, i32 2]");
  ASSERT_TRUE(leavesNothing(Text));
  LiteralPool Pool;
  moveLiterals(Text, Pool);
  EXPECT_TRUE(Text.getNamedGlobal("fill"));
}

TEST(InputContextsTest, SmallInputsShareAContextAndLargeOnesDoNot) {
  LLVMContext Ctx;
  auto Small = parseIR("define void @f() { ret void }", Ctx);
  Small->setModuleIdentifier("input");
  std::string Text;
  for (int I = 0; I != 2000; ++I)
    Text += "define i32 @f" + std::to_string(I) + "(i32 %x) { ret i32 %x }\n";
  auto Large = parseIR(Text, Ctx);
  InputContexts Contexts;
  auto GetContext = [](orc::ThreadSafeModule &TSM) {
    return TSM.withModuleDo([](Module &M) { return &M.getContext(); });
  };
  auto A = cantFail(Contexts.copy(*Small)), B = cantFail(Contexts.copy(*Small)),
       C = cantFail(Contexts.copy(*Large)), D = cantFail(Contexts.copy(*Large));
  EXPECT_EQ(A.withModuleDo([](Module &M) { return M.getName().str(); }),
            "input");
  EXPECT_EQ(GetContext(A), GetContext(B));
  EXPECT_NE(GetContext(A), GetContext(C));
  EXPECT_NE(GetContext(C), GetContext(D));
  // Nor do all that ever come.
  std::vector<orc::ThreadSafeModule> Many;
  for (int I = 0; I != 200; ++I)
    Many.push_back(cantFail(Contexts.copy(*Small)));
  EXPECT_NE(GetContext(A), GetContext(Many.back()));
}

} // namespace
