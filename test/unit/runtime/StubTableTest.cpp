//===- StubTableTest.cpp - Tests of reopt::StubTable ----------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// JIT'd code calls the stubs; nothing looks behind the table's back but to read
// memory.
//
//===----------------------------------------------------------------------===//

#include "reopt/StubTable.h"

#include "TestExecutor.h"
#include "TestMemory.h"

#include <atomic>
#include <set>
#include <thread>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

template <typename T> void expectFailed(Expected<T> E) {
  EXPECT_FALSE(!!E);
  consumeError(E.takeError());
}

class StubTableTest : public ExecutorTest {
protected:
  void SetUp() override {
    ExecutorTest::SetUp();
    PageSize = epc().getPageSize();
    MemMgr = std::make_unique<CountingMemoryManager>(epc().getMemMgr(),
                                                     epc().getPageSize());
    Table = cantFail(StubTable::Create(es(), *MemMgr));
    addIR(R"(
      define i32 @body1(i32 %x) { %r = add i32 %x, 1 ret i32 %r }
      define i32 @body2(i32 %x) { %r = add i32 %x, 2 ret i32 %r }
      define i32 @body3(i32 %x) { %r = add i32 %x, 3 ret i32 %r }
    )");
  }

  void TearDown() override {
    Table.reset();
    if (MemMgr)
      EXPECT_EQ(MemMgr->Allocs, MemMgr->Deallocs);
    ExecutorTest::TearDown();
  }

  ExecutorAddr body(unsigned I) { return addr("body" + std::to_string(I)); }

  /// One stub, and a symbol for it.
  ExecutorAddr createSymbol(StringRef N, ExecutorAddr Target) {
    auto A = cantFail(Table->create(jd(), {{name(N), Target}})).front();
    define(N, A);
    return A;
  }

  std::vector<StubTable::Request> requests(unsigned From, unsigned To,
                                           ExecutorAddr Target) {
    std::vector<StubTable::Request> Rs;
    for (unsigned I = From; I != To; ++I)
      Rs.push_back({name("f" + Twine(I)), Target});
    return Rs;
  }
  std::vector<SymbolStringPtr> names(unsigned From, unsigned To) {
    std::vector<SymbolStringPtr> Ns;
    for (unsigned I = From; I != To; ++I)
      Ns.push_back(name("f" + Twine(I)));
    return Ns;
  }
  unsigned stubsPerSlab() { return PageSize / 8 - 1; }

  unsigned PageSize = 0;
  std::unique_ptr<CountingMemoryManager> MemMgr;
  std::unique_ptr<StubTable> Table;
};

INSTANTIATE_TEST_SUITE_P(Executors, StubTableTest, allPlaces(), whereName);

//===----------------------------------------------------------------------===//
// create, find
//===----------------------------------------------------------------------===//

TEST_P(StubTableTest, StubsCallTheirInitialTargets) {
  auto Stubs = cantFail(Table->create(
      jd(),
      {{name("a"), body(1)}, {name("b"), body(2)}, {name("c"), body(3)}}));
  ASSERT_EQ(Stubs.size(), 3u);
  EXPECT_EQ(call(Stubs[0], 10), 11);
  EXPECT_EQ(call(Stubs[1], 10), 12);
  EXPECT_EQ(call(Stubs[2], 10), 13);
}

TEST_P(StubTableTest, FindKnowsNameAndDylib) {
  auto &Other = es().createBareJITDylib("other");
  auto A = cantFail(Table->create(jd(), {{name("a"), body(1)}})).front();
  EXPECT_EQ(Table->find(jd(), name("a")), A);
  EXPECT_FALSE(Table->find(jd(), name("b")));
  EXPECT_FALSE(Table->find(Other, name("a")));
  auto OtherA = cantFail(Table->create(Other, {{name("a"), body(2)}})).front();
  EXPECT_NE(A, OtherA);
  EXPECT_EQ(Table->find(jd(), name("a")), A);
  EXPECT_EQ(Table->find(Other, name("a")), OtherA);
  const SymbolStringPtr Several[] = {name("b"), name("a"), name("a")};
  EXPECT_EQ(Table->find(jd(), Several),
            (std::vector<ExecutorAddr>{ExecutorAddr(), A, A}));
  EXPECT_EQ(Table->find(Other, ArrayRef<SymbolStringPtr>()),
            std::vector<ExecutorAddr>());
  EXPECT_EQ(call(A, 0), 1);
  EXPECT_EQ(call(OtherA, 0), 2);
}

TEST_P(StubTableTest, EmptyRequestsDoNothing) {
  EXPECT_TRUE(cantFail(Table->create(jd(), {})).empty());
  cantFail(Table->redirect(jd(), {}));
  cantFail(Table->remove(jd(), {}));
  cantFail(Table->removeAll(jd()));
  EXPECT_EQ(Table->usage().SlabBytes, 0u);
}

TEST_P(StubTableTest, ThousandsOfStubsCostSixteenBytesEach) {
  const unsigned N = 10000;
  auto Stubs = cantFail(Table->create(jd(), requests(0, N, body(1))));
  EXPECT_EQ(std::set<ExecutorAddr>(Stubs.begin(), Stubs.end()).size(), N);
  EXPECT_EQ(Table->usage().LiveStubs, N);
  EXPECT_EQ(Table->usage().SlabBytes, MemMgr->Bytes);
  EXPECT_EQ(MemMgr->Allocs, (N + stubsPerSlab() - 1) / stubsPerSlab());
  EXPECT_LE(double(MemMgr->Bytes) / N, 17.0);
  for (unsigned I = 0; I < N; I += 97)
    EXPECT_EQ(call(Stubs[I], I), int(I + 1));
  for (unsigned I = 0; I != N; ++I)
    EXPECT_EQ(Table->find(jd(), name("f" + Twine(I))), Stubs[I]);
}

TEST_P(StubTableTest, StubsCreatedOneByOneShareSlabs) {
  for (unsigned I = 0; I != 2000; ++I)
    cantFail(Table->create(jd(), requests(I, I + 1, body(1))));
  EXPECT_EQ(MemMgr->Allocs, (2000 + stubsPerSlab() - 1) / stubsPerSlab());
}

//===----------------------------------------------------------------------===//
// redirect
//===----------------------------------------------------------------------===//

TEST_P(StubTableTest, RedirectKeepsTheAddress) {
  auto A = createSymbol("a", body(1));
  EXPECT_EQ(call(A, 10), 11);
  cantFail(Table->redirect(jd(), {{name("a"), body(2)}}));
  EXPECT_EQ(Table->find(jd(), name("a")), A);
  EXPECT_EQ(addr("a"), A);
  EXPECT_EQ(call(A, 10), 12);
}

TEST_P(StubTableTest, RedirectTakesManySymbols) {
  const unsigned N = 1500;
  auto Stubs = cantFail(Table->create(jd(), requests(0, N, body(1))));
  cantFail(Table->redirect(jd(), requests(100, 1400, body(2))));
  for (unsigned I : {0u, 99u, 100u, 511u, 1023u, 1399u, 1400u, 1499u})
    EXPECT_EQ(call(Stubs[I], 0), I >= 100 && I < 1400 ? 2 : 1) << I;
}

TEST_P(StubTableTest, RedirectOfAnUnknownNameRedirectsNothing) {
  auto A = createSymbol("a", body(1));
  auto Err =
      Table->redirect(jd(), {{name("a"), body(2)}, {name("nobody"), body(2)}});
  EXPECT_EQ(toString(std::move(Err)), "symbol nobody in main has no stub");
  EXPECT_EQ(call(A, 0), 1);
}

TEST_P(StubTableTest, CallersSeeTheOldOrTheNewBodyNeverAMix) {
  // The second body lies where no byte of its address is that of the first's.
  addIR(R"(
    declare ptr @mmap(ptr, i64, i32, i32, i32, i64)
    define i32 @place(i32 %ignored) {
      %hint = inttoptr i64 20015998304256 to ptr  ; 0x123456780000
      %p = call ptr @mmap(ptr %hint, i64 4096, i32 7, i32 50, i32 -1, i64 0)
      store i32 3271706509, ptr %p              ; lea 2(%rdi), %eax; ret
      %a = ptrtoint ptr %p to i64
      %b = lshr i64 %a, 16
      %c = trunc i64 %b to i32
      ret i32 %c
    }
  )");
  addIR(R"(
    declare i32 @f(i32)
    define i32 @hammer(i32 %n) {
    entry:
      br label %loop
    loop:
      %i = phi i32 [ 0, %entry ], [ %i.next, %loop ]
      %bad = phi i32 [ 0, %entry ], [ %bad.next, %loop ]
      %r = call i32 @f(i32 %i)
      %d = sub i32 %r, %i
      %is1 = icmp eq i32 %d, 1
      %is2 = icmp eq i32 %d, 2
      %ok = or i1 %is1, %is2
      %inc = select i1 %ok, i32 0, i32 1
      %bad.next = add i32 %bad, %inc
      %i.next = add i32 %i, 1
      %more = icmp ult i32 %i.next, %n
      br i1 %more, label %loop, label %exit
    exit:
      ret i32 %bad.next
    }
  )");
  ASSERT_EQ(call(addr("place"), 0), 0x12345678);
  ExecutorAddr Bodies[] = {body(1), ExecutorAddr(0x123456780000)};
  createSymbol("f", Bodies[0]);
  auto Hammer = addr("hammer");

  const unsigned Enough = GetParam() == Where::InProcess ? 100000 : 1000;
  std::atomic<unsigned> Redirections{0};
  std::atomic<int> Bad{0};
  std::vector<std::thread> Callers;
  for (unsigned T = 0; T != 4; ++T)
    Callers.emplace_back([&] {
      do
        Bad += call(Hammer, 1000000);
      while (Redirections < Enough);
    });
  while (Redirections < Enough)
    cantFail(Table->redirect(jd(), {{name("f"), Bodies[++Redirections % 2]}}));
  for (auto &T : Callers)
    T.join();
  EXPECT_EQ(Bad, 0);
}

//===----------------------------------------------------------------------===//
// remove
//===----------------------------------------------------------------------===//

TEST_P(StubTableTest, RemovedStubsAreForgottenAndPointToTheTrap) {
  FlakyMemoryAccess Mem(epc().getMemoryAccess());
  EPCAccess::memAccess(epc()) = &Mem;
  auto Stubs = cantFail(Table->create(jd(), requests(0, 3, body(1))));
  cantFail(Table->remove(jd(), {name("f1")}));
  EXPECT_FALSE(Table->find(jd(), name("f1")));
  EXPECT_EQ(Table->usage().LiveStubs, 2u);
  EXPECT_EQ(call(Stubs[0], 0), 1);
  EXPECT_EQ(call(Stubs[2], 0), 1);
  unsigned Traps = 0;
  for (auto [Slot, Target] : Mem.Last)
    if (Target != body(1)) {
      ++Traps;
      auto Code = cantFail(Mem.readBuffers({{Target, Target + 2}})).front();
      EXPECT_EQ(Code, (std::vector<uint8_t>{0x0f, 0x0b}));
    }
  EXPECT_EQ(Traps, 1u);
}

TEST_P(StubTableTest, ALateCallOfARemovedStubFaults) {
  auto A = cantFail(Table->create(jd(), {{name("a"), body(1)}})).front();
  cantFail(Table->remove(jd(), {name("a")}));
  if (GetParam() == Where::InProcess) {
    EXPECT_EXIT(call(A, 0), testing::KilledBySignal(SIGILL), "");
    return;
  }
  // The executor dies of it; the session and the table survive.
  es().setErrorReporter([](Error Err) { consumeError(std::move(Err)); });
  expectFailed(epc().runAsIntFunction(A, 0));
  int Status = 0;
  ASSERT_EQ(waitpid(Pid, &Status, 0), Pid);
  Pid = 0;
  ASSERT_TRUE(WIFSIGNALED(Status));
  EXPECT_EQ(WTERMSIG(Status), SIGILL);
  expectFailed(Table->create(jd(), requests(0, 2000, body(1))));
  EXPECT_FALSE(Table->find(jd(), name("f0")));
  consumeError(Table->shutdown());
  MemMgr.reset();
}

TEST_P(StubTableTest, RemovedStubsAreUsedAgainLateAndInOrder) {
  const unsigned N = stubsPerSlab();
  auto First = cantFail(Table->create(jd(), requests(0, 2 * N, body(1))));
  cantFail(Table->remove(jd(), names(0, N)));
  // A slab's worth of removed stubs rests: a new slab is made instead.
  auto Second = cantFail(Table->create(jd(), requests(0, N, body(2))));
  EXPECT_EQ(MemMgr->Allocs, 3u);
  for (auto A : Second)
    EXPECT_EQ(llvm::count(First, A), 0);
  // With ten more, the ten oldest are due.
  cantFail(Table->remove(jd(), names(N, N + 10)));
  auto Third =
      cantFail(Table->create(jd(), requests(3 * N, 3 * N + 10, body(3))));
  EXPECT_EQ(MemMgr->Allocs, 3u);
  EXPECT_EQ(ArrayRef(Third), ArrayRef(First).take_front(10));
  EXPECT_EQ(call(Third[0], 0), 3);
  EXPECT_EQ(Table->usage().LiveStubs, 2 * N);
}

TEST_P(StubTableTest, CreateAndRemoveForeverStaysSmall) {
  for (unsigned Round = 0; Round != 200; ++Round) {
    cantFail(Table->create(jd(), requests(0, 100, body(1))));
    cantFail(Table->remove(jd(), names(0, 100)));
  }
  EXPECT_LE(MemMgr->Allocs, 2u);
}

TEST_P(StubTableTest, RemoveOfAnUnknownNameRemovesNothing) {
  cantFail(Table->create(jd(), {{name("a"), body(1)}}));
  auto Err = Table->remove(jd(), {name("a"), name("b")});
  EXPECT_EQ(toString(std::move(Err)), "symbol b in main has no stub to remove");
  EXPECT_TRUE(!!Table->find(jd(), name("a")));
  Err = Table->remove(jd(), {name("a"), name("a")});
  EXPECT_TRUE(!!Err);
  consumeError(std::move(Err));
  EXPECT_TRUE(!!Table->find(jd(), name("a")));
}

TEST_P(StubTableTest, RemoveAllTakesOneDylibs) {
  auto &Other = es().createBareJITDylib("other");
  cantFail(Table->create(jd(), requests(0, 700, body(1))));
  cantFail(Table->create(Other, requests(0, 700, body(1))));
  cantFail(Table->removeAll(Other));
  EXPECT_FALSE(Table->find(Other, name("f5")));
  EXPECT_TRUE(!!Table->find(jd(), name("f5")));
  EXPECT_EQ(Table->usage().LiveStubs, 700u);
  cantFail(es().removeJITDylib(Other));
}

//===----------------------------------------------------------------------===//
// All or nothing; destruction
//===----------------------------------------------------------------------===//

TEST_P(StubTableTest, CreateOfAKnownOrRepeatedNameCreatesNothing) {
  auto A = cantFail(Table->create(jd(), {{name("a"), body(1)}})).front();
  auto Known =
      Table->create(jd(), {{name("b"), body(2)}, {name("a"), body(2)}});
  EXPECT_EQ(toString(Known.takeError()), "symbol a in main has a stub already");
  auto Twice =
      Table->create(jd(), {{name("b"), body(2)}, {name("b"), body(2)}});
  EXPECT_EQ(toString(Twice.takeError()), "symbol b in main has a stub already");
  EXPECT_FALSE(Table->find(jd(), name("b")));
  EXPECT_EQ(call(A, 0), 1);
  EXPECT_EQ(Table->usage().LiveStubs, 1u);
}

TEST_P(StubTableTest, WithoutMemoryCreateCreatesNothing) {
  cantFail(Table->create(jd(), requests(0, 400, body(1))));
  MemMgr->AllocationsLeft = 1; // Two more slabs are needed.
  EXPECT_EQ(
      toString(Table->create(jd(), requests(400, 1500, body(1))).takeError()),
      "no memory, as the test ordered");
  for (auto &N : names(400, 1500))
    EXPECT_FALSE(Table->find(jd(), N));
  EXPECT_EQ(Table->usage().LiveStubs, 400u);
  // Nothing is lost: the slab that was made serves.
  MemMgr->AllocationsLeft = 1;
  auto Stubs = cantFail(Table->create(jd(), requests(400, 1500, body(2))));
  EXPECT_EQ(call(Stubs.back(), 0), 2);
}

TEST_P(StubTableTest, AFailedWriteCreatesNothing) {
  FlakyMemoryAccess Mem(epc().getMemoryAccess());
  EPCAccess::memAccess(epc()) = &Mem;
  Mem.WritesLeft = 0;
  EXPECT_EQ(toString(Table->create(jd(), requests(0, 50, body(1))).takeError()),
            "write failed, as the test ordered");
  for (auto &N : names(0, 50))
    EXPECT_FALSE(Table->find(jd(), N));
  EXPECT_EQ(Table->usage().LiveStubs, 0u);
  // Half of the slots were written; all point to the trap again.
  EXPECT_EQ(Mem.Last.size(), 50u);
  for (auto [Slot, Target] : Mem.Last) {
    EXPECT_NE(Target, body(1));
    // (readPointers kills a remote executor of LLVM 22: it calls null there.)
    EXPECT_EQ(cantFail(Mem.readUInt64s({Slot})).front(), Target.getValue());
  }
  auto Stubs = cantFail(Table->create(jd(), requests(0, 50, body(1))));
  EXPECT_EQ(call(Stubs[49], 0), 1);
}

TEST_P(StubTableTest, ShutdownFreesAllAndLeavesAnEmptyTable) {
  cantFail(Table->create(jd(), requests(0, 3000, body(1))));
  EXPECT_GT(MemMgr->Allocs, 0u);
  cantFail(Table->shutdown());
  EXPECT_EQ(MemMgr->Allocs, MemMgr->Deallocs);
  EXPECT_EQ(Table->usage().LiveStubs, 0u);
  EXPECT_EQ(Table->usage().SlabBytes, 0u);
  cantFail(Table->shutdown());
  auto Stubs = cantFail(Table->create(jd(), requests(0, 1, body(2))));
  EXPECT_EQ(call(Stubs[0], 0), 2);
}

TEST_P(StubTableTest, ManyThreadsUseOneTable) {
  const unsigned PerThread = GetParam() == Where::InProcess ? 300 : 30;
  ExecutorAddr Targets[] = {body(1), body(2), body(3)};
  std::atomic<int> Wrong{0};
  std::vector<std::thread> Threads;
  for (unsigned T = 0; T != 4; ++T)
    Threads.emplace_back([&, T] {
      for (unsigned I = 0; I != PerThread; ++I) {
        unsigned From = (T * PerThread + I) * 10;
        auto Stubs = cantFail(
            Table->create(jd(), requests(From, From + 10, Targets[0])));
        cantFail(Table->redirect(jd(), requests(From, From + 5, Targets[1])));
        cantFail(
            Table->redirect(jd(), requests(From + 3, From + 4, Targets[2])));
        Wrong += call(Stubs[0], 0) != 2;
        Wrong += call(Stubs[3], 0) != 3;
        Wrong += call(Stubs[9], 0) != 1;
        Wrong += Table->find(jd(), name("f" + Twine(From))) != Stubs[0];
        cantFail(Table->remove(jd(), names(From, From + 8)));
      }
    });
  for (auto &T : Threads)
    T.join();
  EXPECT_EQ(Wrong, 0);
  EXPECT_EQ(Table->usage().LiveStubs, 4 * PerThread * 2);
}

} // namespace
