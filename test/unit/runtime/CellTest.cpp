//===- CellTest.cpp - Tests of reopt::Cell and CellTable ------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/CellTable.h"

#include "TestExecutor.h"
#include "TestMemory.h"

#include <cstddef>
#include <set>
#include <thread>
#include <type_traits>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

//===----------------------------------------------------------------------===//
// Cell: what machine code relies on, and what its words say
//===----------------------------------------------------------------------===//

static_assert(offsetof(Cell, CallsLeft) == 0 && offsetof(Cell, LoopsLeft) == 4);
static_assert(offsetof(Cell, Continuations) == 8);
static_assert(alignof(Cell) == alignof(uint64_t));
static_assert(std::is_trivially_copyable_v<Cell>);

/// What instrumented code does to a word, once. True if it trips.
bool count(int32_t &Word) {
  if (--Word >= 0)
    return false;
  Word = RearmedCount;
  return true;
}

TEST(CellTest, CountsSinceIsWhatWasCounted) {
  for (int32_t Armed : {0, 1, 2, 199, 3999, 100000}) {
    int32_t Word = Armed;
    unsigned Trips = 0;
    for (uint32_t Counts = 0; Counts != 2 * uint32_t(Armed) + 10; ++Counts) {
      ASSERT_EQ(countsSince(Armed, Word), Counts) << "armed with " << Armed;
      Trips += count(Word);
    }
    EXPECT_EQ(Trips, 1u) << "armed with " << Armed;
  }
}

TEST(CellTest, CountsSinceKnowsTheTripFromTheRearmedWord) {
  EXPECT_EQ(countsSince(99, RearmedCount), 100u);
  EXPECT_EQ(countsSince(99, RearmedCount - 1), 101u);
  EXPECT_EQ(countsSince(RearmedCount / 2 - 1, RearmedCount),
            uint32_t(RearmedCount / 2));
  // Between a trip's two stores.
  EXPECT_EQ(countsSince(99, -1), 100u);
}

TEST(CellTest, AWordThatWasArmedFarAwayCountsFromThere) {
  EXPECT_EQ(countsSince(RearmedCount, RearmedCount), 0u);
  EXPECT_EQ(countsSince(RearmedCount, RearmedCount - 7), 7u);
  EXPECT_EQ(countsSince(RearmedCount, 0), uint32_t(RearmedCount));
}

TEST(CellTest, AStaleStoreAboveTheArmedCountIsNoCount) {
  EXPECT_EQ(countsSince(10, 12), 0u);
  EXPECT_EQ(countsSince(0, RearmedCount / 2), 0u);
}

//===----------------------------------------------------------------------===//
// CellTable
//===----------------------------------------------------------------------===//

class CellTableTest : public ExecutorTest {
protected:
  void SetUp() override {
    ExecutorTest::SetUp();
    MemMgr = std::make_unique<CountingMemoryManager>(epc().getMemMgr(),
                                                     epc().getPageSize());
    Table = std::make_unique<CellTable>(es(), *MemMgr);
  }

  void TearDown() override {
    cantFail(Table->shutdown());
    EXPECT_EQ(MemMgr->Allocs, MemMgr->Deallocs);
    ExecutorTest::TearDown();
  }

  void expectCell(ExecutorAddr A, int32_t Calls, int32_t Loops) {
    Cell C = cantFail(Table->read(A));
    EXPECT_EQ(C.CallsLeft, Calls);
    EXPECT_EQ(C.LoopsLeft, Loops);
  }

  std::unique_ptr<CountingMemoryManager> MemMgr;
  std::unique_ptr<CellTable> Table;
};

INSTANTIATE_TEST_SUITE_P(Executors, CellTableTest,
                         testing::Values(Where::InProcess, Where::Remote),
                         whereName);

TEST_P(CellTableTest, ReadsWhatWasArmed) {
  auto A = cantFail(Table->create()), B = cantFail(Table->create());
  cantFail(Table->arm(A, 199, 3999));
  cantFail(Table->arm(B, 0, RearmedCount));
  expectCell(A, 199, 3999);
  expectCell(B, 0, RearmedCount);
  cantFail(Table->arm(A, 7, 8));
  expectCell(A, 7, 8);
  expectCell(B, 0, RearmedCount);
}

TEST_P(CellTableTest, ReadsWhereLoopsGoOn) {
  auto A = cantFail(Table->create());
  EXPECT_EQ(cantFail(Table->read(A)).Continuations, 0u);
  cantFail(Table->arm(A, 1, 2, ExecutorAddr(0x123456789abcdef0)));
  EXPECT_EQ(cantFail(Table->read(A)).Continuations, 0x123456789abcdef0u);
  cantFail(Table->arm(A, 1, 2));
  EXPECT_EQ(cantFail(Table->read(A)).Continuations, 0u);
}

TEST_P(CellTableTest, MachineCodeCountsInACell) {
  auto A = cantFail(Table->create());
  cantFail(Table->arm(A, 10, 20));
  define("cell", A);
  addIR(R"(
    @cell = external global [2 x i32]
    define i32 @count(i32 %n) {
      %calls = load volatile i32, ptr @cell
      %calls.left = sub i32 %calls, %n
      store volatile i32 %calls.left, ptr @cell
      %loops.ptr = getelementptr [2 x i32], ptr @cell, i32 0, i32 1
      store volatile i32 -1, ptr %loops.ptr
      ret i32 %calls.left
    }
  )");
  EXPECT_EQ(call(addr("count"), 4), 6);
  expectCell(A, 6, -1);
}

TEST_P(CellTableTest, ThousandsOfCellsAreEightBytesEach) {
  const unsigned N = 5000;
  std::vector<ExecutorAddr> Cells;
  for (unsigned I = 0; I != N; ++I) {
    Cells.push_back(cantFail(Table->create()));
    EXPECT_EQ(Cells.back().getValue() % sizeof(Cell), 0u);
  }
  EXPECT_LE(MemMgr->Bytes, N * sizeof(Cell) + 16384);
  // A remote one takes its time.
  const unsigned Step = GetParam() == Where::InProcess ? 1 : 97;
  for (unsigned I = 0; I < N; I += Step)
    cantFail(Table->arm(Cells[I], I, 2 * I));
  for (unsigned I = 0; I < N; I += Step)
    expectCell(Cells[I], I, 2 * I);
  llvm::sort(Cells);
  for (unsigned I = 1; I != N; ++I)
    EXPECT_GE(Cells[I] - Cells[I - 1], sizeof(Cell));
}

TEST_P(CellTableTest, ReleasedCellsAreUsedAgain) {
  std::vector<ExecutorAddr> Cells;
  do
    Cells.push_back(cantFail(Table->create()));
  while (MemMgr->Allocs < 2);
  // The last slab is nearly empty; now the first is, too.
  const unsigned Many = 100;
  for (unsigned I = 0; I != Many; ++I)
    Table->release(Cells[I]);
  std::set<ExecutorAddr> Again;
  for (size_t I = 0; I != Cells.size() - 2 + Many; ++I)
    Again.insert(cantFail(Table->create()));
  EXPECT_EQ(MemMgr->Allocs, 2u);
  for (unsigned I = 0; I != Many; ++I)
    EXPECT_TRUE(Again.count(Cells[I]));
}

TEST_P(CellTableTest, ACreatedCellNeverTripsUntilItIsArmed) {
  auto Fresh = cantFail(Table->create());
  Cell C = cantFail(Table->read(Fresh));
  EXPECT_GE(C.CallsLeft, RearmedCount / 2);
  EXPECT_GE(C.LoopsLeft, RearmedCount / 2);
  // Neither does one that counted for another function before.
  cantFail(Table->arm(Fresh, 3, 3));
  Table->release(Fresh);
  ExecutorAddr Again;
  for (unsigned I = 0; I != 5000 && Again != Fresh; ++I)
    Again = cantFail(Table->create());
  ASSERT_EQ(Again, Fresh);
  C = cantFail(Table->read(Again));
  EXPECT_GE(C.CallsLeft, RearmedCount / 2);
  EXPECT_GE(C.LoopsLeft, RearmedCount / 2);
}

TEST_P(CellTableTest, WithoutMemoryCreateFailsAndLaterWorks) {
  MemMgr->AllocationsLeft = 0;
  EXPECT_EQ(toString(Table->create().takeError()),
            "no memory, as the test ordered");
  MemMgr->AllocationsLeft = ~size_t(0);
  auto A = cantFail(Table->create());
  cantFail(Table->arm(A, 1, 2));
  expectCell(A, 1, 2);
}

TEST_P(CellTableTest, ShutdownFreesAllAndLeavesAnEmptyTable) {
  cantFail(Table->shutdown()); // Nothing to free.
  for (unsigned I = 0; I != 5000; ++I)
    cantFail(Table->create());
  EXPECT_GT(MemMgr->Allocs, 1u);
  cantFail(Table->shutdown());
  EXPECT_EQ(MemMgr->Allocs, MemMgr->Deallocs);
  cantFail(Table->shutdown());
  auto A = cantFail(Table->create());
  cantFail(Table->arm(A, 5, 6));
  expectCell(A, 5, 6);
}

TEST_P(CellTableTest, ManyThreadsUseOneTable) {
  const unsigned PerThread = GetParam() == Where::InProcess ? 2000 : 100;
  std::atomic<unsigned> Wrong{0};
  std::vector<std::thread> Threads;
  for (unsigned T = 0; T != 4; ++T)
    Threads.emplace_back([&, T] {
      std::vector<ExecutorAddr> Mine;
      for (unsigned I = 0; I != PerThread; ++I) {
        Mine.push_back(cantFail(Table->create()));
        cantFail(Table->arm(Mine.back(), T, I));
        if (I % 3 == 2) {
          Table->release(Mine.front());
          Mine.erase(Mine.begin());
        }
      }
      for (auto A : Mine)
        Wrong += cantFail(Table->read(A)).CallsLeft != int32_t(T);
    });
  for (auto &T : Threads)
    T.join();
  EXPECT_EQ(Wrong, 0u);
}

} // namespace
