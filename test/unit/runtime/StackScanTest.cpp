//===- StackScanTest.cpp - What calls that returned have left -------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Addresses are passed around as their complements: the test's own stack is
// what is looked through.
//
//===----------------------------------------------------------------------===//

#include "reopt/StackScan.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

/// Of a range that is not canonical, so that nothing has one by chance.
constexpr uint64_t NotBegin = ~0x1234567890abc000, NotEnd = NotBegin - 256;

/// Has an address in all of its frame, and returns.
LLVM_ATTRIBUTE_NOINLINE void leaveInDeadStack() {
  volatile uint64_t Frame[1024];
  for (volatile uint64_t &Word : Frame)
    Word = ~NotBegin;
}

/// Whether the address is some way below, where leaveInDeadStack() was and the
/// frames of later calls will lie, but none are now.
LLVM_ATTRIBUTE_NOINLINE bool isFoundBelow() {
  const std::vector<ObservedRange> Ranges = {
      {{ExecutorAddr(~NotBegin), ExecutorAddr(~NotEnd)}, /*InTables=*/false}};
  RangeMarks Marks(Ranges);
  const auto Here = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
  EXPECT_TRUE(scanStack(Marks, Here - 8000, Here - 4000));
  return Marks.takeMarks().any();
}

TEST(StackScanTest, ClearedDeadStackHasNoAddresses) {
  EXPECT_FALSE(isFoundBelow());
  leaveInDeadStack();
  EXPECT_TRUE(isFoundBelow());
  leaveInDeadStack();
  clearDeadStack();
  EXPECT_FALSE(isFoundBelow());
}

} // namespace
