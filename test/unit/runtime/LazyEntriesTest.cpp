//===- LazyEntriesTest.cpp - Tests of reopt::LazyEntries ------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// JIT'd code calls entries, here or in an executor process, and the resolver,
// which always runs here, says where the calls go on.
//
//===----------------------------------------------------------------------===//

#include "reopt/LazyEntries.h"
#include "reopt/StubTable.h"

#include "TestExecutor.h"

#include "llvm/ExecutionEngine/Orc/SelfExecutorProcessControl.h"

#include <atomic>
#include <cerrno>
#include <cfenv>
#include <set>
#include <thread>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

using Answer = LazyEntries::NotifyLandingResolved;

class LazyEntriesTest : public ExecutorTest {
protected:
  void SetUp() override {
    ExecutorTest::SetUp();
    addIR(R"(
      define i32 @body1(i32 %x) { %r = add i32 %x, 1 ret i32 %r }
      define i32 @body2(i32 %x) { %r = add i32 %x, 2 ret i32 %r }
      define i32 @failed(i32 %x) { ret i32 -77 }
    )");
    Body1 = addr("body1");
    Body2 = addr("body2");
    Failed = addr("failed");
  }

  void TearDown() override {
    Lazy.reset();
    Stubs.reset();
    ExecutorTest::TearDown();
  }

  void createLazy(LazyEntries::ResolveFn Resolve) {
    Lazy = cantFail(LazyEntries::Create(es(), Failed, std::move(Resolve)));
  }
  ExecutorAddr createEntry(uint64_t Id) {
    return cantFail(Lazy->create({Id})).front();
  }

  ExecutorAddr Body1, Body2, Failed;
  std::unique_ptr<StubTable> Stubs;
  std::unique_ptr<LazyEntries> Lazy;
};

INSTANTIATE_TEST_SUITE_P(Executors, LazyEntriesTest, allPlaces(), whereName);

//===----------------------------------------------------------------------===//
// Calls arrive, with what they carry
//===----------------------------------------------------------------------===//

TEST_P(LazyEntriesTest, ACallGoesOnWhereItsIdResolvesTo) {
  createLazy([&](uint64_t Id, Answer A) {
    A(Id == 1 ? Body1 : Id == ~uint64_t(0) ? Body2 : ExecutorAddr());
  });
  auto Entries = cantFail(Lazy->create({1, ~uint64_t(0)}));
  EXPECT_EQ(call(Entries[0], 10), 11);
  EXPECT_EQ(call(Entries[1], 10), 12);
}

TEST_P(LazyEntriesTest, ThousandsOfEntriesKeepTheirIds) {
  const unsigned N = 3000;
  std::mutex M;
  std::vector<uint64_t> Asked;
  createLazy([&](uint64_t Id, Answer A) {
    {
      std::lock_guard<std::mutex> Lock(M);
      Asked.push_back(Id);
    }
    A(Id % 2 ? Body1 : Body2);
  });
  std::vector<uint64_t> Ids;
  for (unsigned I = 0; I != N; ++I)
    Ids.push_back(uint64_t(I) << 40 | I);
  auto Entries = cantFail(Lazy->create(Ids));
  EXPECT_EQ(std::set<ExecutorAddr>(Entries.begin(), Entries.end()).size(), N);
  for (unsigned I = 0; I != N; ++I)
    ASSERT_EQ(call(Entries[I], I), int(I % 2 ? I + 1 : I + 2));
  EXPECT_EQ(Asked, Ids);
}

TEST_P(LazyEntriesTest, ArgumentsInRegistersAndOnTheStackArrive) {
  addIR(R"(
    define double @wide(i64 %a, i64 %b, i64 %c, i64 %d, i64 %e, i64 %f,
                        double %p, double %q, double %r, double %s,
                        double %t, double %u, <2 x double> %v, <4 x float> %w,
                        i64 %g, double %x) {
      %ab = mul i64 %a, 10
      %ab1 = add i64 %ab, %b
      %c0 = mul i64 %ab1, 10
      %c1 = add i64 %c0, %c
      %d0 = mul i64 %c1, 10
      %d1 = add i64 %d0, %d
      %e0 = mul i64 %d1, 10
      %e1 = add i64 %e0, %e
      %f0 = mul i64 %e1, 10
      %f1 = add i64 %f0, %f
      %g0 = mul i64 %f1, 10
      %g1 = add i64 %g0, %g                       ; 1234567
      %i = sitofp i64 %g1 to double
      %q0 = fadd double %p, %q
      %r0 = fadd double %q0, %r
      %s0 = fadd double %r0, %s
      %t0 = fadd double %s0, %t
      %u0 = fadd double %t0, %u
      %v0 = extractelement <2 x double> %v, i32 0
      %v1 = extractelement <2 x double> %v, i32 1
      %w3 = extractelement <4 x float> %w, i32 3
      %w3d = fpext float %w3 to double
      %v2 = fadd double %u0, %v0
      %v3 = fadd double %v2, %v1
      %v4 = fadd double %v3, %w3d
      %x0 = fadd double %v4, %x
      %y = fadd double %x0, %i
      ret double %y
    }
    ; clang passes the number of vector registers of a variadic call in al; a
    ; body that stores them only if al says so shows that it arrived.
    define i32 @variadic(i32 %n, ...) {
      %ap = alloca [3 x i64], align 16
      call void @llvm.va_start(ptr %ap)
      %x = va_arg ptr %ap, double
      %i = fptosi double %x to i32
      call void @llvm.va_end(ptr %ap)
      %r = add i32 %i, %n
      ret i32 %r
    }
    declare void @llvm.va_start(ptr)
    declare void @llvm.va_end(ptr)
  )");
  ExecutorAddr Targets[] = {addr("wide"), addr("variadic")};
  createLazy([&](uint64_t Id, Answer A) { A(Targets[Id]); });
  auto Entries = cantFail(Lazy->create({0, 1}));
  define("lazy_wide", Entries[0]);
  define("lazy_variadic", Entries[1]);
  addIR(R"(
    declare double @lazy_wide(i64, i64, i64, i64, i64, i64,
                              double, double, double, double, double, double,
                              <2 x double>, <4 x float>, i64, double)
    declare i32 @lazy_variadic(i32, ...)
    define i32 @call_wide(i32 %ignored) {
      %r = call double @lazy_wide(
          i64 1, i64 2, i64 3, i64 4, i64 5, i64 6,
          double 1.0e7, double 2.0e7, double 3.0e7, double 4.0e7, double 5.0e7,
          double 6.0e7, <2 x double> <double 7.0e7, double 8.0e7>,
          <4 x float> <float 0.0, float 0.0, float 0.0, float 9.0e7>,
          i64 7, double 1.0e8)
      %i = fptosi double %r to i32
      ret i32 %i
    }
    define i32 @call_variadic(i32 %x) {
      %d = sitofp i32 %x to double
      %r = call i32 (i32, ...) @lazy_variadic(i32 5, double %d)
      ret i32 %r
    }
  )");
  EXPECT_EQ(call(addr("call_wide"), 0), 551234567);
  EXPECT_EQ(call(addr("call_variadic"), 100), 105);
}

TEST_P(LazyEntriesTest, ErrnoIsTheCallersAfterwards) {
  createLazy([&](uint64_t, Answer A) {
    errno = EDOM;
    A(Body1);
  });
  define("lazy", createEntry(0));
  addIR(R"(
    declare ptr @__errno_location()
    declare i32 @lazy(i32)
    define i32 @caller(i32 %e) {
      %p = call ptr @__errno_location()
      store i32 %e, ptr %p
      %r = call i32 @lazy(i32 %e)
      %q = call ptr @__errno_location()
      %now = load i32, ptr %q
      %sum = add i32 %r, %now
      ret i32 %sum
    }
  )");
  EXPECT_EQ(call(addr("caller"), 1000), 2001);
  EXPECT_EQ(call(addr("caller"), 0), 1);
}

/// The resolver runs on the thread that called.
class LazyEntriesInProcessTest : public LazyEntriesTest {};
INSTANTIATE_TEST_SUITE_P(Executors, LazyEntriesInProcessTest,
                         testing::Values(Where::InProcess), whereName);

TEST_P(LazyEntriesInProcessTest, TheRoundingModeIsTheCallersAfterwards) {
  createLazy([&](uint64_t, Answer A) {
    std::fesetround(FE_UPWARD);
    A(Body1);
  });
  auto Entry = createEntry(0);
  std::fesetround(FE_DOWNWARD);
  int Result = Entry.toPtr<int (*)(int)>()(10);
  int Mode = std::fegetround();
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(Result, 11);
  EXPECT_EQ(Mode, FE_DOWNWARD);
}

//===----------------------------------------------------------------------===//
// Entries are called many times, by many threads
//===----------------------------------------------------------------------===//

TEST_P(LazyEntriesTest, EachCallOfAnEntryIsResolved) {
  std::atomic<int> Calls{0};
  createLazy([&](uint64_t, Answer A) { A(++Calls == 1 ? Body1 : Body2); });
  auto Entry = createEntry(0);
  EXPECT_EQ(call(Entry, 0), 1);
  EXPECT_EQ(call(Entry, 0), 2);
  EXPECT_EQ(call(Entry, 0), 2);
  EXPECT_EQ(Calls, 3);
}

TEST_P(LazyEntriesTest, ManyThreadsCallOneEntryWhileTheAnswerIsStillOut) {
  std::mutex M;
  std::vector<Answer> Waiting;
  std::atomic<int> NumWaiting{0};
  createLazy([&](uint64_t, Answer A) {
    std::lock_guard<std::mutex> Lock(M);
    Waiting.push_back(std::move(A));
    ++NumWaiting;
  });
  auto Entry = createEntry(0);
  std::atomic<int> Right{0};
  std::vector<std::thread> Callers;
  for (int T = 0; T != 8; ++T)
    Callers.emplace_back([&, T] { Right += call(Entry, T) == T + 1; });
  while (NumWaiting != 8)
    std::this_thread::yield();
  EXPECT_EQ(Right, 0);
  for (auto &A : Waiting) // From another thread than those that asked.
    A(Body1);
  for (auto &T : Callers)
    T.join();
  EXPECT_EQ(Right, 8);
}

TEST_P(LazyEntriesTest, TheFirstCallRedirectsTheStubAndLateCallersStillArrive) {
  Stubs = cantFail(StubTable::Create(es(), epc().getMemMgr()));
  auto F = es().intern("f");
  std::atomic<unsigned> Resolved{0};
  createLazy([&](uint64_t, Answer A) {
    ++Resolved;
    cantFail(Stubs->redirect(jd(), {{F, Body1}}));
    A(Body1);
  });
  auto Entry = createEntry(0);
  define("f", cantFail(Stubs->create(jd(), {{F, Entry}})).front());
  addIR(R"(
    declare i32 @f(i32)
    define i32 @caller(i32 %n) {
    entry:
      br label %loop
    loop:
      %i = phi i32 [ 0, %entry ], [ %next, %loop ]
      %wrong = phi i32 [ 0, %entry ], [ %wrong.next, %loop ]
      %r = call i32 @f(i32 %i)
      %next = add i32 %i, 1
      %differs = icmp ne i32 %r, %next
      %w = zext i1 %differs to i32
      %wrong.next = add i32 %wrong, %w
      %more = icmp ult i32 %next, %n
      br i1 %more, label %loop, label %exit
    exit:
      ret i32 %wrong.next
    }
  )");
  auto Caller = addr("caller");
  std::atomic<int> Wrong{0};
  for (int Round = 0; Round != 50; ++Round) {
    // As a caller would that had loaded the slot before the redirection.
    cantFail(Stubs->redirect(jd(), {{F, Entry}}));
    std::vector<std::thread> Callers;
    for (int T = 0; T != 4; ++T)
      Callers.emplace_back([&] { Wrong += call(Caller, 1000); });
    for (auto &T : Callers)
      T.join();
  }
  EXPECT_EQ(Wrong, 0);
  EXPECT_GE(Resolved, 50u);
  EXPECT_LE(Resolved, 200u);
}

TEST_P(LazyEntriesTest, AResolverMayCallEntriesItself) {
  ExecutorAddr Inner;
  createLazy([&](uint64_t Id, Answer A) {
    if (Id == 0)
      EXPECT_EQ(call(Inner, 1), 2);
    A(Body1);
  });
  auto Entries = cantFail(Lazy->create({0, 1}));
  Inner = Entries[1];
  EXPECT_EQ(call(Entries[0], 5), 6);
}

//===----------------------------------------------------------------------===//
// Failure, release, shutdown
//===----------------------------------------------------------------------===//

TEST_P(LazyEntriesTest, FailedCallsGoToTheErrorHandler) {
  createLazy([&](uint64_t Id, Answer A) {
    if (Id == 0)
      A(ExecutorAddr()); // No address,
    else if (Id == 1)
      Answer Dropped = std::move(A); // no answer,
    else
      std::thread([A = std::move(A)]() mutable {}).join(); // nor elsewhere.
  });
  for (auto Entry : cantFail(Lazy->create({0, 1, 2})))
    EXPECT_EQ(call(Entry, 10), -77);
}

TEST_P(LazyEntriesTest, WithoutAnErrorHandlerFailedCallsFault) {
  Lazy = cantFail(LazyEntries::Create(
      es(), ExecutorAddr(), [](uint64_t, Answer A) { A(ExecutorAddr()); }));
  const ExecutorAddr Entry = createEntry(0);
  if (GetParam() == Where::InProcess) {
    EXPECT_EXIT(call(Entry, 0), testing::KilledBySignal(SIGILL), "");
    return;
  }
  // The executor dies of it.
  es().setErrorReporter([](Error Err) { consumeError(std::move(Err)); });
  auto Result = epc().runAsIntFunction(Entry, 0);
  EXPECT_FALSE(!!Result);
  consumeError(Result.takeError());
  int Status = 0;
  ASSERT_EQ(waitpid(Pid, &Status, 0), Pid);
  Pid = 0;
  ASSERT_TRUE(WIFSIGNALED(Status));
  EXPECT_EQ(WTERMSIG(Status), SIGILL);
}

TEST_P(LazyEntriesTest, ReleasedEntriesFailAndAreUsedAgainLateAndInOrder) {
  createLazy([&](uint64_t, Answer A) { A(Body1); });
  std::vector<uint64_t> Ids(600, 7);
  auto Entries = cantFail(Lazy->create(Ids));
  EXPECT_EQ(call(Entries[0], 0), 1);
  Lazy->release(ArrayRef(Entries).take_front(512));
  EXPECT_EQ(call(Entries[0], 0), -77);
  EXPECT_EQ(call(Entries[599], 0), 1);
  Lazy->release(Entries[0]); // A second time: no effect.
  auto Fresh = createEntry(8);
  EXPECT_EQ(llvm::count(Entries, Fresh), 0);
  Lazy->release(ArrayRef(Entries).slice(512, 2));
  EXPECT_EQ(createEntry(8), Entries[0]);
  EXPECT_EQ(createEntry(8), Entries[1]);
  EXPECT_EQ(llvm::count(Entries, createEntry(8)), 0);
  EXPECT_EQ(call(Entries[0], 0), 1);
}

TEST_P(LazyEntriesTest, ShutdownFreesAndCreateFailsAfterwards) {
  createLazy([&](uint64_t, Answer A) { A(Body1); });
  cantFail(Lazy->create({1, 2, 3}));
  cantFail(Lazy->shutdown());
  cantFail(Lazy->shutdown());
  EXPECT_EQ(toString(Lazy->create({4}).takeError()),
            "lazy entries are shut down");
}

/// The caller may go on before its resolver has returned.
class LazyEntriesRemoteTest : public LazyEntriesTest {};
INSTANTIATE_TEST_SUITE_P(Executors, LazyEntriesRemoteTest,
                         testing::Values(Where::Remote), whereName);

TEST_P(LazyEntriesRemoteTest, ShutdownWaitsForAResolverThatHasAnswered) {
  std::atomic<bool> ShuttingDown{false}, Returns{false};
  createLazy([&](uint64_t, Answer A) {
    A(Body1);
    while (!ShuttingDown)
      std::this_thread::yield();
    // Who does not wait will most likely be done by then.
    for (int I = 0; I != 10000; ++I)
      std::this_thread::yield();
    Returns = true;
  });
  EXPECT_EQ(call(createEntry(0), 0), 1);
  ShuttingDown = true;
  cantFail(Lazy->shutdown());
  EXPECT_TRUE(Returns);
}

TEST_P(LazyEntriesTest, OneSessionCanHaveSeveral) {
  createLazy([&](uint64_t, Answer A) { A(Body1); });
  for (int I = 0; I != 3; ++I) {
    auto Other = cantFail(LazyEntries::Create(
        es(), Failed, [&](uint64_t, Answer A) { A(Body2); }));
    EXPECT_EQ(call(cantFail(Other->create({0})).front(), 0), 2);
    EXPECT_EQ(call(createEntry(0), 0), 1);
  }
}

TEST(LazyEntriesTargetTest, OtherTargetsAreNamedInTheError) {
  ExecutionSession ES(std::make_unique<SelfExecutorProcessControl>(
      std::make_shared<SymbolStringPool>(),
      std::make_unique<InPlaceTaskDispatcher>(),
      Triple("riscv64-unknown-linux-gnu"), 4096,
      std::make_unique<jitlink::InProcessMemoryManager>(4096)));
  auto Lazy = LazyEntries::Create(ES, ExecutorAddr(), [](uint64_t, Answer) {});
  EXPECT_EQ(toString(Lazy.takeError()),
            "no lazy entries for target riscv64-unknown-linux-gnu (x86_64 and "
            "aarch64, not Windows, have them)");
  cantFail(ES.endSession());
}

} // namespace
