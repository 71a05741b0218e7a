//===- LayerExecutorTest.cpp - The layer and the executing process --------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What lies between machine code and the layer when they need not be in one
// process: what a trip leaves as it was and whom it makes wait, and what is
// left when the executor dies.
//
//===----------------------------------------------------------------------===//

#include "LayerTest.h"

#include "llvm/ExecutionEngine/Orc/ReOptimizeLayer.h"
#include "llvm/IR/Module.h"

#include <csignal>
#include <sys/wait.h>
#include <thread>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class LayerExecutorTest : public LayerPlacesTest {
protected:
  void startAnew(unsigned NumWorkers) {
    P->WorkerGate.open();
    L.reset();
    stop();
    Workers = NumWorkers;
    LayerTest::SetUp();
  }
};

INSTANTIATE_TEST_SUITE_P(Executors, LayerExecutorTest, allPlaces(), whereName);

//===----------------------------------------------------------------------===//
// Trips
//===----------------------------------------------------------------------===//

/// Every argument register is in use at each call, and at the one that trips.
TEST_P(LayerExecutorTest, ATripKeepsTheArgumentsAndTheResult) {
  add(R"(
    define double @sum(i64 %a, i64 %b, i64 %c, i64 %d, i64 %e, i64 %f,
                       double %p, double %q, double %r, double %s, double %t,
                       double %u, double %v, double %w, i64 %g, double %x) {
      %ab = mul i64 %a, 10
      %ab1 = add i64 %ab, %b
      %c0 = mul i64 %ab1, 10
      %c1 = add i64 %c0, %c
      %d0 = mul i64 %c1, 10
      %d1 = add i64 %d0, %d
      %e0 = mul i64 %d1, 10
      %e1 = add i64 %e0, %e
      %f0 = mul i64 %e1, 10
      %f1 = add i64 %f0, %f
      %g0 = mul i64 %f1, 10
      %g1 = add i64 %g0, %g
      %i = sitofp i64 %g1 to double
      %pq = fsub double %p, %q
      %pr = fadd double %pq, %r
      %ps = fsub double %pr, %s
      %pt = fadd double %ps, %t
      %pu = fsub double %pt, %u
      %pv = fadd double %pu, %v
      %pw = fsub double %pv, %w
      %px = fadd double %pw, %x
      %sum = fadd double %i, %px
      ret double %sum
    }
    define i32 @plain_caller(i32 %n) {
    entry:
      br label %loop
    loop:
      %i = phi i32 [ 0, %entry ], [ %next, %loop ]
      %right = phi i32 [ 0, %entry ], [ %right.next, %loop ]
      %y = call double @sum(i64 1, i64 2, i64 3, i64 4, i64 5, i64 6,
          double 1.0, double 2.0, double 4.0, double 8.0, double 16.0,
          double 32.0, double 64.0, double 128.0, i64 7, double 256.0)
      %is = fcmp oeq double %y, 1234738.0
      %one = zext i1 %is to i32
      %right.next = add i32 %right, %one
      %next = add i32 %i, 1
      %more = icmp slt i32 %next, %n
      br i1 %more, label %loop, label %end
    end:
      ret i32 %right.next
    }
  )");
  EXPECT_EQ(call("plain_caller", 15), 15);
  wait();
  EXPECT_EQ(stage("sum"), Stage::Tier1);
  EXPECT_EQ(call("plain_caller", 15), 15);
}

TEST_P(LayerExecutorTest, ATripIsAnsweredAtOnceAndCompiledLater) {
  add(tierFunctions({"f", "g"}));
  P->WorkerGate.close();
  callTimes("f", 10);
  P->WorkerGate.waitForArrival();
  // The batch is held; callers, and those that trip meanwhile, are not.
  callTimes("f", 10);
  callTimes("g", 20);
  EXPECT_EQ(call("f"), 0);
  EXPECT_EQ(stage("f"), Stage::Compiling);
  P->WorkerGate.open();
  wait();
  EXPECT_EQ(call("f"), 1);
  EXPECT_EQ(call("g"), 1);
}

TEST_P(LayerExecutorTest, ThreadsTripWhileBodiesAreSwapped) {
  constexpr unsigned NumFunctions = 4, NumThreads = 4, Calls = 150;
  P->CountedTiers = 3;
  std::string Text;
  for (unsigned I = 0; I != NumFunctions; ++I)
    Text += "define i32 @f" + std::to_string(I) +
            "(i32 %x) {\n  %r = add i32 " + "%x, " + std::to_string(I) +
            "\n  ret i32 %r\n}\n";
  add(Text);
  std::vector<ExecutorAddr> Functions;
  for (unsigned I = 0; I != NumFunctions; ++I)
    Functions.push_back(addr("f" + std::to_string(I)));
  std::atomic<unsigned> Wrong{0};
  std::vector<std::thread> Threads;
  for (unsigned T = 0; T != NumThreads; ++T)
    Threads.emplace_back([&] {
      for (unsigned N = 0; N != Calls; ++N)
        for (unsigned I = 0; I != NumFunctions; ++I)
          Wrong += TestExecutor::call(Functions[I], N) != int(N + I);
    });
  for (std::thread &T : Threads)
    T.join();
  EXPECT_EQ(Wrong, 0u);
  wait();
  for (unsigned I = 0; I != NumFunctions; ++I) {
    EXPECT_EQ(stage("f" + std::to_string(I)), Stage::Tier1);
    EXPECT_EQ(TestExecutor::call(Functions[I], 100), int(100 + I));
  }
}

/// LLVM's own instrumentation passes two arguments, as its runtime's hook
/// takes them.
TEST_P(LayerExecutorTest, ACallAsLLVMsLayerMakesItTrips) {
  P->CountedTiers = 1;
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    const InstrumentationSite Site = Session.getNextSite(B.Members[0].Id);
    P->Prepare = [Site](Module &M) {
      for (Function &F : M)
        if (!F.isDeclaration() && !F.hasAvailableExternallyLinkage())
          llvm::orc::ReOptimizeLayer::createReoptimizeCall(
              M, *F.getEntryBlock().begin(), Site.HookId, Site.Version);
    };
    P->Instead = nullptr;
    return P->compile(B, Session);
  };
  P->DecideInstead = [](const Heat &) {
    return Decision{Decision::Compile, Reason::Hot};
  };
  add(tierFunction("f"));
  promoteAndWait({"f"});
  P->Prepare = nullptr;
  EXPECT_EQ(call("f"), 1); // Far from the counters' threshold.
  wait();
  EXPECT_EQ(call("f"), 2);
}

TEST_P(LayerExecutorTest, AfterShutdownCodeRunsOnAndTripsHaveNoEffect) {
  add(tierFunction("f"));
  L->shutdown();
  callTimes("f", 20);
  EXPECT_EQ(stage("f"), Stage::Tier0);
}

//===----------------------------------------------------------------------===//
// The single-threaded mode
//===----------------------------------------------------------------------===//

TEST_P(LayerExecutorTest, WithoutWorkersTheTripIsAnsweredWhenItIsCompiled) {
  startAnew(0);
  add(tierFunction("f"));
  callTimes("f", 9);
  EXPECT_TRUE(batches().empty());
  EXPECT_EQ(call("f"), 0);
  EXPECT_EQ(batches(), std::vector<std::string>{"f"});
  wait(); // Elsewhere its link may still be under way.
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(call("f"), 1);
  EXPECT_FALSE(L->getStatus().WorkerStarted);
}

TEST_P(LayerExecutorTest, WithoutWorkersOthersTripAndDoNotWait) {
  startAnew(0);
  add(tierFunctions({"f", "g"}));
  P->WorkerGate.close();
  std::thread Compiles([&] { callTimes("f", 10); });
  P->WorkerGate.waitForArrival();
  callTimes("g", 20);
  EXPECT_EQ(stage("g"), Stage::Tier0);
  P->WorkerGate.open();
  Compiles.join();
  wait();
  EXPECT_EQ(call("f"), 1);
  EXPECT_EQ(call("g"), 1);
}

TEST_P(LayerExecutorTest, WithoutWorkersWhatIsTakenBackIsTriedAgain) {
  startAnew(0);
  add("declare i32 @f()\n"
      "define i32 @g() { %r = call i32 @f() ret i32 %r }");
  auto RT = add("define i32 @f() { ret i32 10 }");
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    auto Code = P->compile(B, Session);
    if (RT) {
      cantFail(RT->remove());
      RT = nullptr;
      add("define i32 @f() { ret i32 20 }");
    }
    return Code;
  };
  promoteAndWait({"g"});
  EXPECT_EQ(batches(), (std::vector<std::string>{"g", "g"}));
  EXPECT_EQ(stage("g"), Stage::Tier1);
  EXPECT_EQ(call("g"), 20);
}

//===----------------------------------------------------------------------===//
// In another process
//===----------------------------------------------------------------------===//

inline auto remotePlaces() {
#ifdef REOPT_TEST_ORC_RUNTIME
  return testing::Values(Where::Remote, Where::RemoteWithRuntime);
#else
  return testing::Values(Where::Remote);
#endif
}

class LayerRemoteTest : public LayerExecutorTest {
protected:
  /// What the session was told is part of these tests, to its end.
  void TearDown() override {
    P->WorkerGate.open();
    L.reset();
    stop();
    takeReported();
  }

  /// Returns when the executor is dead, and its connection broken.
  void kill() {
    ::kill(Pid, SIGKILL);
    siginfo_t Info;
    ASSERT_EQ(waitid(P_PID, Pid, &Info, WEXITED | WNOWAIT), 0);
  }

  bool tryCall(StringRef Name) {
    auto F = J->lookup(Name);
    if (!F) {
      consumeError(F.takeError());
      return false;
    }
    auto Result = epc().runAsIntFunction(*F, 0);
    if (!Result)
      consumeError(Result.takeError());
    return !!Result;
  }

  /// Adds a module, which must fail.
  void expectNoMore() {
    auto RT = jd().createResourceTracker();
    EXPECT_NE(toString(tryAdd(RT, tierFunction("another"))), "");
    consumeError(RT->remove());
  }

  /// How often the layer said that the executor is gone.
  unsigned toldOf(StringRef Reported) {
    return Reported.count("the executor is gone");
  }
};

INSTANTIATE_TEST_SUITE_P(Executors, LayerRemoteTest, remotePlaces(), whereName);

/// ORC reports the cause on a thread of its own, so it is not the worker's to
/// note.
TEST_P(LayerRemoteTest, WhyALinkFailedIsReported) {
  add(tierFunction("f"));
  P->Prepare = [](Module &M) {
    auto *Missing =
        new GlobalVariable(M, Type::getInt32Ty(M.getContext()), false,
                           GlobalValue::ExternalLinkage, nullptr, "nowhere");
    new GlobalVariable(M, Missing->getType(), false,
                       GlobalValue::ExternalLinkage, Missing, "mentions");
  };
  promoteAndWait({"f"});
  EXPECT_EQ(reason("f"), Reason::LinkFailed);
  EXPECT_NE(info("f").Detail, "");
  EXPECT_NE(takeReported().find("nowhere"), std::string::npos);
  EXPECT_EQ(call("f"), 0);
}

/// It is this process whose threads can be observed.
TEST_P(LayerRemoteTest, OldCodeIsKept) {
  Old = reopt::ReOptimizeLayer::OldCode::Observe;
  startAnew(1);
  EXPECT_NE(L->getStatus().Obstacle.find("another process"), std::string::npos);
  add(tierFunction("f"));
  callTimes("f", 10);
  wait();
  EXPECT_EQ(L->collect(), 0u);
  EXPECT_EQ(call("f.tier0.1"), 0);
  EXPECT_EQ(call("f"), 1);
}

/// The executor has no text of ours to print.
TEST_P(LayerRemoteTest, ACallOfWhatCannotBeCompiledEndsTheExecutor) {
  add("declare i32 @nowhere()\n"
      "define i32 @f() { %r = call i32 @nowhere() ret i32 %r }");
  EXPECT_FALSE(tryCall("f"));
  EXPECT_NE(takeReported().find("nowhere"), std::string::npos);
  int Status = 0;
  ASSERT_EQ(waitpid(Pid, &Status, 0), Pid);
  Pid = 0;
  ASSERT_TRUE(WIFSIGNALED(Status));
  EXPECT_EQ(WTERMSIG(Status), SIGILL);
}

TEST_P(LayerRemoteTest, AnExecutorThatDiesBetweenCalls) {
  auto RT = add(tierFunctions({"f", "g", "h"}));
  callTimes("f", 10);
  wait();
  kill();
  EXPECT_FALSE(tryCall("f"));
  takeReported();
  L->setThreshold(100); // Writes to the executor.
  EXPECT_EQ(toldOf(takeReported()), 1u);
  // Listings show what is known, and nobody asks the executor again.
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(L->list().size(), 3u);
  promoteAndWait({"g", "h"});
  EXPECT_EQ(reason("g"), Reason::ExecutorGone);
  EXPECT_EQ(reason("h"), Reason::ExecutorGone);
  EXPECT_EQ(batches(), std::vector<std::string>{"f"});
  EXPECT_EQ(takeReported(), "");
  expectNoMore();
  consumeError(RT->remove());
  EXPECT_FALSE(find("f"));
  EXPECT_EQ(toldOf(takeReported()), 0u);
}

TEST_P(LayerRemoteTest, AnExecutorThatDiesInACall) {
  add("declare void @llvm.trap()\n"
      "define i32 @f() { call void @llvm.trap() ret i32 0 }\n" +
      tierFunction("g"));
  EXPECT_FALSE(tryCall("f"));
  promoteAndWait({"g"});
  EXPECT_NE(stage("g"), Stage::Tier1);
  EXPECT_LE(toldOf(takeReported()), 1u);
  expectNoMore();
}

TEST_P(LayerRemoteTest, AnExecutorThatDiesDuringACompile) {
  add(tierFunctions({"f", "g"}));
  P->WorkerGate.close();
  promote({"f"});
  P->WorkerGate.waitForArrival();
  promote({"g"});
  kill();
  P->WorkerGate.open();
  wait();
  EXPECT_EQ(reason("f"), Reason::LinkFailed);
  // It may have been taken before the other's link failed.
  EXPECT_TRUE(reason("g") == Reason::LinkFailed ||
              reason("g") == Reason::ExecutorGone);
  EXPECT_EQ(toldOf(takeReported()), 1u);
  expectNoMore();
}

/// Does something once, when the object with a symbol is linked and the symbol
/// not yet found.
class OnceLinked : public ObjectLinkingLayer::Plugin {
public:
  OnceLinked(SymbolStringPtr Name, std::function<void()> Do)
      : Name(std::move(Name)), Do(std::move(Do)) {}
  Error notifyEmitted(MaterializationResponsibility &R) override {
    if (R.getSymbols().count(Name))
      if (auto Once = std::exchange(Do, nullptr))
        Once();
    return Error::success();
  }
  Error notifyFailed(MaterializationResponsibility &) override {
    return Error::success();
  }
  Error notifyRemovingResources(JITDylib &, ResourceKey) override {
    return Error::success();
  }
  void notifyTransferringResources(JITDylib &, ResourceKey,
                                   ResourceKey) override {}

private:
  const SymbolStringPtr Name;
  std::function<void()> Do;
};

TEST_P(LayerRemoteTest, AnExecutorThatDiesBetweenLinkAndPublishing) {
  static_cast<ObjectLinkingLayer &>(J->getObjLinkingLayer())
      .addPlugin(
          std::make_shared<OnceLinked>(name("f.tier1.1"), [this] { kill(); }));
  add(tierFunctions({"f", "g", "h"}));
  promoteAndWait({"f", "g", "h"});
  EXPECT_EQ(batches(), std::vector<std::string>{"f g h"});
  EXPECT_EQ(toldOf(takeReported()), 1u);
  expectNoMore();
}

TEST_P(LayerRemoteTest, AnExecutorThatDiesInAFirstCall) {
  static_cast<ObjectLinkingLayer &>(J->getObjLinkingLayer())
      .addPlugin(
          std::make_shared<OnceLinked>(name("f.tier0.1"), [this] { kill(); }));
  add(tierFunction("f"));
  EXPECT_FALSE(tryCall("f"));
  wait();
  promoteAndWait({"f"});
  EXPECT_NE(stage("f"), Stage::Tier1);
  EXPECT_LE(toldOf(takeReported()), 1u);
  expectNoMore();
}

TEST_P(LayerRemoteTest, AnExecutorThatDiesWhileItsTripIsServed) {
  startAnew(0);
  add(tierFunction("f"));
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    kill();
    return P->compile(B, Session);
  };
  callTimes("f", 9);
  EXPECT_FALSE(tryCall("f"));
  wait();
  EXPECT_NE(stage("f"), Stage::Tier1);
  EXPECT_LE(toldOf(takeReported()), 1u);
  expectNoMore();
}

TEST_P(LayerRemoteTest, TheLayerEndsAfterItsExecutor) {
  add(tierFunctions({"f", "g"}));
  callTimes("f", 10);
  wait();
  kill();
}

} // namespace
