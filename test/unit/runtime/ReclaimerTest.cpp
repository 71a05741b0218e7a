//===- ReclaimerTest.cpp - Freed by proof, and not before -----------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// First with observations that the test makes up, then with bodies that threads
// are really in.
//
//===----------------------------------------------------------------------===//

#include "reopt/Reclaimer.h"
#include "reopt/ActiveCount.h"
#include "reopt/ThreadObserver.h"

#include "TestExecutor.h"

#include <csetjmp>
#include <functional>
#include <semaphore.h>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <ucontext.h>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

/// Sees what the test says.
class ScriptedProof : public QuiescenceProof {
public:
  Observation observe(ArrayRef<ObservedRange> Ranges, const void *) override {
    ++Observations;
    if (During)
      During();
    Observation Seen{BitVector(Ranges.size(), !Obstacle.empty()), Obstacle};
    for (size_t I = 0; I != Ranges.size(); ++I)
      if (Held.count(Ranges[I].Range.Start))
        Seen.Held.set(I);
    return Seen;
  }

  std::set<ExecutorAddr> Held;
  std::string Obstacle;
  std::function<void()> During;
  unsigned Observations = 0;
};

class ReclaimerTest : public testing::Test, protected TestExecutor {
protected:
  static void SetUpTestSuite() { initializeTarget(); }
  void SetUp() override {
    start(Where::InProcess);
    create(/*Background=*/false);
  }
  void TearDown() override {
    Old.reset();
    stop();
  }

  void create(bool Background) {
    auto TheProof = std::make_unique<ScriptedProof>();
    Proof = TheProof.get();
    Reclaimer::Settings S;
    S.Background = Background;
    S.Interval = std::chrono::milliseconds(1);
    Old = std::make_unique<Reclaimer>(es(), std::move(TheProof), S);
  }

  /// Unit \p N has its code at 1000 * N.
  static ExecutorAddr begin(unsigned N) { return ExecutorAddr(0x1000 * N); }
  void retire(unsigned N, ArrayRef<ActiveCount *> Counts = {}) {
    RetiredCode Code;
    Code.Ranges.push_back({begin(N), begin(N) + 16});
    for (ActiveCount *C : Counts)
      Code.Counts.push_back(ExecutorAddr::fromPtr(C));
    Old->retire(std::move(Code), [this, N] {
      Freed.push_back(N);
      return Error::success();
    });
  }
  using Numbers = std::vector<unsigned>;

  std::unique_ptr<Reclaimer> Old;
  ScriptedProof *Proof = nullptr;
  Numbers Freed;
};

TEST_F(ReclaimerTest, WhatNobodyHoldsIsFreed) {
  ActiveCount C = {5, 5};
  retire(1, {&C});
  retire(2, {&C});
  EXPECT_EQ(Old->pending(), 2u);
  EXPECT_TRUE(Freed.empty());
  EXPECT_EQ(Old->collect(), 2u);
  EXPECT_EQ(Freed, (Numbers{1, 2}));
  EXPECT_EQ(Old->pending(), 0u);
  EXPECT_EQ(Proof->Observations, 1u) << "one observation serves all";
  Old->waitUntilEmpty();
}

TEST_F(ReclaimerTest, WhatSomebodyIsInsideOfStays) {
  ActiveCount C = {5, 4};
  retire(1, {&C});
  EXPECT_EQ(Old->collect(), 0u);
  EXPECT_EQ(Proof->Observations, 0u) << "there was nothing to prove";
  C.Exits = 5;
  EXPECT_EQ(Old->collect(), 1u);
}

TEST_F(ReclaimerTest, EachCountCounts) {
  ActiveCount A = {5, 5}, B = {1, 0};
  retire(1, {&A, &B});
  EXPECT_EQ(Old->collect(), 0u);
  B.Exits = 1;
  EXPECT_EQ(Old->collect(), 1u);
}

TEST_F(ReclaimerTest, WhatSomebodyHoldsStays) {
  retire(1);
  retire(2);
  Proof->Held = {begin(1)};
  EXPECT_EQ(Old->collect(), 1u);
  EXPECT_EQ(Freed, Numbers{2});
  Proof->Held.clear();
  EXPECT_EQ(Old->collect(), 1u);
  EXPECT_EQ(Freed, (Numbers{2, 1}));
}

TEST_F(ReclaimerTest, AUnitStaysAsAWhole) {
  RetiredCode Code;
  Code.Ranges.push_back({begin(1), begin(1) + 16});
  Code.Ranges.push_back({begin(2), begin(2) + 16});
  Old->retire(std::move(Code), [] { return Error::success(); });
  retire(3);
  Proof->Held = {begin(2)};
  EXPECT_EQ(Old->collect(), 1u);
  EXPECT_EQ(Freed, Numbers{3});
  EXPECT_EQ(Old->pending(), 1u);
}

// In and out again: the counts are equal before and after.
TEST_F(ReclaimerTest, WhatSomebodyEnteredMeanwhileStays) {
  ActiveCount C = {5, 5};
  retire(1, {&C});
  Proof->During = [&] { C = {6, 6}; };
  EXPECT_EQ(Old->collect(), 0u);
  EXPECT_EQ(Old->collect(), 1u) << "this time nobody did";
}

TEST_F(ReclaimerTest, WithoutProofNothingIsFreed) {
  retire(1);
  Proof->Obstacle = "thread 7 is out of sight";
  EXPECT_EQ(Old->collect(), 0u);
  EXPECT_EQ(Old->getStatus().Obstacle, "thread 7 is out of sight");
  Proof->Obstacle = "";
  EXPECT_EQ(Old->collect(), 1u);
  EXPECT_EQ(Old->getStatus().Obstacle, "");
}

TEST_F(ReclaimerTest, WhatIsRetiredDuringAnObservationWaitsForTheNext) {
  retire(1);
  Proof->During = [&] {
    Proof->During = nullptr;
    retire(2);
  };
  EXPECT_EQ(Old->collect(), 1u);
  EXPECT_EQ(Freed, Numbers{1});
  EXPECT_EQ(Old->collect(), 1u);
}

TEST_F(ReclaimerTest, FreeingRunsWithoutLocks) {
  Old->retire({}, [this] {
    retire(2);
    EXPECT_EQ(Old->pending(), 2u);
    EXPECT_EQ(Old->collect(), 1u);
    return Error::success();
  });
  EXPECT_EQ(Old->collect(), 1u);
  EXPECT_EQ(Freed, Numbers{2});
  EXPECT_EQ(Old->pending(), 0u);
}

TEST_F(ReclaimerTest, ErrorsOfFreeingAreReported) {
  std::string Reported;
  es().setErrorReporter(
      [&](Error Err) { Reported = toString(std::move(Err)); });
  Old->retire({}, [] { return createStringError("no such memory"); });
  EXPECT_EQ(Old->collect(), 1u);
  EXPECT_EQ(Reported, "no such memory");
}

TEST_F(ReclaimerTest, ShutdownFreesWhatIsProvenAndLetsGoOfTheRest) {
  auto Token = std::make_shared<int>(1);
  std::weak_ptr<int> Watch = Token;
  ActiveCount C = {1, 0};
  RetiredCode Code;
  Code.Counts.push_back(ExecutorAddr::fromPtr(&C));
  Old->retire(std::move(Code), [Token = std::move(Token)] {
    ADD_FAILURE() << "freed while somebody is inside";
    return Error::success();
  });
  retire(2);
  EXPECT_EQ(Old->shutdown(), 1u);
  EXPECT_EQ(Freed, Numbers{2});
  EXPECT_TRUE(Watch.expired());
  EXPECT_EQ(Old->shutdown(), 0u);
  EXPECT_EQ(Old->collect(), 0u);
}

TEST_F(ReclaimerTest, NoObserverNoReclaiming) {
  Old = std::make_unique<Reclaimer>(es(), nullptr, Reclaimer::Settings());
  retire(1);
  EXPECT_EQ(Old->collect(), 0u);
  EXPECT_EQ(Old->getStatus().Obstacle,
            "threads of this executor cannot be observed");
  EXPECT_EQ(Old->shutdown(), 1u);
  EXPECT_TRUE(Freed.empty());
}

TEST_F(ReclaimerTest, TheBackgroundThreadFrees) {
  create(/*Background=*/true);
  for (unsigned N = 1; N != 200; ++N)
    retire(N);
  Old->waitUntilEmpty();
  EXPECT_EQ(Freed.size(), 199u);
}

TEST_F(ReclaimerTest, TheBackgroundThreadTriesAgain) {
  create(/*Background=*/true);
  std::atomic<unsigned> Tries{0};
  Proof->During = [&] { Proof->Obstacle = ++Tries < 4 ? "not yet" : ""; };
  retire(1);
  Old->waitUntilEmpty();
  EXPECT_EQ(Tries, 4u);
}

TEST_F(ReclaimerTest, TheChildOfAForkFreesNothing) {
  create(/*Background=*/true);
  ActiveCount C = {1, 0};
  retire(1, {&C});
  pid_t Child = fork();
  if (Child == 0) {
    C.Exits = 1;
    retire(2);
    bool Nothing = Old->collect() == 0;
    Old->waitUntilEmpty();
    Nothing &= Old->shutdown() == 0;
    Old.reset();
    _exit(Nothing && Freed.empty() ? 0 : 1);
  }
  int Status = -1;
  waitpid(Child, &Status, 0);
  EXPECT_EQ(Status, 0);
  C.Exits = 1;
  Old->waitUntilEmpty();
  EXPECT_EQ(Freed, Numbers{1});
}

//===----------------------------------------------------------------------===//
// Bodies that are run
//===----------------------------------------------------------------------===//

sem_t Inside, GoOn;
void waitAsleep(sem_t &S) {
  while (sem_wait(&S) != 0)
    ;
}
std::function<void()> *AtCall;
extern "C" void callBack() { (*AtCall)(); }

class ReclaimerBodyTest : public ReclaimerTest {
protected:
  void SetUp() override {
    ReclaimerTest::SetUp();
    sem_init(&Inside, 0, 0);
    sem_init(&GoOn, 0, 0);
    Reclaimer::Settings S;
    S.Background = false;
    Old = std::make_unique<Reclaimer>(es(),
                                      cantFail(ThreadObserver::Create({})), S);
    define("call_back", ExecutorAddr::fromPtr(callBack));
    AtCall = &Back;
  }

  /// A body with a tracker of its own.
  struct Body {
    ResourceTrackerSP RT;
    std::unique_ptr<ActiveCount> Count = std::make_unique<ActiveCount>();
    uint64_t NotBegin = 0; ///< The complement: no stack shall have it.
  };

  LLVM_ATTRIBUTE_NOINLINE Body add(StringRef Name) {
    Body B;
    B.RT = jd().createResourceTracker();
    auto Ctx = std::make_unique<LLVMContext>();
    auto M = parseIR(("declare void @call_back() nounwind\n"
                      "define i32 @" +
                      Name +
                      "(i32 %n) nounwind {\n"
                      "  call void @call_back()\n"
                      "  %r = add i32 %n, 1\n"
                      "  ret i32 %r\n"
                      "}\n")
                         .str(),
                     *Ctx);
    cantFail(countActive(*M->getFunction(Name),
                         ExecutorAddr::fromPtr(B.Count.get())));
    cantFail(
        J->addIRModule(B.RT, ThreadSafeModule(std::move(M), std::move(Ctx))));
    B.NotBegin = ~addr(Name).getValue();
    return B;
  }
  LLVM_ATTRIBUTE_NOINLINE static int call(Body &B, int N) {
    return ExecutorAddr(~B.NotBegin).toPtr<int (*)(int)>()(N);
  }
  LLVM_ATTRIBUTE_NOINLINE void retireBody(Body &B) {
    RetiredCode Code;
    Code.Ranges.push_back(
        {ExecutorAddr(~B.NotBegin), ExecutorAddr(~B.NotBegin + 32)});
    Code.Counts.push_back(ExecutorAddr::fromPtr(B.Count.get()));
    Old->retire(std::move(Code), [RT = B.RT] { return RT->remove(); });
    B.RT = nullptr;
  }
  std::function<void()> Back;
};

TEST_F(ReclaimerBodyTest, FreedWhenItReturned) {
  Body B = add("f");
  Back = [] {
    sem_post(&Inside);
    waitAsleep(GoOn);
  };
  int Result = 0;
  std::thread T([&] { Result = call(B, 1); });
  waitAsleep(Inside);
  retireBody(B);
  EXPECT_EQ(Old->collect(), 0u);
  sem_post(&GoOn);
  T.join();
  EXPECT_EQ(Result, 2);
  EXPECT_EQ(Old->collect(), 1u);
}

TEST_F(ReclaimerBodyTest, CollectedFromInsideItStays) {
  Body B = add("f");
  size_t FreedInside = 1;
  Back = [&] {
    retireBody(B);
    // As if it had not counted: its return address is on this stack.
    ActiveCount Before = *B.Count;
    B.Count->Exits = B.Count->Entries;
    FreedInside = Old->collect();
    *B.Count = Before;
  };
  EXPECT_EQ(call(B, 1), 2);
  EXPECT_EQ(FreedInside, 0u);
  EXPECT_EQ(Old->collect(), 1u);
}

jmp_buf Escape;
TEST_F(ReclaimerBodyTest, AnEscapeByLongjmpKeepsIt) {
  Body B = add("f");
  Back = [] { longjmp(Escape, 1); };
  if (!setjmp(Escape))
    call(B, 1);
  retireBody(B);
  EXPECT_EQ(Old->collect(), 0u);
  EXPECT_EQ(Old->shutdown(), 1u);
}

ucontext_t MainContext, FiberContext;
std::function<void()> *FiberMain;
void enterFiber() { (*FiberMain)(); }

// No thread has anything of it on its stack then; the count has.
TEST_F(ReclaimerBodyTest, AFiberThatWaitsInsideKeepsIt) {
  Body B = add("f");
  int Result = 0;
  std::vector<char> Stack(1 << 17);
  Back = [] { swapcontext(&FiberContext, &MainContext); };
  std::function<void()> Main = [&] { Result = call(B, 1); };
  FiberMain = &Main;
  getcontext(&FiberContext);
  FiberContext.uc_stack.ss_sp = Stack.data();
  FiberContext.uc_stack.ss_size = Stack.size();
  FiberContext.uc_link = &MainContext;
  makecontext(&FiberContext, enterFiber, 0);
  // It begins on one thread, waits, and ends on another.
  std::thread([] { swapcontext(&MainContext, &FiberContext); }).join();
  retireBody(B);
  EXPECT_EQ(Old->collect(), 0u);
  std::thread([] { swapcontext(&MainContext, &FiberContext); }).join();
  EXPECT_EQ(Result, 2);
  EXPECT_EQ(Old->collect(), 1u);
}

} // namespace
