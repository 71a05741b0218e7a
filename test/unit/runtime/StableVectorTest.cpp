//===- StableVectorTest.cpp - Grows without moving its elements ----------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/StableVector.h"

#include "gtest/gtest.h"

#include <memory>

using namespace reopt;

namespace {

TEST(StableVectorTest, AnEmptyOneHasNoElements) {
  StableVector<int> V;
  EXPECT_EQ(V.size(), 0u);
  for (int X : V)
    ADD_FAILURE() << X;
}

TEST(StableVectorTest, ElementsBeginAsValuesAndStayWhereTheyAre) {
  StableVector<int> V;
  std::vector<int *> Places;
  for (int I = 0; I != 1000; ++I) {
    int &New = V.emplace_back();
    EXPECT_EQ(New, 0);
    New = I;
    Places.push_back(&New);
  }
  EXPECT_EQ(V.size(), 1000u);
  for (int I = 0; I != 1000; ++I) {
    EXPECT_EQ(V[I], I);
    EXPECT_EQ(&V[I], Places[I]);
  }
}

TEST(StableVectorTest, ElementsComeInOrderAndNeedNotBeCopied) {
  StableVector<std::unique_ptr<int>> V;
  for (int I = 0; I != 130; ++I)
    V.emplace_back() = std::make_unique<int>(I);
  int Next = 0;
  for (const auto &X : std::as_const(V))
    EXPECT_EQ(*X, Next++);
  EXPECT_EQ(Next, 130);
}

} // namespace
