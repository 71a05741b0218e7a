//===- InstrumenterLoopTest.cpp - Counting of back-edges -----------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InstrumenterTest.h"

#include <algorithm>
#include <thread>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

int sumBelow(int N) { return N * (N - 1) / 2; }

const Shape Shapes[] = {
    {"NoLoop",
     R"(define i32 @f(i32 %n) {
          %n.addr = alloca i32
          store i32 %n, ptr %n.addr
          %r = load i32, ptr %n.addr
          ret i32 %r
        })",
     [](int N) { return Counts{N, 0}; }},

    {"While",
     R"(define i32 @f(i32 %n) noinline optnone {
        entry:
          %n.addr = alloca i32
          %i = alloca i32
          %s = alloca i32
          store i32 %n, ptr %n.addr
          store i32 0, ptr %i
          store i32 0, ptr %s
          br label %cond
        cond:
          %i0 = load i32, ptr %i
          %n0 = load i32, ptr %n.addr
          %more = icmp slt i32 %i0, %n0
          br i1 %more, label %body, label %end
        body:
          %i1 = load i32, ptr %i
          %s1 = load i32, ptr %s
          %s2 = add i32 %s1, %i1
          store i32 %s2, ptr %s
          %i2 = add i32 %i1, 1
          store i32 %i2, ptr %i
          br label %cond
        end:
          %r = load i32, ptr %s
          ret i32 %r
        })",
     [](int N) { return Counts{sumBelow(N), unsigned(N)}; }},

    {"DoWhile",
     R"(define i32 @f(i32 %n) {
        entry:
          %n.addr = alloca i32
          %i = alloca i32
          store i32 %n, ptr %n.addr
          store i32 0, ptr %i
          br label %body
        body:
          %i0 = load i32, ptr %i
          %i1 = add i32 %i0, 1
          store i32 %i1, ptr %i
          br label %cond
        cond:
          %i2 = load i32, ptr %i
          %n0 = load i32, ptr %n.addr
          %more = icmp slt i32 %i2, %n0
          br i1 %more, label %body, label %end
        end:
          %r = load i32, ptr %i
          ret i32 %r
        })",
     [](int N) {
       return Counts{std::max(N, 1), unsigned(std::max(N, 1) - 1)};
     }},

    {"ForWithContinueAndBreak",
     R"(define i32 @f(i32 %n) {
        entry:
          %i = alloca i32
          %s = alloca i32
          store i32 0, ptr %i
          store i32 0, ptr %s
          br label %cond
        cond:
          %i0 = load i32, ptr %i
          %more = icmp slt i32 %i0, 1000000
          br i1 %more, label %body, label %end
        body:
          %done = icmp eq i32 %i0, %n
          br i1 %done, label %end, label %test        ; break
        test:
          %odd = and i32 %i0, 1
          %skip = icmp ne i32 %odd, 0
          br i1 %skip, label %inc, label %work        ; continue
        work:
          %s0 = load i32, ptr %s
          %s1 = add i32 %s0, 1
          store i32 %s1, ptr %s
          br label %inc
        inc:
          %i1 = add i32 %i0, 1
          store i32 %i1, ptr %i
          br label %cond
        end:
          %r = load i32, ptr %s
          ret i32 %r
        })",
     [](int N) { return Counts{(N + 1) / 2, unsigned(N)}; }},

    {"Nested",
     R"(define i32 @f(i32 %n) {
        entry:
          br label %outer
        outer:
          %i = phi i32 [ 0, %entry ], [ %i.next, %outer.inc ]
          %s = phi i32 [ 0, %entry ], [ %s.inner, %outer.inc ]
          %outer.more = icmp slt i32 %i, %n
          br i1 %outer.more, label %inner, label %end
        inner:
          %j = phi i32 [ 0, %outer ], [ %j.next, %inner.body ]
          %s.inner = phi i32 [ %s, %outer ], [ %s.next, %inner.body ]
          %inner.more = icmp slt i32 %j, %i
          br i1 %inner.more, label %inner.body, label %outer.inc
        inner.body:
          %s.next = add i32 %s.inner, 1
          %j.next = add i32 %j, 1
          br label %inner
        outer.inc:
          %i.next = add i32 %i, 1
          br label %outer
        end:
          ret i32 %s
        })",
     [](int N) { return Counts{sumBelow(N), unsigned(N + sumBelow(N))}; }},

    {"NestedDoWhilesThatShareALatch",
     // do { do ++s; while (++j % 3 && j < n); } while (j < n);
     R"(define i32 @f(i32 %n) {
        entry:
          br label %outer
        outer:
          %j.outer = phi i32 [ 0, %entry ], [ %j.next, %latch ]
          br label %inner
        inner:
          %j = phi i32 [ %j.outer, %outer ], [ %j.next, %inner ]
          %j.next = add i32 %j, 1
          %m = urem i32 %j.next, 3
          %third = icmp ne i32 %m, 0
          %more = icmp slt i32 %j.next, %n
          %again = and i1 %third, %more
          br i1 %again, label %inner, label %latch
        latch:
          br i1 %more, label %outer, label %end
        end:
          ret i32 %j.next
        })",
     [](int N) {
       return Counts{std::max(N, 1), unsigned(std::max(N, 1) - 1)};
     }},

    {"SelfLoop",
     R"(define i32 @f(i32 %n) {
        entry:
          br label %loop
        loop:
          %i = phi i32 [ 0, %entry ], [ %next, %loop ]
          %next = add i32 %i, 1
          %more = icmp slt i32 %next, %n
          br i1 %more, label %loop, label %end
        end:
          ret i32 %next
        })",
     [](int N) {
       return Counts{std::max(N, 1), unsigned(std::max(N, 1) - 1)};
     }},

    {"GotoBackwards",
     R"(define i32 @f(i32 %n) {
        entry:
          %i = alloca i32
          store i32 0, ptr %i
          br label %again
        again:
          %i0 = load i32, ptr %i
          %more = icmp slt i32 %i0, %n
          br i1 %more, label %then, label %else
        then:
          %i1 = add i32 %i0, 1
          store i32 %i1, ptr %i
          br label %again                              ; goto again
        else:
          ret i32 %i0
        })",
     [](int N) { return Counts{N, unsigned(N)}; }},

    {"SwitchInALoop",
     // A state machine: 0 -> 1 -> 0 ... until i reaches n.
     R"(define i32 @f(i32 %n) {
        entry:
          %state = alloca i32
          %i = alloca i32
          store i32 0, ptr %state
          store i32 0, ptr %i
          br label %loop
        loop:
          %s = load i32, ptr %state
          switch i32 %s, label %end [ i32 0, label %zero
                                      i32 1, label %one ]
        zero:
          store i32 1, ptr %state
          br label %loop
        one:
          %i0 = load i32, ptr %i
          %i1 = add i32 %i0, 1
          store i32 %i1, ptr %i
          %more = icmp slt i32 %i1, %n
          %next = select i1 %more, i32 0, i32 2
          store i32 %next, ptr %state
          br label %loop
        end:
          %r = load i32, ptr %i
          ret i32 %r
        })",
     [](int N) {
       return Counts{std::max(N, 1), unsigned(2 * std::max(N, 1))};
     }},

    {"SwitchThatIsTheLatchTwice",
     R"(define i32 @f(i32 %n) {
        entry:
          br label %loop
        loop:
          %i = phi i32 [ 0, %entry ], [ %next, %loop ], [ %next, %loop ],
                       [ %next, %loop ]
          %next = add i32 %i, 1
          %more = icmp slt i32 %next, %n
          %m = urem i32 %next, 3
          %way = select i1 %more, i32 %m, i32 3
          switch i32 %way, label %end [ i32 0, label %loop
                                        i32 1, label %loop
                                        i32 2, label %loop ]
        end:
          ret i32 %next
        })",
     [](int N) {
       return Counts{std::max(N, 1), unsigned(std::max(N, 1) - 1)};
     }},

    {"IndirectBranch",
     // Its edges cannot be split: the way out counts too.
     R"(define i32 @f(i32 %n) {
        entry:
          br label %loop
        loop:
          %i = phi i32 [ 0, %entry ], [ %next, %loop ]
          %next = add i32 %i, 1
          %more = icmp slt i32 %next, %n
          %to = select i1 %more, ptr blockaddress(@f, %loop),
                                 ptr blockaddress(@f, %end)
          indirectbr ptr %to, [ label %loop, label %end ]
        end:
          ret i32 %next
        })",
     [](int N) { return Counts{std::max(N, 1), unsigned(std::max(N, 1))}; }},

    {"LoopWithTwoEntries",
     // Even n: a, b, a, b, ...; odd n: b, a, b, ... One edge is taken for the
     // back-edge, which for even n is also the way in.
     R"(define i32 @f(i32 %n) {
        entry:
          %i = alloca i32
          store i32 0, ptr %i
          %low = and i32 %n, 1
          %odd = icmp ne i32 %low, 0
          br i1 %odd, label %b, label %a
        a:
          br label %b
        b:
          %i0 = load i32, ptr %i
          %i1 = add i32 %i0, 1
          store i32 %i1, ptr %i
          %more = icmp slt i32 %i1, %n
          br i1 %more, label %a, label %end
        end:
          ret i32 %i1
        })",
     [](int N) {
       return Counts{std::max(N, 1), unsigned(N % 2 ? N - 1 : std::max(N, 1))};
     }},
};

class InstrumenterLoopTest : public InstrumenterTest,
                             public testing::WithParamInterface<Shape> {};

INSTANTIATE_TEST_SUITE_P(Shapes, InstrumenterLoopTest,
                         testing::ValuesIn(Shapes),
                         [](auto &Info) { return Info.param.Name; });

TEST_P(InstrumenterLoopTest, CountsEachBackEdge) {
  add(GetParam().IR);
  auto *F = get<int(int)>("f");
  for (int N : {0, 1, 2, 3, 7, 100, 1001}) {
    armFarAway();
    Counts Expected = GetParam().Expect(N);
    EXPECT_EQ(F(N), Expected.Result) << N;
    EXPECT_EQ(loops(), Expected.BackEdges) << N;
    EXPECT_EQ(calls(), 1u) << N;
  }
  EXPECT_EQ(Trips.size(), 0u);
}

TEST_P(InstrumenterLoopTest, TripsOnceInTheLoopWithoutACaller) {
  add(GetParam().IR);
  auto *F = get<int(int)>("f");
  const int N = 1001;
  Counts Expected = GetParam().Expect(N);
  for (int32_t Left : {0, 1, 500, 999}) {
    Trips.clear();
    arm(RearmedCount, Left);
    EXPECT_EQ(F(N), Expected.Result);
    EXPECT_EQ(loops(), Expected.BackEdges);
    ASSERT_EQ(Trips.size(), Expected.BackEdges ? 1u : 0u);
    if (Expected.BackEdges) {
      EXPECT_EQ(Trips[0].Caller, 0u);
      EXPECT_EQ(Trips[0].Id, HookId);
      EXPECT_EQ(Trips[0].Version, Version);
    }
  }
}

TEST_F(InstrumenterTest, TheUsualPathIsOneLoadAndOneStore) {
  LLVMContext Ctx;
  for (const Shape &S : Shapes) {
    auto M = instrumented(S.IR, Ctx);
    unsigned Loads = 0, Hooks = 0;
    for (Instruction &I : instructions(*M->getFunction("f"))) {
      Loads += isa<LoadInst>(I) && I.isVolatile();
      if (auto *Call = dyn_cast<CallInst>(&I))
        Hooks += Call->getCalledFunction()->getName() == HookName;
    }
    EXPECT_EQ(Loads, Hooks) << S.Name;
    EXPECT_GE(Loads, 1u) << S.Name;
  }
}

//===----------------------------------------------------------------------===//
// Exceptions
//===----------------------------------------------------------------------===//

TEST_F(InstrumenterTest, AnInvokeThatIsALatchCountsOnBothWays) {
  add(std::string(ExceptionIR) + R"(
    define i32 @f(i32 %n) uwtable personality ptr @__gxx_personality_v0 {
    entry:
      %i = alloca i32
      %caught = alloca i32
      store i32 0, ptr %i
      store i32 0, ptr %caught
      br label %cond
    cond:
      %i0 = load i32, ptr %i
      %more = icmp slt i32 %i0, %n
      br i1 %more, label %body, label %end
    body:
      %i1 = add i32 %i0, 1
      store i32 %i1, ptr %i
      invoke i32 @throw_if(i32 %i0) to label %cond unwind label %lpad
    lpad:
      %l = landingpad { ptr, i32 } catch ptr null
      %e = extractvalue { ptr, i32 } %l, 0
      %p = call ptr @__cxa_begin_catch(ptr %e)
      call void @__cxa_end_catch()
      %c = load i32, ptr %caught
      %c1 = add i32 %c, 1
      store i32 %c1, ptr %caught
      br label %cond
    end:
      %r = load i32, ptr %caught
      ret i32 %r
    }
  )");
  auto *F = get<int(int)>("f");
  for (int N : {0, 1, 2, 10, 300}) {
    armFarAway();
    EXPECT_EQ(F(N), (N + 2) / 3);
    EXPECT_EQ(loops(), unsigned(N));
  }
  Trips.clear();
  arm(0, 100);
  EXPECT_EQ(F(300), 100);
  EXPECT_EQ(Trips.size(), 2u);
}

TEST_F(InstrumenterTest, ALoopThatGoesBackToALandingPadStillRuns) {
  add(std::string(ExceptionIR) + R"(
    define i32 @f(i32 %n) uwtable personality ptr @__gxx_personality_v0 {
    entry:
      %tries = alloca i32
      store i32 0, ptr %tries
      invoke i32 @throw_if(i32 0) to label %end unwind label %lpad
    lpad:
      %l = landingpad { ptr, i32 } catch ptr null
      %e = extractvalue { ptr, i32 } %l, 0
      %p = call ptr @__cxa_begin_catch(ptr %e)
      call void @__cxa_end_catch()
      %t = load i32, ptr %tries
      %t1 = add i32 %t, 1
      store i32 %t1, ptr %tries
      %more = icmp slt i32 %t1, %n
      %three = mul i32 %t1, 3
      %argument = select i1 %more, i32 %three, i32 1
      invoke i32 @throw_if(i32 %argument) to label %end unwind label %lpad
    end:
      %r = load i32, ptr %tries
      ret i32 %r
    }
  )");
  armFarAway();
  EXPECT_EQ(get<int(int)>("f")(20), 20);
  EXPECT_EQ(calls(), 1u);
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

TEST_F(InstrumenterTest, ThreadsMayLoseCountsButNotTheTrip) {
  setHook(countTrip);
  add(Shapes[1].IR); // While
  auto *F = get<int(int)>("f");
  constexpr unsigned Threads = 8, Calls = 2000;
  for (int Round = 0; Round != 20; ++Round) {
    TripCount = 0;
    // Each thread alone would trip, by calls and by iterations.
    arm(Calls / 2, Calls * 5);
    std::atomic<unsigned> Wrong{0};
    std::vector<std::thread> Callers;
    for (unsigned T = 0; T != Threads; ++T)
      Callers.emplace_back([&] {
        for (unsigned I = 0; I != Calls; ++I)
          Wrong += F(10) != sumBelow(10);
      });
    for (auto &T : Callers)
      T.join();
    EXPECT_EQ(Wrong, 0u);
    EXPECT_GE(TripCount, 2u);
    EXPECT_LE(TripCount, Calls / 10);
  }
}

} // namespace
