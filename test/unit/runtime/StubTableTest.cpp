//===- StubTableTest.cpp - Tests of reopt::StubTable ----------------------===//
//
// Each behaviour is tested in process and against a real executor process
// (llvm-jitlink-executor): the same cases, through the same calls. JIT'd code
// calls the stubs; nothing looks behind the table's back but to read memory.
//
//===----------------------------------------------------------------------===//

#include "reopt/StubTable.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/ExecutionEngine/JITLink/aarch64.h"
#include "llvm/ExecutionEngine/JITLink/x86_64.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/InProcessMemoryAccess.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/ExecutionEngine/Orc/SelfExecutorProcessControl.h"
#include "llvm/ExecutionEngine/Orc/SimpleRemoteEPC.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "gtest/gtest.h"

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <set>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;
using support::endian::read32le;

namespace {

//===----------------------------------------------------------------------===//
// An executor, here or in another process, with a JIT
//===----------------------------------------------------------------------===//

enum class Where { InProcess, Remote };

std::string whereName(const testing::TestParamInfo<Where> &Info) {
  return Info.param == Where::InProcess ? "InProcess" : "Remote";
}

/// Starts llvm-jitlink-executor with its end of the connection as its standard
/// input and output.
Expected<std::unique_ptr<ExecutorProcessControl>> spawnExecutor(pid_t &Pid) {
  auto Path = sys::findProgramByName("llvm-jitlink-executor-22");
  if (!Path)
    return createStringError(Path.getError(), "llvm-jitlink-executor-22");
  int ToChild[2], FromChild[2];
  if (pipe2(ToChild, O_CLOEXEC) || pipe2(FromChild, O_CLOEXEC))
    return createStringError("pipe2");
  posix_spawn_file_actions_t Actions;
  posix_spawn_file_actions_init(&Actions);
  posix_spawn_file_actions_adddup2(&Actions, ToChild[0], 0);
  posix_spawn_file_actions_adddup2(&Actions, FromChild[1], 1);
  char Spec[] = "filedescs=0,1";
  char *Args[] = {Path->data(), Spec, nullptr};
  int Failed =
      posix_spawn(&Pid, Path->c_str(), &Actions, nullptr, Args, environ);
  posix_spawn_file_actions_destroy(&Actions);
  close(ToChild[0]);
  close(FromChild[1]);
  if (Failed)
    return createStringError("posix_spawn");
  return SimpleRemoteEPC::Create<FDSimpleRemoteEPCTransport>(
      std::make_unique<DynamicThreadPoolTaskDispatcher>(std::nullopt),
      SimpleRemoteEPC::Setup(), FromChild[0], ToChild[1]);
}

/// Reaches the protected member that says how memory is accessed.
struct EPCAccess : ExecutorProcessControl {
  static MemoryAccess *&memAccess(ExecutorProcessControl &EPC) {
    return EPC.*(&EPCAccess::MemAccess);
  }
};

/// Counts what a memory manager hands out, and fails when told to.
class CountingMemoryManager : public jitlink::JITLinkMemoryManager {
public:
  CountingMemoryManager(jitlink::JITLinkMemoryManager &Base, uint64_t PageSize)
      : Base(Base), PageSize(PageSize) {}

  void allocate(const jitlink::JITLinkDylib *JD, jitlink::LinkGraph &G,
                OnAllocatedFunction OnAllocated) override {
    if (AllocationsLeft-- == 0)
      return OnAllocated(createStringError("no memory, as the test ordered"));
    auto Sizes =
        jitlink::BasicLayout(G).getContiguousPageBasedLayoutSizes(PageSize);
    Bytes += cantFail(std::move(Sizes)).total();
    ++Allocs;
    Base.allocate(JD, G, std::move(OnAllocated));
  }
  void deallocate(std::vector<FinalizedAlloc> As,
                  OnDeallocatedFunction OnDeallocated) override {
    Deallocs += As.size();
    Base.deallocate(std::move(As), std::move(OnDeallocated));
  }
  using jitlink::JITLinkMemoryManager::allocate;
  using jitlink::JITLinkMemoryManager::deallocate;

  size_t Bytes = 0, Allocs = 0, Deallocs = 0;
  size_t AllocationsLeft = ~size_t(0);

private:
  jitlink::JITLinkMemoryManager &Base;
  uint64_t PageSize;
};

/// Notes pointer writes; one of them writes only its first half and fails.
class FlakyMemoryAccess : public MemoryAccess {
public:
  FlakyMemoryAccess(MemoryAccess &Base) : Base(Base) {}

  void writePointersAsync(ArrayRef<tpctypes::PointerWrite> Ws,
                          WriteResultFn OnComplete) override {
    for (auto &W : Ws)
      Last[W.Addr] = W.Value;
    if (WritesLeft-- != 0)
      return Base.writePointersAsync(Ws, std::move(OnComplete));
    Base.writePointersAsync(
        Ws.take_front(Ws.size() / 2),
        [OnComplete = std::move(OnComplete)](Error Err) mutable {
          OnComplete(
              joinErrors(createStringError("write failed, as the test ordered"),
                         std::move(Err)));
        });
  }
  std::map<ExecutorAddr, ExecutorAddr> Last;
  size_t WritesLeft = ~size_t(0);

private:
  MemoryAccess &Base;

#define FORWARD(NAME, REQUEST, FN)                                             \
  void NAME(ArrayRef<REQUEST> Rs, FN F) override {                             \
    Base.NAME(Rs, std::move(F));                                               \
  }
  FORWARD(writeUInt8sAsync, tpctypes::UInt8Write, WriteResultFn)
  FORWARD(writeUInt16sAsync, tpctypes::UInt16Write, WriteResultFn)
  FORWARD(writeUInt32sAsync, tpctypes::UInt32Write, WriteResultFn)
  FORWARD(writeUInt64sAsync, tpctypes::UInt64Write, WriteResultFn)
  FORWARD(writeBuffersAsync, tpctypes::BufferWrite, WriteResultFn)
  FORWARD(readUInt8sAsync, ExecutorAddr, OnReadUIntsCompleteFn<uint8_t>)
  FORWARD(readUInt16sAsync, ExecutorAddr, OnReadUIntsCompleteFn<uint16_t>)
  FORWARD(readUInt32sAsync, ExecutorAddr, OnReadUIntsCompleteFn<uint32_t>)
  FORWARD(readUInt64sAsync, ExecutorAddr, OnReadUIntsCompleteFn<uint64_t>)
  FORWARD(readPointersAsync, ExecutorAddr, OnReadPointersCompleteFn)
  FORWARD(readBuffersAsync, ExecutorAddrRange, OnReadBuffersCompleteFn)
  FORWARD(readStringsAsync, ExecutorAddr, OnReadStringsCompleteFn)
#undef FORWARD
};

template <typename T> void expectFailed(Expected<T> E) {
  EXPECT_FALSE(!!E);
  consumeError(E.takeError());
}

class StubTableTest : public testing::TestWithParam<Where> {
protected:
  static void SetUpTestSuite() {
    InitializeNativeTarget();
    InitializeNativeTargetAsmPrinter();
    signal(SIGPIPE, SIG_IGN);
  }

  void SetUp() override {
    LLJITBuilder Builder;
    Builder.setPlatformSetUp(setUpInactivePlatform);
    if (GetParam() == Where::Remote) {
      auto EPC = spawnExecutor(ExecutorPid);
      ASSERT_TRUE(!!EPC) << toString(EPC.takeError());
      Builder.setExecutorProcessControl(std::move(*EPC));
    }
    J = cantFail(Builder.create());
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
    J.reset();
    if (ExecutorPid > 0)
      waitpid(ExecutorPid, nullptr, 0);
  }

  ExecutionSession &es() { return J->getExecutionSession(); }
  ExecutorProcessControl &epc() { return es().getExecutorProcessControl(); }
  JITDylib &jd() { return J->getMainJITDylib(); }
  SymbolStringPtr name(const Twine &N) { return es().intern(N.str()); }
  ExecutorAddr body(unsigned I) { return addr("body" + std::to_string(I)); }
  ExecutorAddr addr(StringRef N) { return cantFail(J->lookup(N)); }

  /// Calls Fn(Arg) in the executor, on a thread of its own there.
  int call(ExecutorAddr Fn, int Arg) {
    return cantFail(epc().runAsIntFunction(Fn, Arg));
  }

  void addIR(const std::string &Text) {
    auto Ctx = std::make_unique<LLVMContext>();
    SMDiagnostic Diag;
    auto M = parseAssemblyString(Text, Diag, *Ctx);
    ASSERT_TRUE(M) << Diag.getMessage().str();
    M->setModuleIdentifier("module" + std::to_string(++Modules));
    cantFail(J->addIRModule(ThreadSafeModule(std::move(M), std::move(Ctx))));
  }

  /// One stub, and a symbol for it.
  ExecutorAddr createSymbol(StringRef N, ExecutorAddr Target) {
    auto A = cantFail(Table->create(jd(), {{name(N), Target}})).front();
    cantFail(jd().define(absoluteSymbols(
        {{name(N),
          {A, JITSymbolFlags::Exported | JITSymbolFlags::Callable}}})));
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

  pid_t ExecutorPid = 0;
  unsigned Modules = 0, PageSize = 0;
  std::unique_ptr<LLJIT> J;
  std::unique_ptr<CountingMemoryManager> MemMgr;
  std::unique_ptr<StubTable> Table;
};

INSTANTIATE_TEST_SUITE_P(Executors, StubTableTest,
                         testing::Values(Where::InProcess, Where::Remote),
                         whereName);

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
  ASSERT_EQ(waitpid(ExecutorPid, &Status, 0), ExecutorPid);
  ExecutorPid = 0;
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

//===----------------------------------------------------------------------===//
// What the linker makes of a call of a stub
//===----------------------------------------------------------------------===//

/// Notes where the branches of each linked graph's code go to.
class BranchNotes : public ObjectLinkingLayer::Plugin {
public:
  struct Branch {
    ExecutorAddr From, To;
    bool ToPLT;
  };
  std::vector<Branch> Branches;

  void modifyPassConfig(MaterializationResponsibility &, jitlink::LinkGraph &,
                        jitlink::PassConfiguration &Config) override {
    Config.PostFixupPasses.push_back([this](jitlink::LinkGraph &G) -> Error {
      auto *Text = G.findSectionByName(".text");
      if (!Text)
        return Error::success();
      for (auto *B : Text->blocks())
        for (auto &E : B->edges())
          if (E.isRelocation())
            Branches.push_back(
                {B->getFixupAddress(E), E.getTarget().getAddress(),
                 E.getTarget().isDefined() &&
                     E.getTarget().getSection().getName() == "$__STUBS"});
      return Error::success();
    });
  }
  Error notifyFailed(MaterializationResponsibility &) override {
    return Error::success();
  }
  Error notifyRemovingResources(JITDylib &, ResourceKey) override {
    return Error::success();
  }
  void notifyTransferringResources(JITDylib &, ResourceKey,
                                   ResourceKey) override {}
};

bool isFar(ExecutorAddr A, ExecutorAddr B) {
  return !isInt<32>(int64_t(A.getValue() - B.getValue()));
}

TEST_P(StubTableTest, ANearCallIsADirectCallOfTheStub) {
  auto Notes = std::make_shared<BranchNotes>();
  static_cast<ObjectLinkingLayer &>(J->getObjLinkingLayer()).addPlugin(Notes);
  auto F = createSymbol("f", body(1));
  addIR(R"(
    declare i32 @f(i32)
    define i32 @caller(i32 %x) { %r = call i32 @f(i32 %x) ret i32 %r }
  )");
  EXPECT_EQ(call(addr("caller"), 10), 11);
  ASSERT_EQ(Notes->Branches.size(), 1u);
  ASSERT_FALSE(isFar(Notes->Branches[0].From, F));
  EXPECT_EQ(Notes->Branches[0].To, F);
  cantFail(Table->redirect(jd(), {{name("f"), body(2)}}));
  EXPECT_EQ(call(addr("caller"), 10), 12);
}

TEST_P(StubTableTest, ACallerOutOfReachGetsAnAnonymousStubToTheStub) {
  auto Notes = std::make_shared<BranchNotes>();
  static_cast<ObjectLinkingLayer &>(J->getObjLinkingLayer()).addPlugin(Notes);
  auto F = createSymbol("f", body(1));
  // New mappings go below the old ones, but for holes. So reserve a wide strip
  // of address space, then fill the holes above it: what is linked from now on
  // comes to lie below the strip.
  addIR(R"(
    declare ptr @mmap(ptr, i64, i32, i32, i32, i64)
    define i32 @reserve(i32 %pages) {
      %n = zext i32 %pages to i64
      %size = shl i64 %n, 12
      %p = call ptr @mmap(ptr null, i64 %size, i32 0, i32 16418, i32 -1, i64 0)
      %a = ptrtoint ptr %p to i64
      %b = lshr i64 %a, 16
      %c = trunc i64 %b to i32
      ret i32 %c
    }
  )");
  auto Reserve = addr("reserve");
  int Strip = call(Reserve, 8 << 18); // 8 GiB
  for (int Pages = 1 << 18; Pages; Pages /= 4)
    while (call(Reserve, Pages) > Strip)
      ;
  Notes->Branches.clear();
  std::string Caller;
  for (unsigned I = 0; I != 50; ++I) {
    Caller = "caller" + std::to_string(I);
    addIR("declare i32 @f(i32)\n"
          "define i32 @" +
          Caller +
          "(i32 %x) {\n"
          "  %r = call i32 @f(i32 %x)\n"
          "  ret i32 %r\n"
          "}\n");
    if (isFar(addr(Caller), F))
      break;
  }
  ASSERT_TRUE(isFar(addr(Caller), F));
  auto B = Notes->Branches.back();
  EXPECT_TRUE(B.ToPLT);
  EXPECT_FALSE(isFar(B.From, B.To));
  EXPECT_EQ(call(addr(Caller), 10), 11);
  cantFail(Table->redirect(jd(), {{name("f"), body(2)}}));
  EXPECT_EQ(call(addr(Caller), 10), 12);
  EXPECT_EQ(addr("f"), F);
}

//===----------------------------------------------------------------------===//
// Encodings: ours are what JITLink makes of its own stubs at the same place
//===----------------------------------------------------------------------===//

template <typename MakeStubT, typename FixupT>
std::vector<char> linkedStub(StringRef TT, ExecutorAddr Stub, ExecutorAddr Slot,
                             MakeStubT MakeStub, FixupT Fixup) {
  jitlink::LinkGraph G("stub", std::make_shared<SymbolStringPool>(), Triple(TT),
                       SubtargetFeatures(), jitlink::getGenericEdgeKindName);
  auto &Slots = G.createSection("slots", MemProt::Read | MemProt::Write);
  auto &Stubs = G.createSection("stubs", MemProt::Read | MemProt::Exec);
  auto [Pointer, Jump] = MakeStub(G, Slots, Stubs);
  Pointer->getBlock().setAddress(Slot);
  Jump->getBlock().setAddress(Stub);
  auto Content = Jump->getBlock().getMutableContent(G);
  for (auto &E : Jump->getBlock().edges())
    cantFail(Fixup(G, Jump->getBlock(), E, nullptr));
  return std::vector<char>(Content.begin(), Content.end());
}

template <typename MakeStubT, typename FixupT>
void expectSameAsJITLink(StringRef TT, MakeStubT MakeStub, FixupT Fixup) {
  auto *Encoding = cantFail(StubEncoding::get(Triple(TT)));
  const uint64_t Base = 0x7f1234567000;
  std::pair<uint64_t, uint64_t> Places[] = {
      {Base, Base + 0x1000},           {Base + 0x10, Base + 0x1ff8},
      {Base + 0xff0, Base + 0x1008},   {Base, Base - 0x1000},
      {Base + 0x7f0, Base + 0x700008}, {Base, Base + 0x7ff00000},
      {Base, Base - 0x7ff00000},       {0x10, 0x3008}};
  for (auto [Stub, Slot] : Places) {
    auto Theirs =
        linkedStub(TT, ExecutorAddr(Stub), ExecutorAddr(Slot), MakeStub, Fixup);
    std::vector<char> Ours(Encoding->StubSize);
    ASSERT_TRUE(Encoding->WriteStub(Ours.data(), ExecutorAddr(Stub),
                                    ExecutorAddr(Slot)));
    ASSERT_LE(Theirs.size(), Ours.size());
    Ours.resize(Theirs.size());
    EXPECT_EQ(Ours, Theirs) << formatv("{0:x} -> {1:x}", Stub, Slot).str();
  }
}

TEST(StubEncodingTest, X86_64StubIsJITLinks) {
  using namespace jitlink;
  auto MakeStub = [](LinkGraph &G, Section &Slots, Section &Stubs) {
    auto &P = x86_64::createAnonymousPointer(G, Slots);
    return std::pair(&P, &x86_64::createAnonymousPointerJumpStub(G, Stubs, P));
  };
  expectSameAsJITLink("x86_64-unknown-linux-gnu", MakeStub, x86_64::applyFixup);
}

TEST(StubEncodingTest, AArch64StubIsJITLinks) {
  using namespace jitlink;
  auto MakeStub = [](LinkGraph &G, Section &Slots, Section &Stubs) {
    auto &P = aarch64::createAnonymousPointer(G, Slots);
    return std::pair(&P, &aarch64::createAnonymousPointerJumpStub(G, Stubs, P));
  };
  expectSameAsJITLink("aarch64-unknown-linux-gnu", MakeStub,
                      aarch64::applyFixup);
}

TEST(StubEncodingTest, OutOfReachIsRefused) {
  char Mem[16];
  for (const char *TT :
       {"x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"}) {
    auto *Encoding = cantFail(StubEncoding::get(Triple(TT)));
    EXPECT_FALSE(Encoding->WriteStub(Mem, ExecutorAddr(0x1000),
                                     ExecutorAddr(0x200001000)));
    EXPECT_FALSE(Encoding->WriteStub(Mem, ExecutorAddr(0x200001000),
                                     ExecutorAddr(0x1000)));
  }
}

TEST(StubEncodingTest, OtherTargetsAreNamedInTheError) {
  for (const char *TT :
       {"riscv64-unknown-linux-gnu", "i686-pc-linux-gnu",
        "aarch64_be-unknown-linux-gnu", "x86_64-unknown-linux-gnux32"}) {
    auto Encoding = StubEncoding::get(Triple(TT));
    ASSERT_FALSE(!!Encoding);
    EXPECT_EQ(toString(Encoding.takeError()),
              "no stub encoding for target " + std::string(TT) +
                  " (x86_64 and aarch64 have one)");
  }
}

/// A whole AArch64 slab, in this process's memory, where it is only read.
TEST(StubEncodingTest, AArch64SlabJumpsThroughItsSlots) {
  const unsigned PageSize = 16384;
  auto EPC = std::make_unique<SelfExecutorProcessControl>(
      std::make_shared<SymbolStringPool>(),
      std::make_unique<InPlaceTaskDispatcher>(),
      Triple("aarch64-unknown-linux-gnu"), PageSize,
      std::make_unique<jitlink::InProcessMemoryManager>(PageSize));
  ExecutionSession ES(std::move(EPC));
  auto &JD = ES.createBareJITDylib("main");
  auto Table = cantFail(
      StubTable::Create(ES, ES.getExecutorProcessControl().getMemMgr()));
  std::vector<StubTable::Request> Requests;
  for (unsigned I = 0; I != 3000; ++I)
    Requests.push_back(
        {ES.intern("f" + std::to_string(I)), ExecutorAddr(0x10000 + 4 * I)});
  auto Stubs = cantFail(Table->create(JD, Requests));
  for (unsigned I = 0; I != 3000; ++I) {
    auto *Code = Stubs[I].toPtr<const char *>();
    uint32_t Adrp = read32le(Code), Ldr = read32le(Code + 4);
    ASSERT_EQ(Adrp & 0x9f00001f, 0x90000010u);
    ASSERT_EQ(Ldr & 0xffc003ff, 0xf9400210u);
    ASSERT_EQ(read32le(Code + 8), 0xd61f0200u);
    int64_t Pages =
        SignExtend64<21>(((Adrp >> 5 & 0x7ffff) << 2) | (Adrp >> 29 & 3));
    uint64_t Slot = (Stubs[I].getValue() & ~0xfffull) + Pages * 4096 +
                    (Ldr >> 10 & 0xfff) * 8;
    EXPECT_EQ(*ExecutorAddr(Slot).toPtr<uint64_t *>(), 0x10000 + 4 * I);
    EXPECT_EQ(Slot % 8, 0u);
  }
  EXPECT_LE(Table->usage().SlabBytes, 2u * 3 * PageSize);
  Table.reset();
  cantFail(ES.endSession());
}

} // namespace
