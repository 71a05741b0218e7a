//===- HostGateTest.cpp ---------------------------------------------------===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// This program is not linked with LLVM. Empty libraries stand for its releases.
//
//===----------------------------------------------------------------------===//

#include "interpreter-patches/HostGate.h"

#include "gtest/gtest.h"
#include <dlfcn.h>
#include <string>

using namespace interp_patches;

namespace {

void load(const std::string &File) {
  EXPECT_TRUE(dlopen((STAND_INS "/" + File).c_str(), RTLD_LAZY)) << dlerror();
}

bool contains(const std::optional<std::string> &Text, const char *Part) {
  return Text && Text->find(Part) != std::string::npos;
}

// One test, because what is loaded stays.
TEST(HostGate, TellsTheReleaseOfTheHost) {
  EXPECT_TRUE(contains(hostOnOtherRelease(), "does not use " OUR_LIBRARY));

  load("libLLVM-13.so.1");
  std::optional<std::string> Why = hostOnOtherRelease();
  EXPECT_TRUE(contains(Why, "runs on libLLVM-13.so.1")) << *Why;
  EXPECT_TRUE(contains(Why, "built for LLVM " BUILT_FOR)) << *Why;
  EXPECT_TRUE(contains(Why, "HostGateTest")) << *Why;
  EXPECT_FALSE(contains(Why, "\n"));

  // The more telling of the two.
  load("libclang-cpp.so.13");
  Why = hostOnOtherRelease();
  EXPECT_TRUE(contains(Why, "runs on libclang-cpp.so.13")) << *Why;

  load(OUR_LIBRARY);
  EXPECT_EQ(hostOnOtherRelease(), std::nullopt);
}

TEST(HostGate, LoadsALibraryFromItsOwnDirectory) {
  static int Self;
  EXPECT_EQ(loadBeside(&Self, "stand-ins/libclang-cpp.so.13"), std::nullopt);
  EXPECT_TRUE(contains(loadBeside(&Self, "none.so"), "none.so"));
}

} // namespace
