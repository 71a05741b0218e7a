//===- PltPatchNoPieTest.cpp ----------------------------------------------===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A program that is not position-independent and takes the address of an
// imported function stands in for the definition, in every object.
//
//===----------------------------------------------------------------------===//

#include "interpreter-patches/PltPatch.h"

#include "gtest/gtest.h"

using namespace interp_patches;

extern "C" int patchedFunction(int X);

static int replacement(int X) { return patchedFunction(X) + 1000; }

TEST(PltPatchNoPie, RefusesAnEntryThatStandsInForTheDefinition) {
  ImportedFunction F{"patchedFunction",
                     reinterpret_cast<void *>(&patchedFunction)};
  llvm::Expected<unsigned> Slots =
      redirectImports(F, reinterpret_cast<void *>(&replacement));
  ASSERT_FALSE(!!Slots);
  EXPECT_NE(llvm::toString(Slots.takeError()).find("patchedFunction"),
            std::string::npos);
  EXPECT_EQ(replacement(5), 1015);
}
