//===- LayerLeavingTest.cpp - What is removed while it runs --------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A thread is in a function when the function's tracker is removed: it runs on
// as if nothing had happened. @wait_here() stops the caller until the test goes
// on.
//
//===----------------------------------------------------------------------===//

#include "WaitingCallTest.h"

/// Of the compiler's runtime library.
extern "C" void *__emutls_get_address(void *);

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

/// With tier 0 and with tier 1.
struct LeavingParam {
  ReOptimizeLayer::OldCode Old;
  bool Compiled;
};

class LayerLeavingTest : public WaitingCallTest,
                         public testing::WithParamInterface<LeavingParam> {
protected:
  LayerLeavingTest() { Old = GetParam().Old; }

  /// Removes what \p Text defines while a thread waits in its @f(1); returns
  /// what that call returns.
  int removeAndGoOn(const std::string &Text) {
    auto RT = add(Text);
    call("f", 0);
    if (GetParam().Compiled)
      promoteAndWait({"f"});
    int Result = -1;
    std::thread T = callUntilItWaits("f", Result);
    cantFail(RT->remove());
    EXPECT_FALSE(find("f"));
    // Whatever may go goes.
    for (int I = 0; I != 5; ++I)
      L->collect();
    letGo(T);
    return Result;
  }

  /// That a module like the first can be added again, and that nothing of
  /// either stays.
  void expectNothingStays(const std::string &Text) {
    expectAllFreed();
    const size_t Live = MemMgr->Allocs - MemMgr->Deallocs;
    for (int I = 0; I != 3; ++I) {
      removeAndGoOn(Text);
      expectAllFreed();
    }
    EXPECT_EQ(MemMgr->Allocs - MemMgr->Deallocs, Live);
  }
};

std::string getName(const testing::TestParamInfo<LeavingParam> &Info) {
  return std::string(Info.param.Old == ReOptimizeLayer::OldCode::Count
                         ? "Count"
                         : "Observe") +
         (Info.param.Compiled ? "InTier1" : "InTier0");
}
INSTANTIATE_TEST_SUITE_P(
    OldCode, LayerLeavingTest,
    testing::Values(LeavingParam{ReOptimizeLayer::OldCode::Count, false},
                    LeavingParam{ReOptimizeLayer::OldCode::Count, true},
                    LeavingParam{ReOptimizeLayer::OldCode::Observe, false},
                    LeavingParam{ReOptimizeLayer::OldCode::Observe, true}),
    getName);

TEST_P(LayerLeavingTest, ItsVariablesAndStringsAreThere) {
  const std::string Text =
      "@v = global i32 40\n"
      "@hidden = internal global i32 1\n"
      "@text = private unnamed_addr constant [2 x i8] c\"\\01\\00\"\n"
      "@weak = weak_odr global i32 0\n" +
      waitThen("  %a = load volatile i32, ptr @v\n"
               "  %b = load volatile i32, ptr @hidden\n"
               "  %c8 = load volatile i8, ptr @text\n"
               "  %c = zext i8 %c8 to i32\n"
               "  store volatile i32 %c, ptr @weak\n"
               "  %d = load volatile i32, ptr @weak\n"
               "  %ab = add i32 %a, %b\n"
               "  %r = add i32 %ab, %d\n"
               "  ret i32 %r\n");
  EXPECT_EQ(removeAndGoOn(Text), 42);
  expectNothingStays(Text);
}

TEST_P(LayerLeavingTest, ItsThreadLocalsAreThere) {
  define("__emutls_get_address", ExecutorAddr::fromPtr(&__emutls_get_address));
  const std::string Text = "@t = thread_local global i32 40\n"
                           "@zero = thread_local global i32 0\n"
                           "@mine = internal thread_local global i32 1\n"
                           "@weak = linkonce_odr thread_local global i32 1\n" +
                           waitThen("  %a = load volatile i32, ptr @t\n"
                                    "  %b = load volatile i32, ptr @mine\n"
                                    "  %c = load volatile i32, ptr @weak\n"
                                    "  %d = load volatile i32, ptr @zero\n"
                                    "  %ab = add i32 %a, %b\n"
                                    "  %cd = add i32 %c, %d\n"
                                    "  %r = add i32 %ab, %cd\n"
                                    "  ret i32 %r\n");
  EXPECT_EQ(removeAndGoOn(Text), 42);
  expectNothingStays(Text);
}

TEST_P(LayerLeavingTest, ItMayCallItselfAndWhatWasRemovedWithIt) {
  const std::string Text = "define i32 @callee(i32 %x) noinline {\n"
                           "  %r = add i32 %x, 1\n"
                           "  ret i32 %r\n"
                           "}\n"
                           "define internal i32 @internal(i32 %x) noinline {\n"
                           "  %r = mul i32 %x, 2\n"
                           "  ret i32 %r\n"
                           "}\n"
                           "@slot = global ptr @f\n" +
                           waitThen("  %a = call i32 @callee(i32 %x)\n"
                                    "  %b = call i32 @internal(i32 %a)\n"
                                    "  br i1 %wait, label %again, label %end\n"
                                    "again:\n"
                                    "  %self = load volatile ptr, ptr @slot\n"
                                    "  %c = call i32 %self(i32 0)\n"
                                    "  %d = add i32 %b, %c\n"
                                    "  ret i32 %d\n"
                                    "end:\n"
                                    "  ret i32 %b\n");
  EXPECT_EQ(removeAndGoOn(Text), 6);
  expectNothingStays(Text);
}

TEST_P(LayerLeavingTest, ItMayCallForTheFirstTimeWhatWasCompiledWithIt) {
  // Not called before the removal: only with an argument that is not 0.
  const std::string Text = "define i32 @rare(i32 %x) noinline {\n"
                           "  %r = add i32 %x, 6\n"
                           "  ret i32 %r\n"
                           "}\n" +
                           waitThen("  br i1 %wait, label %seldom, label %end\n"
                                    "seldom:\n"
                                    "  %r = call i32 @rare(i32 %x)\n"
                                    "  ret i32 %r\n"
                                    "end:\n"
                                    "  ret i32 0\n");
  EXPECT_EQ(removeAndGoOn(Text), 7);
  expectNothingStays(Text);
}

TEST_P(LayerLeavingTest, ItMayThrow) {
  const std::string Text =
      "declare void @wait_here()\n"
      "declare i32 @__gxx_personality_v0(...)\n"
      "@_ZTIi = external constant ptr\n"
      "declare ptr @__cxa_allocate_exception(i64)\n"
      "declare void @__cxa_throw(ptr, ptr, ptr)\n"
      "declare ptr @__cxa_begin_catch(ptr)\n"
      "declare void @__cxa_end_catch()\n"
      "define void @raise() noinline {\n"
      "  %x = call ptr @__cxa_allocate_exception(i64 8)\n"
      "  call void @__cxa_throw(ptr %x, ptr @_ZTIi, ptr null)\n"
      "  unreachable\n"
      "}\n"
      "define i32 @f(i32 %x) personality ptr @__gxx_personality_v0 {\n"
      "  %wait = icmp ne i32 %x, 0\n"
      "  br i1 %wait, label %stop, label %go\n"
      "stop:\n"
      "  call void @wait_here()\n"
      "  br label %go\n"
      "go:\n"
      "  invoke void @raise() to label %never unwind label %caught\n"
      "never:\n"
      "  ret i32 0\n"
      "caught:\n"
      "  %e = landingpad { ptr, i32 } catch ptr null\n"
      "  %p = extractvalue { ptr, i32 } %e, 0\n"
      "  call ptr @__cxa_begin_catch(ptr %p)\n"
      "  call void @__cxa_end_catch()\n"
      "  ret i32 9\n"
      "}\n";
  EXPECT_EQ(removeAndGoOn(Text), 9);
  expectNothingStays(Text);
}

TEST_P(LayerLeavingTest, WhatIsDefinedAnewIsCalledAnew) {
  auto RT = add("define i32 @g() { ret i32 1 }\n" +
                waitThen("  %r = call i32 @g() noinline\n"
                         "  ret i32 %r\n"));
  call("f", 0);
  if (GetParam().Compiled)
    promoteAndWait({"f"});
  int Result = -1;
  std::thread T = callUntilItWaits("f", Result);
  cantFail(RT->remove());
  auto New = add("define i32 @g() { ret i32 2 }");
  EXPECT_EQ(call("g"), 2);
  letGo(T);
  // It may have the old one inside by now.
  EXPECT_TRUE(Result == 1 || Result == 2) << Result;
  expectAllFreed();
  EXPECT_EQ(call("g"), 2);
  cantFail(New->remove());
  expectAllFreed();
}

TEST_P(LayerLeavingTest, CallsTrapWhenEverybodyHasLeft) {
  auto RT = add("define i32 @f(i32 %x) { ret i32 1 }");
  auto *F = get<int(int)>("f");
  EXPECT_EQ(F(0), 1);
  if (GetParam().Compiled)
    promoteAndWait({"f"});
  cantFail(RT->remove());
  expectAllFreed();
  EXPECT_EXIT(F(0), testing::KilledBySignal(SIGILL), "");
}

TEST_P(LayerLeavingTest, ABatchThatStaysDoesNotKeepWhatWasRemoved) {
  // Two functions that get bodies in one object, and do not know each other.
  auto RT = add("@v = global i32 3\n"
                "define i32 @f(i32 %x) {\n"
                "  %r = load i32, ptr @v ret i32 %r\n"
                "}\n");
  add("define i32 @g(i32 %x) { ret i32 4 }");
  EXPECT_EQ(call("f"), 3);
  EXPECT_EQ(call("g"), 4);
  promoteAndWait({"f", "g"});
  ASSERT_EQ(batches().size(), 1u);
  auto *F = get<int(int)>("f");
  EXPECT_EQ(F(0), 3);
  const size_t Live = MemMgr->Allocs - MemMgr->Deallocs;
  cantFail(RT->remove());
  expectAllFreed();
  // Tier 0 and the variable.
  EXPECT_LT(MemMgr->Allocs - MemMgr->Deallocs, Live);
  EXPECT_EXIT(F(0), testing::KilledBySignal(SIGILL), "");
  EXPECT_EQ(call("g"), 4);
}

} // namespace
