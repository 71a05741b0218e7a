//===- UnstableTypesTest.cpp - Tests of types that emissions number -------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "UnstableTypes.h"
#include "TestIR.h"

#include "llvm/IR/InstIterator.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace reopt;

namespace {

// Members of a class, and closures, have numbers that stay.
TEST(UnstableTypesTest, OnlyClassesWithoutANameLoseTheirTypes) {
  LLVMContext Ctx;
  auto M = parseIR(R"(
    declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
    define void @f(ptr %p) {
      %named = load i32, ptr %p, !tbaa !0
      %scalar = load i32, ptr %p, !tbaa !2
      %unnamed = load i32, ptr %p, !tbaa !10
      %inside = load i32, ptr %p, !tbaa !12
      %pointer = load ptr, ptr %p, !tbaa !14
      %member = load i32, ptr %p, !tbaa !16
      %closure = load i32, ptr %p, !tbaa !18
      call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %p, i64 4, i1 false), !tbaa.struct !20
      call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %p, i64 4, i1 false), !tbaa.struct !21
      ret void
    }
    !0 = !{!1, !3, i64 0}
    !1 = !{!"_ZTS1S", !3, i64 0}
    !2 = !{!3, !3, i64 0}
    !3 = !{!"int", !4, i64 0}
    !4 = !{!"omnipotent char", !5, i64 0}
    !5 = !{!"Simple C++ TBAA"}
    !10 = !{!11, !3, i64 0}
    !11 = !{!"_ZTS3$_0", !3, i64 0}
    !12 = !{!13, !3, i64 4}
    !13 = !{!"_ZTS1T", !11, i64 0, !3, i64 4}
    !14 = !{!15, !15, i64 0}
    !15 = !{!"p1 _ZTS3BoxI3$_0E", !4, i64 0}
    !16 = !{!17, !3, i64 0}
    !17 = !{!"_ZTSN1SUt_E", !3, i64 0}
    !18 = !{!19, !3, i64 0}
    !19 = !{!"_ZTSN6promptUlvE_E", !3, i64 0}
    !20 = !{i64 0, i64 4, !2}
    !21 = !{i64 0, i64 4, !10}
  )",
                   Ctx);
  dropUnstableTypes(*M);
  EXPECT_EQ(getVerifierComplaint(*M), "");
  std::string Left;
  for (const Instruction &I : instructions(*M->getFunction("f")))
    for (unsigned Kind : {LLVMContext::MD_tbaa, LLVMContext::MD_tbaa_struct})
      if (I.getMetadata(Kind))
        Left += I.hasName() ? I.getName().str() + " " : "copy ";
  EXPECT_EQ(Left, "named scalar member closure copy ");
}

} // namespace
