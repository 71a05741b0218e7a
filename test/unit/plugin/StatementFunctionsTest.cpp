//===- StatementFunctionsTest.cpp - What runs statements ------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StatementFunctions.h"

#include "TestIR.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace reopt;

namespace {

TEST(StatementFunctionsTest, AreFoundByTheirLengths) {
  LLVMContext Ctx;
  auto M = parseIR(R"(
    declare void @llvm.lifetime.start.p0(ptr)
    define internal void @__stmts__0() {
      %a = alloca i32
      call void @llvm.lifetime.start.p0(ptr %a)
      store i32 1, ptr %a
      store i32 2, ptr %a
      ret void
    }
    define internal void @__cxx_global_var_init() { ret void }
    define internal void @__stmts__2() {
      %a = alloca i32
      ret void
    }
  )",
                   Ctx);
  auto All = getStatementFunctions(*M);
  ASSERT_EQ(All.size(), 2u);
  EXPECT_EQ(All[0].Name, "__stmts__0");
  EXPECT_EQ(All[0].Length, 3u);
  EXPECT_EQ(All[1].Length, 1u);

  using Range = std::pair<size_t, size_t>;
  auto Find = [&](StringRef Name, ArrayRef<size_t> Lengths) {
    return findStatementsOf(Name, All, Lengths).value_or(Range(99, 99));
  };
  EXPECT_EQ(Find("__stmts__0", {1, 2, 1}), Range(0, 2));
  EXPECT_EQ(Find("__stmts__2.reopt.7", {1, 2, 1}), Range(2, 3));
  EXPECT_EQ(Find("__stmts__2", {3, 0, 1}), Range(1, 3)) << "one is empty";
  // They do not add up, or nobody knows it.
  EXPECT_EQ(Find("__stmts__0", {1, 3}), Range(99, 99));
  EXPECT_EQ(Find("__stmts__0", {3}), Range(99, 99)) << "a prefix only";
  EXPECT_EQ(Find("__stmts__2", {1, 3}), Range(99, 99));
  EXPECT_EQ(Find("__stmts__2", {3}), Range(99, 99));
  EXPECT_EQ(Find("__stmts__4", {3, 1}), Range(99, 99));
}

} // namespace
