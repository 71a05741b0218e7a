//===- LineFilterTest.cpp -------------------------------------------------===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LineFilter.h"

#include "gtest/gtest.h"

using namespace interp_patches;

TEST(LineFilter, OrdinaryLinesAreWholeInputs) {
  LineFilter Lines;
  EXPECT_TRUE(Lines.isWholeInput("int x = 1;"));
  EXPECT_TRUE(Lines.isWholeInput(""));
  EXPECT_TRUE(Lines.isWholeInput("%help"));
}

TEST(LineFilter, ContinuedAndContinuingLinesAreNot) {
  LineFilter Lines;
  EXPECT_FALSE(Lines.isWholeInput("%one \\"));
  EXPECT_FALSE(Lines.isWholeInput("%two \\"));
  EXPECT_FALSE(Lines.isWholeInput("%three"));
  EXPECT_TRUE(Lines.isWholeInput("%four"));
}

TEST(LineFilter, BlanksAfterTheBackslashDoNotCount) {
  LineFilter Lines;
  EXPECT_FALSE(Lines.isWholeInput("a \\ \t"));
  EXPECT_FALSE(Lines.isWholeInput("%b"));
}

TEST(LineFilter, ABackslashInsideALineIsNothingSpecial) {
  LineFilter Lines;
  EXPECT_TRUE(Lines.isWholeInput("puts(\"\\\\\");"));
  EXPECT_TRUE(Lines.isWholeInput("%b"));
}
