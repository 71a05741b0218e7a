//===- IdleWorkTest.cpp - Tests of reopt::IdleWork -----------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Steps say when they were begun, so that no test waits for a time.
//
//===----------------------------------------------------------------------===//

#include "reopt/IdleWork.h"
#include "TestPolicy.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <csignal>
#include <memory>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace reopt;
using Next = IdleWork::Next;

namespace {

class IdleWorkTest : public testing::Test {
protected:
  void start(IdleWork::Terms T = {}) {
    Work = std::make_unique<IdleWork>([this] { return step(); }, T);
  }
  void TearDown() override {
    Steps.open();
    Work.reset();
  }

  Next step() {
    Steps.pass();
    std::lock_guard<std::mutex> Lock(M);
    ++Count;
    if (During)
      During();
    Left = std::max(Left - 1, 0);
    return Left ? Next::More : Next::Done;
  }
  /// A thread that has ended itself is joined by nobody, and may use Work yet.
  void leak() { (void)Work.release(); }

  int count() {
    std::lock_guard<std::mutex> Lock(M);
    return Count;
  }

  std::mutex M;
  int Count = 0, Left = 0;
  std::function<void()> During;
  Gate Steps;
  std::unique_ptr<IdleWork> Work;
};

constexpr std::chrono::hours Never(24);

TEST_F(IdleWorkTest, NothingIsDoneBeforeTheProgramWaits) {
  start();
  EXPECT_FALSE(Work->isWanted());
  EXPECT_EQ(Work->getWait(), 0u);
}

TEST_F(IdleWorkTest, AStepIsMadeWhileTheProgramWaits) {
  Steps.close();
  start();
  Work->begin();
  Steps.waitForArrival();
  EXPECT_TRUE(Work->isWanted());
}

TEST_F(IdleWorkTest, AStepIsToldThatTheProgramGoesOn) {
  Steps.close();
  start();
  Work->begin();
  Steps.waitForArrival();
  Work->end();
  EXPECT_FALSE(Work->isWanted());
  EXPECT_FALSE(Work->isStopped());
}

TEST_F(IdleWorkTest, WhatSaysThatThereIsMoreIsCalledAgain) {
  Left = 3;
  start();
  Work->finish();
  EXPECT_EQ(count(), 3);
}

TEST_F(IdleWorkTest, FinishingNeedsNoWaitAndNoDelay) {
  start({.Delay = Never});
  Work->finish();
  EXPECT_EQ(count(), 1);
  EXPECT_FALSE(Work->isWanted());
}

TEST_F(IdleWorkTest, AWaitIsShorterThanTheDelay) {
  start({.Delay = Never});
  Work->begin();
  Work->end();
  Work->begin();
  // What is asked for comes all the same, and alone.
  Work->finish();
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(Work->getWait(), 3u) << "what was asked for is a wait of its own";
}

TEST_F(IdleWorkTest, OffIsOff) {
  start({.Percent = 0});
  Work->begin();
  EXPECT_FALSE(Work->isWanted());
  Work->finish();
  EXPECT_EQ(count(), 1) << "only what was asked for";
}

TEST_F(IdleWorkTest, ItCanBeTurnedOnInAWait) {
  Steps.close();
  start({.Percent = 0});
  Work->begin();
  Work->setPercent(50);
  Steps.waitForArrival();
  EXPECT_TRUE(Work->isWanted());
  Work->setPercent(0);
  EXPECT_FALSE(Work->isWanted());
}

TEST_F(IdleWorkTest, ARequestDuringAStepGetsAStepOfItsOwn) {
  Steps.close();
  start();
  Work->begin();
  Steps.waitForArrival();
  std::thread Asker([this] { Work->finish(); });
  Steps.letHeldGo();
  // The second step is for the request, or for both if that came first.
  Steps.waitForArrival();
  Steps.open();
  Asker.join();
  EXPECT_GE(count(), 2);
}

TEST_F(IdleWorkTest, AStepThatCannotBeMadeNowIsTriedAgain) {
  int Tries = 0;
  IdleWork Stubborn([&] { return ++Tries < 3 ? Next::Later : Next::Done; }, {});
  Stubborn.finish();
  EXPECT_EQ(Tries, 3);
}

TEST_F(IdleWorkTest, TheThreadIsPoliteAndBlocksSignals) {
  int Level = 0, Aside = 0;
  bool Blocks = false, LetsThrough = false;
  auto GetLevel = [] {
    return getpriority(PRIO_PROCESS, id_t(syscall(SYS_gettid)));
  };
  During = [&] {
    Level = GetLevel();
    sigset_t Mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &Mask);
    Blocks = sigismember(&Mask, SIGINT);
    LetsThrough = !sigismember(&Mask, SIGUSR2);
    Work->runAtLowestPriority([&] { Aside = GetLevel(); });
  };
  start({.Nice = 7, .Signal = SIGUSR2});
  Work->begin();
  // A step counts when it is over.
  while (count() == 0)
    std::this_thread::yield();
  EXPECT_EQ(Level, 7);
  EXPECT_EQ(Aside, 19);
  Work->finish();
  EXPECT_EQ(Level, 7);
  EXPECT_EQ(Aside, 7) << "who asked is not to wait for the lowest priority";
  EXPECT_TRUE(Blocks);
  EXPECT_TRUE(LetsThrough);
}

TEST_F(IdleWorkTest, WhoWaitsIsToldOfTheEnd) {
  Steps.close();
  start();
  Work->begin();
  Steps.waitForArrival();
  std::thread Asker([this] { Work->finish(); });
  std::thread Ender([this] { Work->shutdown(); });
  Asker.join();
  EXPECT_TRUE(Work->isStopped());
  Steps.open();
  Ender.join();
  Work->begin();
  Work->finish();
  EXPECT_EQ(count(), 1);
}

TEST_F(IdleWorkTest, AStepMayEndItself) {
  During = [this] { Work->shutdown(); };
  start();
  Work->begin();
  Work->finish();
  EXPECT_TRUE(Work->isStopped());
  EXPECT_EQ(count(), 1);
  leak();
}

TEST_F(IdleWorkTest, WhatRunsAsideMayEndIt) {
  During = [this] { Work->runAtLowestPriority([this] { Work->shutdown(); }); };
  start();
  Work->begin();
  while (count() == 0)
    std::this_thread::yield();
  EXPECT_TRUE(Work->isStopped());
  leak();
}

TEST_F(IdleWorkTest, AChildAfterAForkWaitsForNobody) {
  start();
  Work->finish();
  Work->lockForFork();
  // What a child would do; the thread is really there.
  Work->unlockAfterFork(/*InChild=*/false);
  Work->finish();
  EXPECT_EQ(count(), 2);
}

TEST_F(IdleWorkTest, AForkedChildEndsThoughTheThreadSleeps) {
  start();
  // Returns when the thread has gone to sleep, which holds the lock until then.
  Work->finish();
  Work->lockForFork();
  const pid_t Child = fork();
  Work->unlockAfterFork(Child == 0);
  if (Child == 0) {
    alarm(30); // Rather than for ever.
    Work->begin();
    Work->finish();
    Work->waitForStep();
    Work.reset();
    _exit(17);
  }
  int Status = 0;
  ASSERT_EQ(waitpid(Child, &Status, 0), Child);
  EXPECT_TRUE(WIFEXITED(Status));
  EXPECT_EQ(WEXITSTATUS(Status), 17);
  Work->finish();
  EXPECT_EQ(count(), 2);
}

TEST_F(IdleWorkTest, WhoWaitsForAStepWaitsForItsEnd) {
  Steps.close();
  start();
  Work->waitForStep();
  Work->begin();
  Steps.waitForArrival();
  std::thread Waiter([this] {
    Work->waitForStep();
    EXPECT_EQ(count(), 1);
  });
  Steps.open();
  Waiter.join();
}

TEST_F(IdleWorkTest, AStepDoesNotWaitForItself) {
  During = [this] {
    Work->waitForStep();
    Work->runAtLowestPriority([this] { Work->waitForStep(); });
  };
  start();
  Work->begin();
  while (count() == 0)
    std::this_thread::yield();
}

} // namespace
