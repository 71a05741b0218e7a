//===- LayerReclaimTest.cpp - What becomes of old code -------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Code that was replaced, or whose functions were removed, while threads and
// fibers are in it. @wait_here() stops the caller until the test goes on.
//
//===----------------------------------------------------------------------===//

#include "WaitingCallTest.h"

#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"

#include <atomic>
#include <thread>
#include <ucontext.h>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

using OldCode = ReOptimizeLayer::OldCode;

class LayerReclaimTest : public WaitingCallTest,
                         public testing::WithParamInterface<OldCode> {
protected:
  LayerReclaimTest() { Old = GetParam(); }

  /// @f waits, and returns its tier.
  const std::string Waiting =
      "declare i32 @which_tier()\n" +
      waitThen("  %tier = call i32 @which_tier() ret i32 %tier\n");

  bool isDefined(StringRef Name) {
    auto Flags = es().lookupFlags(
        LookupKind::Static, makeJITDylibSearchOrder(&jd()),
        SymbolLookupSet(name(Name), SymbolLookupFlags::WeaklyReferencedSymbol));
    return !cantFail(std::move(Flags)).empty();
  }
};

std::string getName(const testing::TestParamInfo<OldCode> &Info) {
  return Info.param == OldCode::Count ? "Count" : "Observe";
}
INSTANTIATE_TEST_SUITE_P(OldCode, LayerReclaimTest,
                         testing::Values(OldCode::Count, OldCode::Observe),
                         getName);

TEST_P(LayerReclaimTest, TierZeroIsFreedWhenAllItsFunctionsHaveBetterBodies) {
  add(tierFunctions({"f", "g"}) +
      "define i32 @both() {\n"
      "  %a = call i32 @f() %b = call i32 @g() %r = add i32 %a, %b ret i32 %r\n"
      "}\n");
  EXPECT_EQ(call("both"), 0);
  promoteAndWait({"f"});
  promoteAndWait({"g"});
  EXPECT_EQ(L->getStatus().Retired, 0u);
  promoteAndWait({"both"});
  expectAllFreed(1);
  EXPECT_FALSE(isDefined("f.tier0.1"));
  EXPECT_EQ(call("both"), 2);
}

TEST_P(LayerReclaimTest, AFunctionThatLosesItsBodyCompilesTierZeroAnew) {
  auto Callee = add(tierFunction("f"));
  add("declare i32 @f()\n"
      "define i32 @g() { %t = call i32 @f() %r = add i32 %t, 10 ret i32 %r }");
  EXPECT_EQ(call("g"), 10);
  promoteAndWait({"g"});
  EXPECT_EQ(call("g"), 11);
  // g's tier 0; f's runs on.
  expectAllFreed(1);
  cantFail(Callee->remove());
  EXPECT_EQ(stage("g"), Stage::Lazy);
  add(tierFunction("f"));
  EXPECT_EQ(call("g"), 10);
  EXPECT_EQ(stage("g"), Stage::Tier0);
  promoteAndWait({"g"});
  EXPECT_EQ(call("g"), 11);
}

TEST_P(LayerReclaimTest, ABodyThatIsReplacedIsFreed) {
  P->CountedTiers = 2;
  add(tierFunction("f"));
  for (int Tier = 0; Tier != 3; ++Tier) {
    callTimes("f", 11);
    wait();
    EXPECT_EQ(call("f"), Tier + 1);
  }
  // Tier 0, 1, and 2.
  expectAllFreed(3);
  EXPECT_FALSE(isDefined("f.tier1.1"));
  EXPECT_FALSE(isDefined("f.tier1.2"));
  EXPECT_EQ(call("f"), 3);
}

TEST_P(LayerReclaimTest, WhatAThreadIsInStays) {
  add(Waiting);
  call("f", 0);
  int Result = -1;
  std::thread T = callUntilItWaits("f", Result);
  promoteAndWait({"f"});
  EXPECT_EQ(call("f", 0), 1);
  EXPECT_EQ(L->collect(), 0u);
  EXPECT_EQ(L->getStatus().Retired, 1u);
  letGo(T);
  EXPECT_EQ(Result, 0) << "it ended where it had begun";
  expectAllFreed(1);
}

// Another round finds nothing to do then, however often it is made.
TEST_P(LayerReclaimTest, WhatAThreadIsJustFreeingIsPending) {
  Gate Freeing;
  MemMgr->BeforeDeallocation = [&] { Freeing.pass(); };
  add(tierFunction("f"));
  EXPECT_EQ(call("f"), 0);
  promoteAndWait({"f"});
  Freeing.close();
  std::thread T([&] { expectAllFreed(1); });
  Freeing.waitForArrival();
  for (int I = 0; I != 1000; ++I)
    EXPECT_EQ(L->collect(), 0u);
  EXPECT_EQ(L->getStatus().Retired, 1u);
  EXPECT_EQ(L->getStatus().Pending, 1u);
  Freeing.open();
  expectAllFreed(1);
  T.join();
  MemMgr->BeforeDeallocation = nullptr;
}

TEST_P(LayerReclaimTest, ARemovedFunctionThatRunsRunsOn) {
  auto RT = add(Waiting);
  for (bool Compiled : {false, true}) {
    SCOPED_TRACE(Compiled);
    call("f", 0);
    if (Compiled)
      promoteAndWait({"f"});
    int Result = -1;
    std::thread T = callUntilItWaits("f", Result);
    cantFail(RT->remove());
    EXPECT_FALSE(find("f"));
    // Another may be there in the meantime.
    auto Other = add("define i32 @f(i32 %x) { ret i32 99 }");
    EXPECT_EQ(call("f", 1), 99);
    L->collect();
    letGo(T);
    EXPECT_EQ(Result, Compiled ? 1 : 0);
    cantFail(Other->remove());
    RT = add(Waiting);
  }
  expectAllFreed(L->getStatus().Freed + L->getStatus().Retired);
}

class LayerRemovedCallsTest : public LayerReclaimTest {
protected:
  /// Two modules with one tracker: @f waits, and calls @h.
  ResourceTrackerSP addTwo(StringRef Callee) {
    auto RT = jd().createResourceTracker();
    cantFail(tryAdd(RT, Callee));
    cantFail(tryAdd(RT, "declare i32 @h()\n" +
                            waitThen("  %r = call i32 @h() ret i32 %r\n")));
    return RT;
  }
  void collectOften() {
    for (int I = 0; I != 20; ++I)
      L->collect();
  }
};
INSTANTIATE_TEST_SUITE_P(OldCode, LayerRemovedCallsTest,
                         testing::Values(OldCode::Count, OldCode::Observe),
                         getName);

TEST_P(LayerRemovedCallsTest, OfWhatWasRemovedWithTheCaller) {
  auto RT = addTwo("define i32 @h() { ret i32 7 }");
  EXPECT_EQ(call("f", 0), 7);
  int Result = -1;
  std::thread T = callUntilItWaits("f", Result);
  cantFail(RT->remove());
  collectOften();
  letGo(T);
  EXPECT_EQ(Result, 7);
  expectAllFreed(2);
}

TEST_P(LayerRemovedCallsTest, OfALaterDefinitionThatWasRemovedToo) {
  auto RT = addTwo("define i32 @h() { ret i32 7 }");
  EXPECT_EQ(call("f", 0), 7);
  int Result = -1;
  std::thread T = callUntilItWaits("f", Result);
  cantFail(RT->remove());
  auto Later = add("define i32 @h() { ret i32 8 }");
  EXPECT_EQ(call("h"), 8);
  cantFail(Later->remove());
  collectOften();
  letGo(T);
  EXPECT_EQ(Result, 8);
  expectAllFreed(3);
}

// Two threads collect in turn at the end, and did not heed what each had left
// on its stack, but what the other had (clearDeadStack).
TEST_P(LayerRemovedCallsTest, OfTheLastOfManyDefinitions) {
  auto RT = addTwo("define i32 @h() { ret i32 7 }");
  EXPECT_EQ(call("f", 0), 7);
  int Result = -1;
  std::thread T = callUntilItWaits("f", Result);
  cantFail(RT->remove());
  constexpr int Times = 300;
  for (int I = 0; I != Times; ++I) {
    auto Later =
        add("define i32 @h() { ret i32 " + std::to_string(100 + I) + " }");
    EXPECT_EQ(call("h"), 100 + I);
    cantFail(Later->remove());
  }
  collectOften();
  letGo(T);
  EXPECT_EQ(Result, 100 + Times - 1);
  expectAllFreed(2 + Times);
}

TEST_P(LayerRemovedCallsTest, OfTheLaterCodeWhenTheEarlierHasLeft) {
  static sem_t InLater, LaterGoesOn;
  sem_init(&InLater, 0, 0);
  sem_init(&LaterGoesOn, 0, 0);
  define("wait_later", ExecutorAddr::fromPtr(static_cast<void (*)()>([] {
           sem_post(&InLater);
           while (sem_wait(&LaterGoesOn)) {
           }
         })));
  auto RT = addTwo("define i32 @h() { ret i32 7 }");
  EXPECT_EQ(call("f", 0), 7);
  int Result = -1, LaterResult = -1;
  std::thread T = callUntilItWaits("f", Result);
  cantFail(RT->remove());

  auto Later = add("declare void @wait_later()\n"
                   "define i32 @h() { ret i32 8 }\n"
                   "define i32 @f(i32 %x) {\n"
                   "  call void @wait_later()\n"
                   "  %r = call i32 @h()\n"
                   "  ret i32 %r\n"
                   "}\n");
  EXPECT_EQ(call("h"), 8);
  std::thread LaterT(
      [&LaterResult, F = get<int(int)>("f")] { LaterResult = F(1); });
  while (sem_wait(&InLater)) {
  }
  cantFail(Later->remove());
  letGo(T);
  EXPECT_EQ(Result, 8);
  // All of the earlier goes.
  collectOften();
  sem_post(&LaterGoesOn);
  LaterT.join();
  EXPECT_EQ(LaterResult, 8);
  expectAllFreed();
}

/// While a thread was on its way from the stub to the entry that compiles,
/// another made the first call.
TEST_P(LayerRemovedCallsTest, ThatComeLateToTheEntryFindTheBody) {
  auto RT = addTwo("define i32 @h() { ret i32 7 }");
  // jmpq *slot(%rip)
  auto *Stub = addr("h").toPtr<const char *>();
  ASSERT_EQ(StringRef(Stub, 2), "\xff\x25");
  int32_t Distance;
  memcpy(&Distance, Stub + 2, sizeof(Distance));
  int (*Entry)();
  memcpy(&Entry, Stub + 6 + Distance, sizeof(Entry));

  EXPECT_EQ(call("f", 0), 7);
  int Result = -1;
  std::thread T = callUntilItWaits("f", Result);
  cantFail(RT->remove());
  collectOften();
  EXPECT_EQ(Entry(), 7);
  letGo(T);
  expectAllFreed(2);
}

TEST_P(LayerRemovedCallsTest, ThatAreTheFirstAndBeingCompiled) {
  auto RT = addTwo("define i32 @h() { ret i32 7 }");
  ASSERT_TRUE(!!addr("f"));
  unsigned Compiles = 0;
  J->getIRTransformLayer().setTransform(
      [&](ThreadSafeModule M, const MaterializationResponsibility &) {
        // That of @f comes first.
        if (++Compiles == 2)
          cantFail(RT->remove());
        return Expected<ThreadSafeModule>(std::move(M));
      });
  EXPECT_EQ(call("f", 0), 7);
  EXPECT_EQ(Compiles, 2u);
  expectAllFreed(2);
}

TEST_P(LayerReclaimTest, RemovedFunctionsGiveBackWhatTheyCountedIn) {
  std::string Many;
  for (int I = 0; I != 300; ++I)
    Many += "define void @f" + std::to_string(I) + "() { ret void }\n";
  auto Round = [&] {
    auto RT = add(Many);
    call("f7");
    cantFail(RT->remove());
    expectAllFreed();
  };
  for (int I = 0; I != 5; ++I)
    Round();
  const size_t Live = MemMgr->Allocs - MemMgr->Deallocs;
  for (int I = 0; I != 20; ++I)
    Round();
  EXPECT_EQ(MemMgr->Allocs - MemMgr->Deallocs, Live);
}

/// The program may have kept the address of a string.
TEST_P(LayerReclaimTest, ConstantsOutliveTheCodeThatMentionsThem) {
  add(R"(
    @.str = private unnamed_addr constant [6 x i8] c"hello\00"
    define ptr @f() { ret ptr @.str }
  )");
  auto *Before = get<const char *()>("f")();
  promoteAndWait({"f"});
  expectAllFreed(1);
  EXPECT_STREQ(Before, "hello");
  EXPECT_EQ(get<const char *()>("f")(), Before);
}

TEST_P(LayerReclaimTest, ConstantsAreStillFolded) {
  add(R"(
    @table = internal unnamed_addr constant [3 x i32] [i32 5, i32 6, i32 7]
    define i32 @f() {
      %p = getelementptr [3 x i32], ptr @table, i32 0, i32 2
      %r = load i32, ptr %p
      ret i32 %r
    }
  )");
  EXPECT_EQ(call("f"), 7);
  std::atomic<bool> Seen{false};
  P->Prepare = [&](Module &M) {
    for (GlobalVariable &Var : M.globals())
      Seen = Seen || Var.hasAvailableExternallyLinkage();
  };
  promoteAndWait({"f"});
  EXPECT_TRUE(Seen);
  EXPECT_EQ(call("f"), 7);
}

TEST_P(LayerReclaimTest, ExceptionsRuntimeIsThereWhereNobodyElseHasIt) {
  auto &Bare = es().createBareJITDylib("bare");
  cantFail(Bare.define(absoluteSymbols(
      {{name("wait_here"),
        {ExecutorAddr::fromPtr(&waitHere),
         JITSymbolFlags::Exported | JITSymbolFlags::Callable}}})));
  WaitHere = [] {};
  auto Ctx = std::make_unique<LLVMContext>();
  auto M = parseIR("declare void @wait_here()\n"
                   "define i32 @f() { call void @wait_here() ret i32 4 }",
                   *Ctx);
  M->setDataLayout(J->getDataLayout());
  cantFail(L->add(Bare, ThreadSafeModule(std::move(M), std::move(Ctx))));
  auto F = cantFail(es().lookup({&Bare}, name("f")));
  EXPECT_EQ(F.getAddress().toPtr<int (*)()>()(), 4);
  cantFail(L->removeJITDylib(Bare));
  cantFail(es().removeJITDylib(Bare));
}

TEST_P(LayerReclaimTest, ExceptionsPassWhenTheFirstCodeThatHandledThemIsFreed) {
  // Each object with such code has a pointer to the personality function, and
  // the linker would keep one of them for all.
  auto Handler = [](StringRef Name) {
    return ("declare void @raise()\n"
            "declare i32 @__gxx_personality_v0(...)\n"
            "define i32 @" +
            Name +
            "() personality ptr @__gxx_personality_v0 {\n"
            "  invoke void @raise() to label %never unwind label %caught\n"
            "never:\n"
            "  ret i32 0\n"
            "caught:\n"
            "  %e = landingpad { ptr, i32 } catch ptr null\n"
            "  %x = extractvalue { ptr, i32 } %e, 0\n"
            "  call ptr @__cxa_begin_catch(ptr %x)\n"
            "  call void @__cxa_end_catch()\n"
            "  ret i32 1\n"
            "}\n"
            "declare ptr @__cxa_begin_catch(ptr)\n"
            "declare void @__cxa_end_catch()\n")
        .str();
  };
  add("define void @raise() {\n"
      "  %x = call ptr @__cxa_allocate_exception(i64 8)\n"
      "  call void @__cxa_throw(ptr %x, ptr @_ZTIi, ptr null)\n"
      "  unreachable\n"
      "}\n"
      "@_ZTIi = external constant ptr\n"
      "declare ptr @__cxa_allocate_exception(i64)\n"
      "declare void @__cxa_throw(ptr, ptr, ptr)\n");
  auto First = add(Handler("first"));
  EXPECT_EQ(call("first"), 1);
  add(Handler("second"));
  EXPECT_EQ(call("second"), 1);
  promoteAndWait({"first"});
  cantFail(First->remove());
  expectAllFreed(L->getStatus().Freed + L->getStatus().Retired);
  EXPECT_EQ(call("second"), 1);
  promoteAndWait({"second"});
  EXPECT_EQ(call("second"), 1);
}

TEST_P(LayerReclaimTest, RetiredCodeMayGoWithItsJITDylib) {
  auto &JD = es().createBareJITDylib("short-lived");
  auto Ctx = std::make_unique<LLVMContext>();
  auto M = parseIR("define i32 @f() { ret i32 4 }", *Ctx);
  M->setDataLayout(J->getDataLayout());
  auto RT = JD.createResourceTracker();
  cantFail(L->add(RT, ThreadSafeModule(std::move(M), std::move(Ctx))));
  auto F = cantFail(es().lookup({&JD}, name("f")));
  EXPECT_EQ(F.getAddress().toPtr<int (*)()>()(), 4);
  cantFail(RT->remove());
  wait();
  cantFail(L->removeJITDylib(JD));
  cantFail(es().removeJITDylib(JD));
  expectAllFreed(1);
}

//===----------------------------------------------------------------------===//
// Only with counts
//===----------------------------------------------------------------------===//

class LayerCountTest : public LayerReclaimTest {};
INSTANTIATE_TEST_SUITE_P(OldCode, LayerCountTest,
                         testing::Values(OldCode::Count), getName);

ucontext_t MainContext, FiberContext;
std::function<void()> FiberMain;
void enterFiber() { FiberMain(); }

TEST_P(LayerCountTest, WhatAFiberWaitsInStays) {
  add(Waiting);
  call("f", 0);
  WaitHere = [] { swapcontext(&FiberContext, &MainContext); };
  std::vector<char> Stack(1 << 17);
  int Result = -1;
  FiberMain = [&, F = get<int(int)>("f")] { Result = F(1); };
  getcontext(&FiberContext);
  FiberContext.uc_stack.ss_sp = Stack.data();
  FiberContext.uc_stack.ss_size = Stack.size();
  FiberContext.uc_link = &MainContext;
  makecontext(&FiberContext, enterFiber, 0);
  std::thread([] { swapcontext(&MainContext, &FiberContext); }).join();
  promoteAndWait({"f"});
  EXPECT_EQ(L->collect(), 0u);
  std::thread([] { swapcontext(&MainContext, &FiberContext); }).join();
  EXPECT_EQ(Result, 0);
  expectAllFreed(1);
}

TEST_P(LayerCountTest, TablesLeadToStubs) {
  add("@vtable = constant [1 x ptr] [ptr @f]\n" + tierFunction("f"));
  promoteAndWait({"f"});
  EXPECT_EQ(*get<void *>("vtable"), addr("f").toPtr<void *>());
  EXPECT_EQ(call("f"), 1);
}

TEST_P(LayerCountTest, ALastBodyDoesNotCountAndStaysAsLongAsItsFunction) {
  auto Callee = add(tierFunction("f"));
  add("declare i32 @f()\n"
      "define i32 @g() { %t = call i32 @f() ret i32 %t }");
  promoteAndWait({"g"});
  cantFail(Callee->remove());
  wait();
  EXPECT_EQ(L->getStatus().Retired, 0u);
  EXPECT_TRUE(isDefined("g.tier1.1"));
}

//===----------------------------------------------------------------------===//
// Only without
//===----------------------------------------------------------------------===//

class LayerObserveTest : public LayerReclaimTest {};
INSTANTIATE_TEST_SUITE_P(OldCode, LayerObserveTest,
                         testing::Values(OldCode::Observe), getName);

TEST_P(LayerObserveTest, ABodyWithARemovedCalleeInsideIsFreed) {
  auto Callee = add(tierFunction("f"));
  add("@vtable = constant [1 x ptr] [ptr @g]\n"
      "declare i32 @f()\n"
      "define i32 @g() { %t = call i32 @f() ret i32 %t }");
  get<void *>("vtable");
  promoteAndWait({"g"});
  EXPECT_EQ(*get<void *>("vtable"), addr("g.tier1.1").toPtr<void *>());
  cantFail(Callee->remove());
  EXPECT_EQ(*get<void *>("vtable"), addr("g").toPtr<void *>());
  expectAllFreed(1);
  EXPECT_FALSE(isDefined("g.tier1.1"));
}

//===----------------------------------------------------------------------===//
// All at once
//===----------------------------------------------------------------------===//

/// Functions go up two tiers, are taken back, and come again, while threads
/// call them. Each returns a number of its own in every tier.
TEST_P(LayerReclaimTest, ThreadsCallWhileTiersComeAndGo) {
  P->CountedTiers = 2;
  constexpr int Functions = 8;
  auto Text = [](int I) {
    std::string N = std::to_string(I);
    return "declare i32 @which_tier()\n"
           "define i32 @f" +
           N +
           "() {\n"
           "  %tier = call i32 @which_tier()\n"
           "  %big = mul i32 %tier, 1000\n"
           "  %r = add i32 %big, " +
           N + "\n  ret i32 %r\n}\n";
  };
  std::string Callers;
  for (int I = 0; I != Functions; ++I) {
    std::string N = std::to_string(I);
    // What calls a function that is gone would trap: callers are told.
    Callers += "@there" + N + " = global i32 0\n";
  }
  add(Callers);
  std::vector<std::atomic<int> *> There;
  std::vector<int (*)()> Stubs;
  std::vector<ResourceTrackerSP> Trackers;
  for (int I = 0; I != Functions; ++I) {
    There.push_back(get<std::atomic<int>>("there" + std::to_string(I)));
    Trackers.push_back(add(Text(I)));
    Stubs.push_back(get<int()>("f" + std::to_string(I)));
  }
  // Readers of a slot: a function is removed only while nobody is about to
  // call it, but while others run its old tiers.
  std::vector<std::atomic<int>> Callers2(Functions);
  std::atomic<bool> Enough{false};
  std::atomic<unsigned> Wrong{0}, Rounds{0};
  std::vector<std::thread> Threads;
  for (int T = 0; T != 4; ++T)
    Threads.emplace_back([&, T] {
      for (unsigned Round = T; !Enough; ++Round) {
        const int I = Round % Functions;
        ++Callers2[I];
        if (!*There[I])
          Wrong += Stubs[I]() % 1000 != I;
        --Callers2[I];
        ++Rounds;
      }
    });
  for (int Round = 0; Round != 60; ++Round) {
    const int I = Round % Functions;
    for (unsigned Until = Rounds + 2000; Rounds < Until;)
      std::this_thread::yield();
    *There[I] = 1;
    while (Callers2[I])
      std::this_thread::yield();
    cantFail(Trackers[I]->remove());
    Trackers[I] = add(Text(I));
    *There[I] = 0;
  }
  Enough = true;
  for (auto &T : Threads)
    T.join();
  EXPECT_EQ(Wrong, 0u);
  for (auto &RT : Trackers)
    cantFail(RT->remove());
  wait();
  auto S = L->getStatus();
  EXPECT_GT(S.Freed + S.Retired, 60u);
  expectAllFreed(S.Freed + S.Retired);
}

} // namespace
