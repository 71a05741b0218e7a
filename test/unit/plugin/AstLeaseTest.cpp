//===- AstLeaseTest.cpp - Tests of reopt::AstLease -----------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The test's thread is the interpreter's; others are workers. What stands for
// the AST is a plain variable, which two at a time would tear.
//
//===----------------------------------------------------------------------===//

#include "reopt-clang/AstLease.h"

#include "gtest/gtest.h"

#include <atomic>
#include <memory>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace reopt;

namespace {

class AstLeaseTest : public testing::Test {
protected:
  /// Who has the AST uses it. True if nobody else did meanwhile.
  bool use() {
    const bool Alone = !InUse.exchange(true);
    const unsigned Before = Ast;
    std::this_thread::yield();
    Ast = Before + 1;
    return InUse.exchange(false) && Alone;
  }

  /// Runs \p Body as a worker.
  template <typename Fn> std::thread &work(Fn Body) {
    return Workers.emplace_back(Body);
  }

  void waitFor(const std::atomic<bool> &Flag) {
    while (!Flag)
      std::this_thread::yield();
  }

  void join() {
    for (std::thread &W : Workers)
      W.join();
    Workers.clear();
  }

  AstLease Lease;
  unsigned Ast = 0;
  std::atomic<bool> InUse{false};
  std::vector<std::thread> Workers;
};

//===----------------------------------------------------------------------===//
// Lending
//===----------------------------------------------------------------------===//

TEST_F(AstLeaseTest, TellsWhetherItIsLent) {
  EXPECT_FALSE(Lease.isLent());
  Lease.lend();
  EXPECT_TRUE(Lease.isLent());
  Lease.take();
  EXPECT_FALSE(Lease.isLent());
  Lease.lend();
  Lease.close();
  EXPECT_FALSE(Lease.isLent());
}

TEST_F(AstLeaseTest, TellsWhetherItWasLentBefore) {
  EXPECT_FALSE(Lease.take());
  EXPECT_FALSE(Lease.lend());
  EXPECT_TRUE(Lease.lend());
  EXPECT_TRUE(Lease.take());
  EXPECT_FALSE(Lease.take());
  EXPECT_FALSE(Lease.lend());
}

TEST_F(AstLeaseTest, ALoanEndsWithItsScopeAndNests) {
  {
    AstLoan Outer(Lease);
    {
      AstLoan Inner(Lease);
    }
    EXPECT_TRUE(Lease.lend()) << "the inner loan has ended the outer one";
  }
  EXPECT_FALSE(Lease.take());
}

TEST_F(AstLeaseTest, ATakeInsideALoanEndsIt) {
  {
    AstLoan Loan(Lease);
    EXPECT_TRUE(Lease.take());
  }
  EXPECT_FALSE(Lease.take());
}

TEST_F(AstLeaseTest, WhatWasDoneBeforeTheLoanIsThereForTheBorrower) {
  for (unsigned Round = 1; Round != 500; ++Round) {
    unsigned Seen = 0;
    work([&] {
      AstBorrow Borrow(Lease);
      EXPECT_TRUE(bool(Borrow));
      Seen = Ast;
      Ast += 1000;
    });
    Ast = Round;
    Lease.lend();
    join();
    EXPECT_TRUE(Lease.take());
    EXPECT_EQ(Seen, Round);
    EXPECT_EQ(Ast, Round + 1000);
  }
}

//===----------------------------------------------------------------------===//
// Taking back
//===----------------------------------------------------------------------===//

TEST_F(AstLeaseTest, TakingWaitsForTheBorrowerWhoIsToldSo) {
  for (int Round = 0; Round != 100; ++Round) {
    std::atomic<bool> Borrowed{false};
    Lease.lend();
    work([&] {
      ASSERT_TRUE(Lease.borrow());
      EXPECT_FALSE(Lease.isWanted());
      InUse = true;
      Borrowed = true;
      while (!Lease.isWanted())
        std::this_thread::yield();
      InUse = false;
      Lease.giveBack();
    });
    waitFor(Borrowed);
    EXPECT_TRUE(Lease.take());
    EXPECT_FALSE(InUse);
    EXPECT_FALSE(Lease.isWanted());
    join();
  }
}

// The interpreter thread, and one that is in exit().
TEST_F(AstLeaseTest, TwoMayTakeItAtOnce) {
  for (int Round = 0; Round != 200; ++Round) {
    std::atomic<bool> Borrowed{false};
    std::atomic<unsigned> Coming{0};
    Lease.lend();
    work([&] {
      ASSERT_TRUE(Lease.borrow());
      Borrowed = true;
      while (Coming != 2 || !Lease.isWanted())
        std::this_thread::yield();
      // Time for the second one to wait, too.
      for (int I = 0; I != 10; ++I)
        std::this_thread::yield();
      Lease.giveBack();
    });
    waitFor(Borrowed);
    for (int T = 0; T != 2; ++T)
      work([&] {
        ++Coming;
        Lease.take();
      });
    join();
    EXPECT_FALSE(Lease.isWanted());
  }
}

TEST_F(AstLeaseTest, WhoTakesItComesBeforeAWorkerThoughItIsLentAnew) {
  for (int Round = 0; Round != 100; ++Round) {
    Lease.lend();
    ASSERT_TRUE(Lease.borrow());
    work([&] { Lease.take(); });
    while (!Lease.isWanted())
      std::this_thread::yield();
    Lease.lend();
    EXPECT_FALSE(Lease.tryBorrow());
    Lease.giveBack();
    EXPECT_TRUE(Lease.borrow());
    EXPECT_FALSE(Lease.isWanted());
    Lease.giveBack();
    join();
    Lease.take();
  }
}

TEST_F(AstLeaseTest, WhoYieldsGetsItAgainAtTheNextLoanOnly) {
  std::atomic<bool> Borrowed{false};
  std::atomic<unsigned> Generation{1};
  Lease.lend();
  work([&] {
    AstBorrow Borrow(Lease);
    Borrowed = true;
    while (Generation == 1)
      EXPECT_TRUE(Borrow.yield());
    // It is ours now.
    EXPECT_TRUE(use());
  });
  waitFor(Borrowed);
  Lease.take();
  for (int I = 0; I != 100; ++I)
    EXPECT_TRUE(use());
  Generation = 2;
  Lease.lend();
  join();
  EXPECT_TRUE(Lease.take());
  EXPECT_EQ(Ast, 101u);
}

TEST_F(AstLeaseTest, NothingIsYieldedThatNobodyWants) {
  std::atomic<bool> Other{false};
  Lease.lend();
  {
    AstBorrow Borrow(Lease);
    work([&] {
      AstBorrow Second(Lease);
      Other = true;
    });
    for (int I = 0; I != 1000; ++I) {
      EXPECT_TRUE(Borrow.yield());
      std::this_thread::yield();
    }
    EXPECT_FALSE(Other) << "another worker is none to yield to";
  }
  join();
  EXPECT_TRUE(Other);
}

TEST_F(AstLeaseTest, NobodyWaitedForIsNoWait) {
  EXPECT_EQ(Lease.getLongestWait().count(), 0);
  Lease.lend();
  {
    AstBorrow Borrow(Lease);
  }
  Lease.take();
  Lease.close();
  EXPECT_EQ(Lease.getLongestWait().count(), 0);
}

TEST_F(AstLeaseTest, OneAtATimeHasIt) {
  std::atomic<unsigned> Wrong{0}, Uses{0};
  for (int W = 0; W != 4; ++W)
    work([&] {
      while (true) {
        AstBorrow Borrow(Lease);
        if (!Borrow)
          return;
        do {
          Wrong += !use();
          ++Uses;
        } while (Uses % 7 && Borrow.yield());
        if (!Borrow)
          return;
      }
    });
  unsigned Mine = 0;
  for (unsigned Round = 0; Round != 300; ++Round) {
    {
      AstLoan Loan(Lease);
      const unsigned Before = Uses;
      while (Uses == Before)
        std::this_thread::yield();
    }
    Wrong += !use();
    ++Mine;
  }
  Lease.close();
  Wrong += !use();
  join();
  EXPECT_EQ(Wrong, 0u);
  EXPECT_EQ(Ast, Uses + Mine + 1);
}

//===----------------------------------------------------------------------===//
// What is not urgent
//===----------------------------------------------------------------------===//

TEST_F(AstLeaseTest, WhatIsNotUrgentGetsItOnlyIfItIsFree) {
  EXPECT_FALSE(Lease.tryBorrow()) << "it is not lent";
  Lease.lend();
  EXPECT_TRUE(Lease.tryBorrow());
  EXPECT_FALSE(Lease.tryBorrow()) << "somebody has it";
  EXPECT_FALSE(Lease.isWantedByAnybody());
  Lease.giveBack();
  Lease.close();
  EXPECT_FALSE(Lease.tryBorrow());
}

TEST_F(AstLeaseTest, WhatIsNotUrgentGivesWayToAWorkerForGood) {
  std::atomic<bool> Served{false};
  Lease.lend();
  AstBorrow Spare(Lease, AstBorrow::Urgency::IfFree);
  ASSERT_TRUE(bool(Spare));
  EXPECT_TRUE(Spare.yield());
  work([&] {
    AstBorrow Borrow(Lease);
    EXPECT_TRUE(use());
    Served = true;
  });
  while (Spare.yield())
    std::this_thread::yield();
  waitFor(Served);
  join();
  EXPECT_FALSE(bool(Spare));
  EXPECT_FALSE(Spare.yield()) << "it does not come back by itself";
}

TEST_F(AstLeaseTest, WhatIsNotUrgentGivesWayToTheInterpreter) {
  std::atomic<bool> Borrowed{false};
  Lease.lend();
  work([&] {
    AstBorrow Spare(Lease, AstBorrow::Urgency::IfFree);
    Borrowed = true;
    while (Spare.yield())
      std::this_thread::yield();
  });
  waitFor(Borrowed);
  EXPECT_TRUE(Lease.take());
  EXPECT_TRUE(use());
  join();
}

//===----------------------------------------------------------------------===//
// The end
//===----------------------------------------------------------------------===//

TEST_F(AstLeaseTest, ClosingSendsAllWhoWaitAway) {
  std::atomic<unsigned> SentAway{0};
  for (int W = 0; W != 4; ++W)
    work([&] { SentAway += !Lease.borrow(); });
  Lease.close();
  join();
  EXPECT_EQ(SentAway, 4u);
}

TEST_F(AstLeaseTest, NobodyBorrowsFromAClosedLease) {
  Lease.lend();
  Lease.close();
  EXPECT_FALSE(Lease.borrow());
  EXPECT_FALSE(Lease.lend());
  EXPECT_FALSE(Lease.lend()) << "it was lent after all";
  EXPECT_FALSE(Lease.borrow());
  AstLoan Loan(Lease);
  AstBorrow Borrow(Lease);
  EXPECT_FALSE(bool(Borrow));
  EXPECT_FALSE(Borrow.yield());
}

TEST_F(AstLeaseTest, ClosingWaitsForTheBorrowerWhoGetsItNoMore) {
  std::atomic<bool> Borrowed{false};
  Lease.lend();
  work([&] {
    AstBorrow Borrow(Lease);
    Borrowed = true;
    InUse = true;
    while (!Lease.isWanted())
      std::this_thread::yield();
    InUse = false;
    EXPECT_FALSE(Borrow.yield());
    EXPECT_FALSE(bool(Borrow));
  });
  waitFor(Borrowed);
  Lease.close();
  EXPECT_FALSE(InUse);
  join();
}

//===----------------------------------------------------------------------===//
// fork
//===----------------------------------------------------------------------===//

TEST_F(AstLeaseTest, TheBorrowerMayClose) {
  // As exit() on a worker does.
  Lease.lend();
  work([&] {
    AstBorrow Borrow(Lease);
    EXPECT_TRUE(bool(Borrow));
    Lease.close();
  });
  join();
  EXPECT_FALSE(Lease.borrow());
}

TEST_F(AstLeaseTest, InAForkedChildTheBorrowerIsGone) {
  Lease.lend();
  ASSERT_TRUE(Lease.borrow());
  Lease.lockForFork();
  Lease.unlockAfterFork(/*InChild=*/true);
  EXPECT_TRUE(Lease.take()); // Waits for nobody.
  EXPECT_FALSE(Lease.borrow());
}

TEST_F(AstLeaseTest, AForkedChildEndsThoughAWorkerWaits) {
  auto Waits = std::make_unique<AstLease>();
  work([&] { EXPECT_FALSE(Waits->borrow()); });
  while (!Waits->isWantedByAnybody())
    std::this_thread::yield();
  Waits->lockForFork();
  const pid_t Child = fork();
  Waits->unlockAfterFork(Child == 0);
  if (Child == 0) {
    alarm(30); // Rather than for ever.
    const bool IsWanted = Waits->isWantedByAnybody();
    Waits.reset();
    _exit(IsWanted ? 18 : 17);
  }
  int Status = 0;
  ASSERT_EQ(waitpid(Child, &Status, 0), Child);
  EXPECT_TRUE(WIFEXITED(Status));
  EXPECT_EQ(WEXITSTATUS(Status), 17);
  Waits->close();
  join();
}

TEST_F(AstLeaseTest, InTheParentAllIsAsBefore) {
  Lease.lend();
  std::atomic<bool> Borrowed{false};
  work([&] {
    ASSERT_TRUE(Lease.borrow());
    Borrowed = true;
    while (!Lease.isWanted())
      std::this_thread::yield();
    Lease.giveBack();
  });
  waitFor(Borrowed);
  Lease.lockForFork();
  Lease.unlockAfterFork(/*InChild=*/false);
  EXPECT_TRUE(Lease.take());
  join();
  Lease.lend();
  EXPECT_TRUE(Lease.borrow());
  Lease.giveBack();
}

} // namespace
