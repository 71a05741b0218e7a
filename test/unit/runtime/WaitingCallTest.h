//===- WaitingCallTest.h - A layer, and calls that wait in it ------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Machine code calls @wait_here() and stops there until the test goes on.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_WAITINGCALLTEST_H
#define REOPT_TEST_WAITINGCALLTEST_H

#include "LayerTest.h"

#include "reopt/StackScan.h"

#include <chrono>
#include <functional>
#include <semaphore.h>
#include <thread>

namespace reopt {

class WaitingCallTest : public LayerTest {
protected:
  void SetUp() override {
    LayerTest::SetUp();
    sem_init(&Inside, 0, 0);
    sem_init(&GoOn, 0, 0);
    WaitHere = [this] {
      sem_post(&Inside);
      waitFor(GoOn);
    };
    define("wait_here", llvm::orc::ExecutorAddr::fromPtr(&waitHere));
  }
  void TearDown() override {
    LayerTest::TearDown();
    sem_destroy(&Inside);
    sem_destroy(&GoOn);
  }

  /// @f(x), which waits if x is not 0, and then does what \p Body says. That
  /// may ask for %wait, whether it waited.
  static std::string waitThen(llvm::StringRef Body) {
    return ("declare void @wait_here()\n"
            "define i32 @f(i32 %x) {\n"
            "  %wait = icmp ne i32 %x, 0\n"
            "  br i1 %wait, label %stop, label %go\n"
            "stop:\n"
            "  call void @wait_here()\n"
            "  br label %go\n"
            "go:\n" +
            Body + "}\n")
        .str();
  }

  /// Calls @\p Name(1) on a thread of its own, and returns when it waits in
  /// there.
  std::thread callUntilItWaits(llvm::StringRef Name, int &Result) {
    std::thread T([&Result, F = get<int(int)>(Name)] { Result = F(1); });
    waitFor(Inside);
    return T;
  }
  void letGo(std::thread &T) {
    sem_post(&GoOn);
    T.join();
  }

  /// Frees what is retired, all of it. More than one round may be needed: data
  /// go after the code that uses them, and what another thread is just freeing
  /// is gone when it has got that far. The limit only says when to give up.
  void expectAllFreed() {
    wait();
    // What this thread has called returned, and its frames are no obstacle.
    clearDeadStack();
    collectAll();
  }
  LLVM_ATTRIBUTE_NOINLINE void collectAll() {
    const auto GiveUpAt =
        std::chrono::steady_clock::now() + std::chrono::minutes(1);
    auto S = L->getStatus();
    while (S.Pending && std::chrono::steady_clock::now() < GiveUpAt) {
      L->collect();
      std::this_thread::yield();
      S = L->getStatus();
    }
    EXPECT_EQ(S.Retired, 0u) << S.Obstacle;
    EXPECT_EQ(S.Pending, 0u) << S.Obstacle;
  }
  void expectAllFreed(uint64_t Objects) {
    expectAllFreed();
    EXPECT_EQ(L->getStatus().Freed, Objects);
  }

  static void waitHere() { WaitHere(); }

  static inline std::function<void()> WaitHere;
  sem_t Inside, GoOn;

private:
  static void waitFor(sem_t &S) {
    while (sem_wait(&S)) {
    }
  }
};

} // namespace reopt

#endif // REOPT_TEST_WAITINGCALLTEST_H
