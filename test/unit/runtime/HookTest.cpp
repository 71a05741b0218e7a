//===- HookTest.cpp - Tests of reopt::TripInbox and the hook -------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Threads push while one drains, and machine code trips in signal handlers.
//
//===----------------------------------------------------------------------===//

#include "reopt/Hook.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <deque>
#include <functional>
#include <pthread.h>
#include <thread>
#include <utility>
#include <vector>

using namespace reopt;

namespace {

/// A function's number, and who called it.
using Trip = std::pair<uint32_t, uint64_t>;
using Trips = std::vector<Trip>;

class TripInboxTest : public testing::Test {
protected:
  TripRecord &addRecord() {
    TripRecord &R = Records.emplace_back();
    R.Inbox = &Inbox;
    R.Function = uint32_t(Records.size() - 1);
    return R;
  }

  Trips drain() {
    Trips Result;
    Inbox.drain([&](uint32_t F, uint64_t Caller, uint64_t) {
      Result.push_back({F, Caller});
    });
    return Result;
  }

  TripInbox Inbox;
  std::deque<TripRecord> Records;
};

TEST_F(TripInboxTest, DrainsWhatWasPushedOldestFirst) {
  for (int I = 0; I != 5; ++I)
    addRecord();
  EXPECT_TRUE(Inbox.empty());
  for (int I : {3, 0, 4, 1})
    Inbox.push(Records[I], 100 + I);
  EXPECT_FALSE(Inbox.empty());
  EXPECT_EQ(drain(), (Trips{{3, 103}, {0, 100}, {4, 104}, {1, 101}}));
  EXPECT_TRUE(Inbox.empty());
  EXPECT_EQ(drain(), Trips{});
}

TEST_F(TripInboxTest, APendingRecordIsPushedOnce) {
  TripRecord &A = addRecord(), &B = addRecord();
  Inbox.push(A, 1);
  Inbox.push(B, 2);
  Inbox.push(A, 3); // Dropped, with its caller.
  Inbox.push(A, 4);
  EXPECT_EQ(drain(), (Trips{{0, 1}, {1, 2}}));
  Inbox.push(A, 5);
  EXPECT_EQ(drain(), (Trips{{0, 5}}));
}

TEST_F(TripInboxTest, LoopsThatTripWhileTheRecordIsPendingAreNotLost) {
  TripRecord &A = addRecord(), &B = addRecord();
  auto Loops = [&] {
    std::vector<uint64_t> Result;
    Inbox.drain(
        [&](uint32_t, uint64_t, uint64_t Loops) { Result.push_back(Loops); });
    return Result;
  };
  Inbox.push(A, 0x10000); // A call; then loops 2, 0 and one far behind.
  Inbox.push(A, 3);
  Inbox.push(A, 1);
  Inbox.push(A, 1001);
  Inbox.push(B, 2);
  EXPECT_EQ(Loops(), (std::vector<uint64_t>{5 | uint64_t(1) << 63, 2}));
  Inbox.push(A, 0x10000);
  Inbox.push(B, 0); // A loop, but nobody knows which.
  EXPECT_EQ(Loops(), (std::vector<uint64_t>{0, 0}));
}

TEST_F(TripInboxTest, ARecordCanTripAgainWhileItIsVisited) {
  TripRecord &A = addRecord(), &B = addRecord();
  Inbox.push(A, 1);
  Inbox.push(B, 2);
  Trips Seen;
  Inbox.drain([&](uint32_t F, uint64_t Caller, uint64_t) {
    Seen.push_back({F, Caller});
    if (F == 0)
      Inbox.push(A, 3);
  });
  EXPECT_EQ(Seen, (Trips{{0, 1}, {1, 2}}));
  EXPECT_EQ(drain(), (Trips{{0, 3}}));
}

TEST_F(TripInboxTest, WaitForWorkReturnsForAPushAndForAWake) {
  Inbox.push(addRecord(), 0);
  Inbox.waitForWork();
  EXPECT_EQ(drain().size(), 1u);
  Inbox.wake();
  Inbox.waitForWork();
  EXPECT_TRUE(Inbox.empty());
}

TEST_F(TripInboxTest, OneWaitServesAllWakeUpsBefore) {
  for (int I = 0; I != 10; ++I)
    Inbox.push(addRecord(), 0);
  Inbox.wake();
  Inbox.waitForWork();
  EXPECT_EQ(drain().size(), 10u);
  // Nothing is left of them: this wait is for the push that comes.
  std::thread Pusher([&] { Inbox.push(Records[3], 7); });
  Inbox.waitForWork();
  EXPECT_EQ(drain(), (Trips{{3, 7}}));
  Pusher.join();
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

/// Each record belongs to one thread, which counts its pushes. A push on a
/// record that was not pending must be seen; another one may be.
TEST_F(TripInboxTest, EightThreadsPushAndNoTripIsMissedOrDoubled) {
  constexpr unsigned Threads = 8, PerThread = 20, Pushes = 5000;
  using Numbers = std::vector<uint64_t>;
  std::vector<Numbers> Sure(Threads * PerThread), Seen(Sure.size());
  for (unsigned I = 0; I != Sure.size(); ++I)
    addRecord();
  std::atomic<unsigned> Running{Threads};
  std::vector<std::thread> Pushers;
  for (unsigned T = 0; T != Threads; ++T)
    Pushers.emplace_back([&, T] {
      uint64_t Number = 0;
      for (unsigned Done = 0; Done != Pushes;) {
        unsigned I = T * PerThread + (Number * 7 + T) % PerThread;
        const bool Counts = !Records[I].Pending.load();
        if (Counts)
          Sure[I].push_back(Number);
        Done += Counts;
        Inbox.push(Records[I], Number++);
        if (!Counts)
          std::this_thread::yield();
      }
      --Running;
    });
  auto Drain = [&] {
    Inbox.drain([&](uint32_t F, uint64_t Caller, uint64_t) {
      Seen[F].push_back(Caller);
    });
  };
  while (Running) {
    Drain();
    std::this_thread::yield();
  }
  for (auto &P : Pushers)
    P.join();
  Drain();
  for (unsigned I = 0; I != Sure.size(); ++I) {
    EXPECT_TRUE(std::includes(Seen[I].begin(), Seen[I].end(), Sure[I].begin(),
                              Sure[I].end()))
        << "missed";
    EXPECT_EQ(std::adjacent_find(Seen[I].begin(), Seen[I].end(),
                                 std::greater_equal<>()),
              Seen[I].end())
        << "doubled, or out of order";
  }
}

TEST_F(TripInboxTest, EightThreadsPushTheSameRecordsAndNoneIsOnTheStackTwice) {
  for (unsigned I = 0; I != 3; ++I)
    addRecord();
  std::atomic<bool> Enough{false};
  std::vector<std::thread> Pushers;
  for (unsigned T = 0; T != 8; ++T)
    Pushers.emplace_back([&, T] {
      for (unsigned Round = T; !Enough; ++Round) {
        Inbox.push(Records[Round % Records.size()], T);
        std::this_thread::yield();
      }
    });
  std::vector<unsigned> Seen(Records.size());
  unsigned Twice = 0, Total = 0;
  auto Drain = [&] {
    // A record that trips again meanwhile waits for the next drain.
    std::vector<bool> InThisDrain(Records.size());
    Inbox.drain([&](uint32_t F, uint64_t, uint64_t) {
      Twice += InThisDrain[F];
      InThisDrain[F] = true;
      ++Seen[F];
      ++Total;
    });
  };
  while (Total < 20000) {
    Drain();
    std::this_thread::yield();
  }
  Enough = true;
  for (auto &P : Pushers)
    P.join();
  Drain();
  EXPECT_EQ(Twice, 0u);
  for (TripRecord &R : Records) {
    EXPECT_GE(Seen[R.Function], 1u);
    EXPECT_FALSE(R.Pending);
  }
  EXPECT_TRUE(Inbox.empty());
}

//===----------------------------------------------------------------------===//
// The hook
//===----------------------------------------------------------------------===//

TEST_F(TripInboxTest, OnlyTripsInLoopsAreSettled) {
  unsigned Settled = 0;
  Inbox.settleLoopsBy([&] { ++Settled; });
  addRecord();
  addRecord();
  Inbox.push(Records[0], 0x1234);
  EXPECT_EQ(Settled, 0u);
  Inbox.push(Records[1], 0);
  EXPECT_EQ(Settled, 1u);
  // It is on the inbox already: who pushed it settles it.
  Inbox.push(Records[1], 0);
  EXPECT_EQ(Settled, 1u);
}

TEST_F(TripInboxTest, TheHookFindsItsRecordByTheId) {
  addRecord();
  TripRecord &R = addRecord();
  reopt_hook(R.getHookId(), 3, 0x1234);
  EXPECT_EQ(drain(), (Trips{{1, 0x1234}}));
}

TEST_F(TripInboxTest, TheHookKeepsErrno) {
  TripRecord &R = addRecord();
  for (int Value : {0, EDOM, ERANGE}) {
    errno = Value;
    reopt_hook(R.getHookId(), 0, 0); // Pushes,
    reopt_hook(R.getHookId(), 0, 0); // and is dropped.
    EXPECT_EQ(errno, Value);
    drain();
  }
}

/// While it lives, SIGUSR1 trips a record, if there is one.
class TrippingHandler {
public:
  TrippingHandler(TripRecord *R, int Flags) {
    Record = R;
    Runs = Pushes = 0;
    struct sigaction Action = {};
    Action.sa_handler = trip;
    Action.sa_flags = Flags;
    sigaction(SIGUSR1, &Action, &Old);
  }
  ~TrippingHandler() { sigaction(SIGUSR1, &Old, nullptr); }

  /// Has \p Thread run the handler once more, and waits for it.
  static void signal(pthread_t Thread) {
    const unsigned Before = Runs;
    pthread_kill(Thread, SIGUSR1);
    while (Runs == Before)
      std::this_thread::yield();
  }

  static inline std::atomic<unsigned> Runs, Pushes;

private:
  static void trip(int) {
    if (Record) {
      Pushes += !Record->Pending.load();
      reopt_hook(Record->getHookId(), 0, 99);
    }
    ++Runs;
  }

  static inline TripRecord *Record;
  struct sigaction Old;
};

TEST_F(TripInboxTest, SignalHandlersTripInTheMiddleOfAPush) {
  TripRecord &Own = addRecord();
  TrippingHandler Handler(&addRecord(), SA_RESTART);
  constexpr unsigned Signals = 2000;
  pthread_t Target = pthread_self();
  std::thread Sender([&] {
    for (unsigned I = 0; I != Signals; ++I)
      Handler.signal(Target);
  });
  unsigned OwnPushes = 0;
  std::vector<unsigned> Seen(2);
  auto Drain = [&] {
    Inbox.drain([&](uint32_t F, uint64_t, uint64_t) { ++Seen[F]; });
  };
  while (Handler.Runs != Signals) {
    for (int I = 0; I != 10; ++I) {
      OwnPushes += !Own.Pending.load();
      reopt_hook(Own.getHookId(), 0, 0);
    }
    Drain();
  }
  Sender.join();
  Drain();
  EXPECT_EQ(Seen[0], OwnPushes);
  EXPECT_EQ(Seen[1], Handler.Pushes);
  EXPECT_GE(Seen[1], 1u);
}

TEST_F(TripInboxTest, AWaitingConsumerWakesForATripInItsOwnSignalHandler) {
  TrippingHandler Handler(&addRecord(), /*Flags=*/0);
  Trips Seen;
  std::thread Consumer([&] {
    while (Seen.empty()) {
      Inbox.waitForWork();
      Seen = drain();
    }
  });
  Handler.signal(Consumer.native_handle());
  Consumer.join();
  EXPECT_EQ(Seen, (Trips{{0, 99}}));
}

/// Signals may disturb a consumer at each of its steps on the way to sleep, and
/// end its naps. They neither end its wait nor make it miss the push that does.
TEST_F(TripInboxTest, AConsumerThatSignalsDisturbWakesForAPush) {
  TrippingHandler Handler(nullptr, /*Flags=*/0);
  TripRecord &R = addRecord();
  for (int Round = 0; Round != 3; ++Round) {
    std::atomic<bool> Returned{false};
    std::thread Consumer([&] {
      Inbox.waitForWork();
      Returned = true;
    });
    for (int I = 0; I != 2000; ++I)
      Handler.signal(Consumer.native_handle());
    EXPECT_FALSE(Returned);
    Inbox.push(R, Round);
    Consumer.join();
    EXPECT_EQ(drain(), (Trips{{0, uint64_t(Round)}}));
  }
}

} // namespace
