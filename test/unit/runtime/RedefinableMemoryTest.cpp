//===- RedefinableMemoryTest.cpp - What many versions leave ---------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How much stays when a function is redefined again and again.
//
//===----------------------------------------------------------------------===//

#include "RedefinableTest.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class RedefinableMemoryTest : public RedefinableTest {};

INSTANTIATE_TEST_SUITE_P(Executors, RedefinableMemoryTest, allPlaces(),
                         whereName);

TEST_P(RedefinableMemoryTest, AThousandVersionsThatAreFreedShareTheirShadows) {
  std::mutex M;
  std::condition_variable Came;
  size_t Freed = 0;
  RS.reset();
  createSymbols([&](JITDylib &, ResourceTrackerSP Code) {
    cantFail(Code->remove());
    std::lock_guard<std::mutex> Lock(M);
    ++Freed;
    Came.notify_all();
  });
  define(at(One, {"f"}));
  EXPECT_EQ(callIt("f"), 1);
  const size_t Code = liveCode();
  for (size_t I = 0; I != 1000; ++I) {
    EXPECT_EQ(redefine(at(I % 2 ? One : Two, {"f"})).get(), "published");
    std::unique_lock<std::mutex> Lock(M);
    Came.wait(Lock, [&] { return Freed == I + 1; });
  }
  EXPECT_LE(RS->usage().Shadows, 3u);
  EXPECT_EQ(RS->usage().Versions, 1u);
  EXPECT_EQ(RS->usage().Requests, 0u);
  EXPECT_EQ(Stubs->usage().LiveStubs, 1u);
  EXPECT_EQ(liveCode(), Code);
  EXPECT_EQ(callIt("f"), 1);
}

TEST_P(RedefinableMemoryTest, VersionsThatAreKeptTakeAShadowEach) {
  define(at(One, {"f"}));
  define(at(One, {"g"}));
  EXPECT_EQ(callIt("f") + callIt("g"), 2);
  for (StringRef Name : {"f", "g"}) {
    for (int I = 0; I != 20; ++I)
      EXPECT_EQ(redefine(at(Two, {Name})).get(), "published");
    EXPECT_EQ(RS->usage().Shadows, 21u); // g's are f's.
  }
  EXPECT_EQ(numVersions(), 42u);
}

} // namespace
