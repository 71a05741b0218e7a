//===- FrameTypesTest.cpp - Tests of types of tier 0's accesses ----------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FrameTypes.h"
#include "TestIR.h"

#include "llvm/IR/InstIterator.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace reopt;

namespace {

class FrameTypesTest : public testing::Test {
protected:
  /// Copies the types between two functions of these instructions. `!tbaa !0`
  /// is an int's, !1 a pointer's.
  bool copy(StringRef Typed, StringRef Frame) {
    for (auto &[M, Body] : {std::pair(&From, Typed), std::pair(&To, Frame)})
      *M = parseIR(
          ("declare void @llvm.lifetime.start.p0(ptr)\n"
           "declare void @llvm.assume(i1)\n"
           "declare void @__reopt_take_ast()\n"
           "declare void @other()\n"
           "%class.A = type { i32 }\n"
           "define void @f(ptr %p, i32 %n) {\n" +
           Body +
           "  ret void\n}\n"
           "!0 = !{!2, !2, i64 0}\n!1 = !{!3, !3, i64 0}\n"
           "!2 = !{!\"int\", !4, i64 0}\n!3 = !{!\"pointer\", !4, i64 0}\n"
           "!4 = !{!\"root\"}\n")
              .str(),
          Ctx);
    return copyAccessTypes(*From->getFunction("f"), *To->getFunction("f"));
  }

  /// The types of the frame's accesses; - for none.
  std::string types() {
    std::string Result;
    for (const Instruction &I : instructions(*To->getFunction("f")))
      if (I.mayReadOrWriteMemory()) {
        const MDNode *Tag = I.getMetadata(LLVMContext::MD_tbaa);
        Result += Result.empty() ? "" : " ";
        Result += Tag ? cast<MDString>(
                            cast<MDNode>(Tag->getOperand(0))->getOperand(0))
                            ->getString()
                            .str()
                      : "-";
      }
    return Result;
  }

  LLVMContext Ctx;
  std::unique_ptr<Module> From, To;
};

TEST_F(FrameTypesTest, AccessesGetTheirTypes) {
  EXPECT_TRUE(copy("  store i32 %n, ptr %p, !tbaa !0\n"
                   "  %q = load ptr, ptr %p, !tbaa !1\n"
                   "  %v = load i32, ptr %q\n",
                   "  store i32 %n, ptr %p\n"
                   "  %q = load ptr, ptr %p\n"
                   "  %v = load i32, ptr %q\n"));
  EXPECT_EQ(types(), "int pointer -");
  EXPECT_EQ(getVerifierComplaint(*To), "");
}

TEST_F(FrameTypesTest, WhatIsSaidToTheOptimiserIsAside) {
  EXPECT_TRUE(copy("  %a = alloca i32\n"
                   "  call void @llvm.lifetime.start.p0(ptr %a)\n"
                   "  call void @llvm.assume(i1 true)\n"
                   "  store i32 %n, ptr %a, !tbaa !0\n"
                   "  call void @llvm.assume(i1 true)\n",
                   "  %a = alloca i32\n"
                   "  call void @__reopt_take_ast()\n"
                   "  store i32 %n, ptr %a\n"));
  EXPECT_EQ(types(), "- int");
}

// Each emission has types of its own for a class.
TEST_F(FrameTypesTest, ClassesMayDiffer) {
  EXPECT_TRUE(copy("  %a = load { i32 }, ptr %p, !tbaa !0\n",
                   "  %a = load %class.A, ptr %p\n"));
  EXPECT_EQ(types(), "int");
}

// An access would get another's type.
TEST_F(FrameTypesTest, DifferentFunctionsAreLeftAsTheyAre) {
  const std::pair<const char *, const char *> Different[] = {
      // One more in either, in the middle and at the end.
      {"  store i32 %n, ptr %p, !tbaa !0\n  store i32 1, ptr %p, !tbaa !0\n",
       "  store i32 %n, ptr %p\n"},
      {"  store i32 %n, ptr %p, !tbaa !0\n",
       "  store i32 %n, ptr %p\n  store i32 1, ptr %p\n"},
      {"  store i32 %n, ptr %p, !tbaa !0\n  call void @other()\n",
       "  call void @other()\n  store i32 %n, ptr %p\n"},
      {"  store i32 %n, ptr %p, !tbaa !0\n  %v = load ptr, ptr %p\n",
       "  store i32 %n, ptr %p\n  %v = load i32, ptr %p\n"},
  };
  for (auto [Typed, Frame] : Different) {
    EXPECT_FALSE(copy(Typed, Frame)) << Typed << Frame;
    EXPECT_EQ(types().find("int"), std::string::npos) << Typed << Frame;
  }
}

} // namespace
