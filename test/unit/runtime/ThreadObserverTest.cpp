//===- ThreadObserverTest.cpp - Threads that hold an address --------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Threads hold an address in one place only, and are observed. Nothing runs at
// that address, so the range is one that nobody else has an address in.
// Addresses are passed around as their complements: the test's own stack is
// looked through too.
//
//===----------------------------------------------------------------------===//

#include "reopt/ThreadObserver.h"
#include "reopt/ThreadTable.h"

#include "gtest/gtest.h"

#include <atomic>
#include <csignal>
#include <poll.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <ucontext.h>
#include <unistd.h>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

constexpr uint64_t CodeSize = 256;
/// Complements of the range's ends. Not canonical addresses, so that nothing
/// has one by chance; others for each test, which may find words of the test
/// before it on its stack.
uint64_t NotCodeBegin = ~0x1234567890abc000;
uint64_t NotCodeEnd = NotCodeBegin - CodeSize;

/// An event that is waited for asleep.
class Event {
public:
  Event() { sem_init(&S, 0, 0); }
  ~Event() { sem_destroy(&S); }
  void set() { sem_post(&S); }
  void wait() {
    while (sem_wait(&S) != 0)
      ;
  }

private:
  sem_t S;
};

/// What a test and its thread share. On the heap.
struct Shared {
  Event Ready, Done;
  /// The address is in its place.
  std::atomic<int> Placed{0};
  std::atomic<int> Go{0};
  std::atomic<pid_t> Tid{0};
  std::atomic<int> Result{0};
  void spin() {
    while (!Go.load())
      ;
  }
};
Shared *Current;

//===----------------------------------------------------------------------===//
// Places for an address
//===----------------------------------------------------------------------===//

#define REOPT_NOINLINE __attribute__((noinline))

REOPT_NOINLINE void holdInRegister(Shared &S, uint64_t NotAddr) {
  asm volatile("not %0\n"
               "movl $1, (%2)\n"
               "1: pause\n"
               "cmpl $0, (%1)\n"
               "je 1b\n"
               "not %0\n"
               : "+r"(NotAddr)
               : "r"(&S.Go), "r"(&S.Placed)
               : "memory", "cc");
}

REOPT_NOINLINE void holdInRedZone(Shared &S, uint64_t NotAddr) {
  asm volatile("sub $512, %%rsp\n"
               "mov %0, -120(%%rsp)\n"
               "notq -120(%%rsp)\n"
               "movl $1, (%2)\n"
               "1: pause\n"
               "cmpl $0, (%1)\n"
               "je 1b\n"
               "movq $0, -120(%%rsp)\n"
               "add $512, %%rsp\n"
               :
               : "r"(NotAddr), "r"(&S.Go), "r"(&S.Placed)
               : "memory", "cc");
}

REOPT_NOINLINE void holdOnStack(Shared &S, uint64_t NotAddr) {
  volatile uint64_t Addr[1] = {~NotAddr};
  S.Placed = 1;
  S.spin();
  Addr[0] = 0;
}

REOPT_NOINLINE void holdOnStackAsleep(Shared &S, uint64_t NotAddr) {
  volatile uint64_t Addr[1] = {~NotAddr};
  S.Placed = 1;
  S.Done.wait();
  Addr[0] = 0;
}

/// Asleep in a system call, with the address in a register that only the
/// kernel knows.
REOPT_NOINLINE void holdInRegisterAsleep(Shared &S, uint64_t NotAddr) {
  S.Placed = 1;
  while (!S.Go.load()) {
    long Result = SYS_futex;
    register long TimeOut asm("r10") = 0;
    asm volatile("not %1\n"
                 "syscall\n"
                 "not %1\n"
                 : "+a"(Result), "+b"(NotAddr)
                 : "D"(&S.Go), "S"(0), "d"(0), "r"(TimeOut)
                 : "rcx", "r11", "memory", "cc");
  }
}

void wakeFutex(Shared &S) {
  S.Go = 1;
  syscall(SYS_futex, &S.Go, 1 /*FUTEX_WAKE*/, 1, nullptr, nullptr, 0);
}

using HoldFn = void (*)(Shared &, uint64_t);

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

class ThreadObserverTest : public testing::Test {
protected:
  void SetUp() override {
    Observer = cantFail(ThreadObserver::Create({}));
    S = std::make_unique<Shared>();
    Current = S.get();
    NotCodeBegin -= 0x1000;
    NotCodeEnd -= 0x1000;
  }

  /// Whether somebody holds an address in the range.
  REOPT_NOINLINE bool isHeld(bool InTables = false) {
    Observation Seen = observe(InTables, __builtin_frame_address(0));
    EXPECT_EQ(Seen.Obstacle, "");
    return Seen.Held.any();
  }
  REOPT_NOINLINE std::string getObstacle() {
    Observation Seen = observe(false, __builtin_frame_address(0));
    EXPECT_TRUE(Seen.Held.all()) << "nothing is known, so all are held";
    return Seen.Obstacle;
  }
  REOPT_NOINLINE Observation observe(bool InTables, const void *OwnStack) {
    std::vector<ObservedRange> Ranges;
    Ranges.push_back(
        {{ExecutorAddr(~NotCodeBegin), ExecutorAddr(~NotCodeEnd)}, InTables});
    return Observer->observe(Ranges, OwnStack);
  }

  /// A thread that runs \p Fn, which holds the address and has it in place.
  template <typename FnT> std::thread startHolder(FnT Fn) {
    S->Placed = 0;
    std::thread T([this, Fn] {
      S->Tid = gettid();
      Fn();
    });
    while (!S->Placed.load())
      ;
    return T;
  }
  /// A thread that runs \p Fn and is ready.
  template <typename FnT> std::thread startThread(FnT Fn) {
    std::thread T([this, Fn] {
      S->Tid = gettid();
      Fn();
    });
    S->Ready.wait();
    return T;
  }
  void release() {
    wakeFutex(*S);
    S->Done.set();
  }
  /// Until the thread of \p S sleeps in the system call \p Number.
  void awaitSleepIn(long Number) {
    for (;;)
      if (auto Call = getSleepingCall(S->Tid); Call && Call->Number == Number)
        return;
  }

  std::unique_ptr<ThreadObserver> Observer;
  std::unique_ptr<Shared> S;
};

TEST_F(ThreadObserverTest, NobodyHoldsWhatNobodyKnows) {
  EXPECT_FALSE(isHeld());
}

struct Place {
  const char *Name;
  HoldFn Hold;
};
class ThreadObserverPlaceTest : public ThreadObserverTest,
                                public testing::WithParamInterface<Place> {};

INSTANTIATE_TEST_SUITE_P(
    Places, ThreadObserverPlaceTest,
    testing::Values(Place{"Register", holdInRegister},
                    Place{"RedZone", holdInRedZone},
                    Place{"Stack", holdOnStack},
                    Place{"StackAsleep", holdOnStackAsleep}),
    [](auto &Info) { return std::string(Info.param.Name); });

TEST_P(ThreadObserverPlaceTest, HeldUntilItIsLetGo) {
  Event LetGo, End;
  std::thread T = startHolder([&] {
    GetParam().Hold(*S, NotCodeBegin);
    LetGo.set();
    End.wait();
  });
  EXPECT_TRUE(isHeld());
  EXPECT_TRUE(isHeld());
  release();
  LetGo.wait();
  EXPECT_FALSE(isHeld());
  End.set();
  T.join();
}

TEST_P(ThreadObserverPlaceTest, AThreadThatEndedHoldsNothing) {
  std::thread T = startHolder([&] { GetParam().Hold(*S, NotCodeBegin); });
  EXPECT_TRUE(isHeld());
  release();
  T.join();
  EXPECT_FALSE(isHeld());
}

TEST_P(ThreadObserverPlaceTest, TheReturnAddressOfTheLastCallIsBehindTheCode) {
  std::thread T = startHolder([&] { GetParam().Hold(*S, NotCodeEnd); });
  EXPECT_TRUE(isHeld());
  release();
  T.join();
}

TEST_P(ThreadObserverPlaceTest, WhatIsNextToTheCodeIsNotInIt) {
  std::thread T = startHolder([&] {
    // A complement, so one more is one less.
    GetParam().Hold(*S, NotCodeBegin + 1);
  });
  EXPECT_FALSE(isHeld());
  release();
  T.join();
}

//===----------------------------------------------------------------------===//
// Signal handlers
//===----------------------------------------------------------------------===//

void waitInHandler(int) {
  Current->Ready.set();
  Current->Done.wait();
}

void handleUsr1(int Flags) {
  struct sigaction Action = {};
  Action.sa_handler = waitInHandler;
  Action.sa_flags = Flags;
  sigaction(SIGUSR1, &Action, nullptr);
}

TEST_F(ThreadObserverTest, HeldByWhatAHandlerInterrupted) {
  handleUsr1(0);
  std::thread T = startHolder([&] { holdInRegister(*S, NotCodeBegin); });
  pthread_kill(T.native_handle(), SIGUSR1);
  S->Ready.wait();
  EXPECT_TRUE(isHeld());
  awaitSleepIn(SYS_futex);
  EXPECT_TRUE(isHeld());
  release();
  T.join();
  EXPECT_FALSE(isHeld());
}

TEST_F(ThreadObserverTest, AnAlternateStackHidesWhatItInterrupted) {
  handleUsr1(SA_ONSTACK);
  std::vector<char> Alternate(1 << 16);
  std::thread T = startHolder([&] {
    stack_t Stack = {};
    Stack.ss_sp = Alternate.data();
    Stack.ss_size = Alternate.size();
    sigaltstack(&Stack, nullptr);
    holdInRegister(*S, NotCodeBegin);
    Stack.ss_flags = SS_DISABLE;
    sigaltstack(&Stack, nullptr);
  });
  EXPECT_TRUE(isHeld());
  pthread_kill(T.native_handle(), SIGUSR1);
  S->Ready.wait();
  EXPECT_NE(getObstacle().find("own"), std::string::npos);
  awaitSleepIn(SYS_futex);
  EXPECT_NE(getObstacle().find("it sleeps on a stack that is not its own"),
            std::string::npos);
  release();
  T.join();
  EXPECT_FALSE(isHeld());
}

void spinInHandler(int) {
  Current->Ready.set();
  Current->spin();
}

TEST_F(ThreadObserverTest, AnAlternateStackWithinTheStackIsTold) {
  struct sigaction Action = {};
  Action.sa_handler = spinInHandler;
  Action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &Action, nullptr);
  std::thread T = startHolder([&] {
    char Alternate[1 << 16];
    stack_t Stack = {};
    Stack.ss_sp = Alternate;
    Stack.ss_size = sizeof(Alternate);
    sigaltstack(&Stack, nullptr);
    holdInRegister(*S, NotCodeBegin);
    Stack.ss_flags = SS_DISABLE;
    sigaltstack(&Stack, nullptr);
  });
  pthread_kill(T.native_handle(), SIGUSR1);
  S->Ready.wait();
  EXPECT_NE(getObstacle().find("does not run on its own stack"),
            std::string::npos);
  release();
  T.join();
}

//===----------------------------------------------------------------------===//
// Threads that cannot be observed, and those that need not notice
//===----------------------------------------------------------------------===//

void blockAll() {
  sigset_t All;
  sigfillset(&All);
  pthread_sigmask(SIG_SETMASK, &All, nullptr);
}

TEST_F(ThreadObserverTest, AThreadThatRunsAndBlocksTheSignalProvesNothing) {
  std::thread T = startThread([&] {
    blockAll();
    S->Ready.set();
    S->spin();
  });
  ThreadObserver::Settings Impatient;
  Impatient.Patience = std::chrono::milliseconds(5);
  Observer = cantFail(ThreadObserver::Create(Impatient));
  EXPECT_NE(getObstacle().find("it runs with the signal blocked"),
            std::string::npos);
  Observer = cantFail(ThreadObserver::Create({}));
  release();
  T.join();
  EXPECT_FALSE(isHeld());
}

TEST_F(ThreadObserverTest, AThreadThatSleepsMayBlockTheSignal) {
  std::thread T = startHolder([&] {
    blockAll();
    holdOnStackAsleep(*S, NotCodeBegin);
    S->Ready.set();
    S->Done.wait();
  });
  awaitSleepIn(SYS_futex);
  EXPECT_TRUE(isHeld());
  S->Done.set();
  S->Ready.wait();
  awaitSleepIn(SYS_futex);
  EXPECT_FALSE(isHeld());
  S->Done.set();
  T.join();
}

TEST_F(ThreadObserverTest, AThreadThatSleepsDoesNotNotice) {
  int Pipe[2];
  ASSERT_EQ(pipe(Pipe), 0);
  std::thread T = startThread([&] {
    pollfd FD = {Pipe[0], POLLIN, 0};
    S->Ready.set();
    S->Result = poll(&FD, 1, -1) == 1 ? 1 : -errno;
  });
  awaitSleepIn(SYS_poll);
  for (unsigned I = 0; I != 20; ++I)
    EXPECT_FALSE(isHeld());
  EXPECT_TRUE(isHeld(/*InTables=*/true))
      << "its registers are unknown, and it must not be woken";
  ASSERT_EQ(write(Pipe[1], "x", 1), 1);
  T.join();
  EXPECT_EQ(S->Result, 1);
  EXPECT_FALSE(isHeld(/*InTables=*/true));
  close(Pipe[0]);
  close(Pipe[1]);
}

TEST_F(ThreadObserverTest, AThreadThatSaysSoIsWokenForTables) {
  int Pipe[2];
  ASSERT_EQ(pipe(Pipe), 0);
  std::thread T = startThread([&] {
    ThreadObserver::Wakeable Self;
    pollfd FD = {Pipe[0], POLLIN, 0};
    S->Ready.set();
    S->Result = poll(&FD, 1, -1) == 1 ? 1 : -errno;
  });
  awaitSleepIn(SYS_poll);
  EXPECT_FALSE(isHeld());
  EXPECT_FALSE(isHeld(/*InTables=*/true));
  T.join();
  EXPECT_EQ(S->Result, -EINTR);
  close(Pipe[0]);
  close(Pipe[1]);
}

TEST_F(ThreadObserverTest, ForTablesTheRegistersOfASleeperCount) {
  std::thread T = startHolder([&] { holdInRegisterAsleep(*S, NotCodeBegin); });
  awaitSleepIn(SYS_futex);
  EXPECT_TRUE(isHeld(/*InTables=*/true));
  awaitSleepIn(SYS_futex);
  EXPECT_TRUE(isHeld(/*InTables=*/true));
  release();
  T.join();
  EXPECT_FALSE(isHeld(/*InTables=*/true));
}

ucontext_t ThreadContext, FiberContext;
void runFiber() {
  Current->Ready.set();
  Current->spin();
}

TEST_F(ThreadObserverTest, AThreadOnAFiberProvesNothing) {
  std::vector<char> FiberStack(1 << 16);
  Event Back;
  std::thread T([&] {
    getcontext(&FiberContext);
    FiberContext.uc_stack.ss_sp = FiberStack.data();
    FiberContext.uc_stack.ss_size = FiberStack.size();
    FiberContext.uc_link = &ThreadContext;
    makecontext(&FiberContext, runFiber, 0);
    swapcontext(&ThreadContext, &FiberContext);
    Back.set();
    S->Done.wait();
  });
  S->Ready.wait();
  EXPECT_NE(getObstacle().find("does not run on its own stack"),
            std::string::npos);
  S->Go = 1;
  Back.wait();
  EXPECT_FALSE(isHeld());
  S->Done.set();
  T.join();
}

TEST_F(ThreadObserverTest, ManyThreads) {
  const unsigned N = 60;
  std::vector<std::thread> Threads;
  for (unsigned I = 0; I != N; ++I)
    Threads.push_back(startThread([this, I] {
      S->Ready.set();
      if (I % 10 == 0)
        S->spin();
      else
        S->Done.wait();
    }));
  EXPECT_FALSE(isHeld());
  Threads.push_back(startHolder([&] { holdOnStackAsleep(*S, NotCodeBegin); }));
  EXPECT_TRUE(isHeld());
  S->Go = 1;
  for (unsigned I = 0; I != N + 1; ++I)
    S->Done.set();
  for (auto &T : Threads)
    T.join();
  EXPECT_FALSE(isHeld());
}

TEST_F(ThreadObserverTest, ThreadsThatComeAndGo) {
  std::vector<std::thread> Spawners;
  for (unsigned I = 0; I != 2; ++I)
    Spawners.emplace_back([&] {
      while (!S->Go.load())
        std::thread([] {}).join();
    });
  for (unsigned I = 0; I != 200; ++I) {
    Observation Seen = observe(false, __builtin_frame_address(0));
    EXPECT_EQ(Seen.Held.any(), !Seen.Obstacle.empty()) << Seen.Obstacle;
  }
  S->Go = 1;
  for (auto &T : Spawners)
    T.join();
}

TEST_F(ThreadObserverTest, ErrnoStays) {
  std::thread T = startThread([&] {
    errno = 4711;
    S->Ready.set();
    S->spin();
    S->Result = errno;
  });
  EXPECT_FALSE(isHeld());
  release();
  T.join();
  EXPECT_EQ(S->Result, 4711);
}

TEST_F(ThreadObserverTest, TheChildOfAForkObservesNothing) {
  std::vector<ObservedRange> Ranges(1);
  pid_t Child = fork();
  if (Child == 0) {
    bool Refused =
        !Observer->observe(Ranges, __builtin_frame_address(0)).Obstacle.empty();
    Observer.reset();
    _exit(Refused ? 0 : 1);
  }
  int Status = -1;
  waitpid(Child, &Status, 0);
  EXPECT_EQ(Status, 0);
}

//===----------------------------------------------------------------------===//
// The signal
//===----------------------------------------------------------------------===//

TEST_F(ThreadObserverTest, AnotherObserverUsesTheSameSignal) {
  auto Other = ThreadObserver::Create({});
  ASSERT_TRUE(!!Other) << toString(Other.takeError());
  EXPECT_EQ((*Other)->getSignal(), Observer->getSignal());
  ThreadObserver::Settings Another;
  Another.Signal = SIGRTMIN + 5;
  EXPECT_NE(toString(ThreadObserver::Create(Another).takeError()), "");
}

TEST_F(ThreadObserverTest, ASignalThatTheProgramTakesIsNotUsed) {
  struct sigaction Ours, Theirs = {};
  Theirs.sa_handler = [](int) {};
  sigaction(Observer->getSignal(), &Theirs, &Ours);
  EXPECT_NE(getObstacle().find("the program has taken signal"),
            std::string::npos);
  EXPECT_NE(toString(ThreadObserver::Create({}).takeError())
                .find("the program uses signal"),
            std::string::npos);
  sigaction(Observer->getSignal(), &Ours, nullptr);
  EXPECT_FALSE(isHeld());
}

TEST_F(ThreadObserverTest, AForeignSignalIsNoQuestion) {
  sigval Value = {};
  pthread_sigqueue(pthread_self(), Observer->getSignal(), Value);
  pthread_kill(pthread_self(), Observer->getSignal());
  EXPECT_FALSE(isHeld());
}

TEST_F(ThreadObserverTest, AfterTheLastObserverTheSignalIsIgnored) {
  int Signal = Observer->getSignal();
  Observer.reset();
  pthread_kill(pthread_self(), Signal);
  Observer = cantFail(ThreadObserver::Create({}));
  EXPECT_FALSE(isHeld());
}

} // namespace
