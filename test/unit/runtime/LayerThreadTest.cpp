//===- LayerThreadTest.cpp - Threads in and around ReOptimizeLayer -------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// User threads run while functions are compiled, swapped, taken back, and
// looked at; and processes fork.
//
//===----------------------------------------------------------------------===//

#include "LayerTest.h"

#include "llvm/Support/FormatVariadic.h"

#include <atomic>
#include <thread>
#include <unistd.h>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class LayerThreadTest : public LayerTest {
protected:
  /// Runs \p Body on so many threads until stop(). What it returns is summed
  /// up: 0 if all is well.
  template <typename Fn> void run(unsigned Count, const Fn &Body) {
    for (unsigned T = 0; T != Count; ++T)
      Threads.emplace_back([this, T, Body] {
        while (!Enough) {
          Wrong += Body(T);
          ++Rounds;
        }
      });
  }

  /// Waits until the threads have run so many rounds more.
  void letRun(unsigned More) {
    for (unsigned Until = Rounds + More; Rounds < Until;)
      std::this_thread::yield();
  }

  void join() {
    Enough = true;
    for (auto &T : Threads)
      T.join();
    Threads.clear();
    Enough = false;
    EXPECT_EQ(Wrong, 0u);
  }

  std::vector<std::thread> Threads;
  std::atomic<bool> Enough{false};
  std::atomic<unsigned> Wrong{0}, Rounds{0};
};

TEST_F(LayerThreadTest, AWorkerMayEndTheProcess) {
  // As LLVM's fatal errors do, where the host says so. exit() stops the layer,
  // on this thread.
  add("define i32 @f() { ret i32 1 }");
  P->Instead = [this](const Batch &, const SessionView &) -> Expected<NewCode> {
    L->shutdown();
    _exit(7);
  };
  EXPECT_EXIT((promote({"f"}), wait(), pause()), testing::ExitedWithCode(7),
              "");
}

TEST_F(LayerThreadTest, ManyThreadsMakeTheFirstCall) {
  for (int Round = 0; Round != 20; ++Round) {
    std::string Name = "f" + std::to_string(Round);
    add(formatv("define i32 @{0}(i32 %x) {{\n"
                "  %r = call i32 @callee_{0}(i32 %x)\n"
                "  ret i32 %r\n"
                "}\n"
                "define i32 @callee_{0}(i32 %x) {{\n"
                "  %r = mul i32 %x, 3\n"
                "  ret i32 %r\n"
                "}",
                Name)
            .str());
    auto *F = get<int(int)>(Name);
    std::atomic<unsigned> Waiting{0}, Right{0};
    std::vector<std::thread> Callers;
    for (int T = 0; T != 8; ++T)
      Callers.emplace_back([&, T] {
        ++Waiting;
        while (Waiting != 8)
          std::this_thread::yield();
        Right += F(T) == 3 * T;
      });
    for (auto &C : Callers)
      C.join();
    EXPECT_EQ(Right, 8u);
  }
}

/// A compile takes more stack than such a thread has.
TEST_F(LayerThreadTest, AThreadWithASmallStackMakesAFirstCall) {
  std::string Text = "define i32 @f(i32 %x) {\n";
  for (int I = 0; I != 200; ++I)
    Text += "  %a" + std::to_string(I) + " = add i32 %x, " + std::to_string(I) +
            "\n";
  add(Text + "  ret i32 %a7\n}");
  auto *F = get<int(int)>("f");
  pthread_attr_t Attributes;
  pthread_attr_init(&Attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&Attributes, 64 << 10), 0);
  pthread_t Thread;
  void *Result = nullptr;
  ASSERT_EQ(pthread_create(
                &Thread, &Attributes,
                [](void *F) {
                  return reinterpret_cast<void *>(
                      intptr_t(reinterpret_cast<int (*)(int)>(F)(5)));
                },
                reinterpret_cast<void *>(F)),
            0);
  pthread_join(Thread, &Result);
  pthread_attr_destroy(&Attributes);
  EXPECT_EQ(intptr_t(Result), 12);
}

TEST_F(LayerThreadTest, SignalsAreNotTheWorkersBusiness) {
  add(tierFunction("f"));
  sigset_t Blocked;
  sigemptyset(&Blocked);
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    pthread_sigmask(SIG_SETMASK, nullptr, &Blocked);
    return P->compile(B, Session);
  };
  promoteAndWait({"f"});
  for (int Signal : {SIGINT, SIGUSR1, SIGALRM, SIGCHLD})
    EXPECT_TRUE(sigismember(&Blocked, Signal)) << Signal;
  pthread_sigmask(SIG_SETMASK, nullptr, &Blocked);
  EXPECT_FALSE(sigismember(&Blocked, SIGINT)) << "in the thread that adds";
}

TEST_F(LayerThreadTest, ManyThreadsCallManyFunctionsThatGetHot) {
  constexpr int Functions = 40;
  add(getAddingFunctions(Functions));
  std::vector<int (*)(int)> Addresses;
  for (int I = 0; I != Functions; ++I)
    Addresses.push_back(get<int(int)>("f" + std::to_string(I)));
  run(4, [=](unsigned T) {
    unsigned Wrong = 0;
    for (int I = 0; I != Functions; ++I)
      Wrong += Addresses[I](int(T)) != int(T) + I;
    return Wrong;
  });
  letRun(1000);
  join();
  wait();
  // Counts may be lost, trips may not.
  EXPECT_EQ(L->getStatus().Tier1, unsigned(Functions));
}

TEST_F(LayerThreadTest, ThreadsCallWhileBodiesAreSwapped) {
  // What trips by itself might be compiled while there is no bystander.
  Opts.Threshold = 1000000000;
  add(R"(
    define i32 @f(i32 %x) {
      %r = add i32 %x, 1
      ret i32 %r
    }
    define i32 @g(i32 %n) {
    entry:
      br label %loop
    loop:
      %i = phi i32 [ 0, %entry ], [ %next, %loop ]
      %next = call i32 @f(i32 %i)
      %more = icmp slt i32 %next, %n
      br i1 %more, label %loop, label %end
    end:
      ret i32 %next
    }
  )");
  // Bodies are said to have a bystander inside, which is taken back over and
  // over: so they are demoted, while all that is called stays.
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    auto Code = P->compile(B, Session);
    if (auto Bystander = Session.find("bystander"))
      Code->Uses.push_back(Bystander->Id);
    return Code;
  };
  auto *G = get<int(int)>("g");
  run(3, [=](unsigned T) { return G(100 + T) != int(100 + T); });
  unsigned Swaps = 0;
  for (int Round = 0; Round != 25; ++Round) {
    auto RT = add("define void @bystander() { ret void }");
    promoteAndWait({"f", "g"});
    letRun(20);
    const uint32_t Before = info("g").Version;
    cantFail(RT->remove());
    Swaps += info("g").Version != Before;
  }
  join();
  wait();
  EXPECT_EQ(Swaps, 25u);
  EXPECT_EQ(takeReported(), "");
}

TEST_F(LayerThreadTest, ListingsAndSettingsMayComeFromAnyThread) {
  add(tierFunctions({"f", "g"}) + "define i32 @h() { ret i32 5 }");
  auto *F = get<int()>("f"), *H = get<int()>("h");
  run(4, [=](unsigned T) {
    switch (T) {
    case 0:
      return unsigned(H() != 5 || F() > 1);
    case 1:
      return unsigned(L->list().size() < 3 || L->getStatus().Threshold > 100);
    case 2:
      L->setThreshold(50 + Rounds % 50);
      return 0u;
    default:
      L->setEnabled(Rounds % 2);
      return 0u;
    }
  });
  for (int I = 0; I != 30; ++I) {
    promote({"g"});
    L->wait(std::chrono::milliseconds(1));
    auto RT = add("define i32 @new() { ret i32 1 }");
    letRun(10);
    cantFail(RT->remove());
  }
  join();
  L->setEnabled(true);
  callTimes("f", 200);
  wait();
  EXPECT_EQ(call("f"), 1);
}

// A function trips once: one that a listing took, and no worker was told of,
// would stay in tier 0.
TEST_F(LayerThreadTest, ListingsLoseNoTrips) {
  constexpr int Functions = 40;
  add(getAddingFunctions(Functions));
  run(2, [this](unsigned T) {
    return T ? L->list().size() != Functions : L->getStatus().Tier1 > Functions;
  });
  for (int I = 0; I != Functions; ++I) {
    callTimes("f" + std::to_string(I), 20);
    if (I % 4 == 0)
      wait();
  }
  join();
  wait();
  EXPECT_EQ(L->getStatus().Tier1, unsigned(Functions));
}

TEST_F(LayerThreadTest, ModulesComeAndGoWhileOthersRun) {
  add(R"(
    define i32 @f(i32 %n) {
      %r = add i32 %n, 1
      ret i32 %r
    }
  )");
  auto *F = get<int(int)>("f");
  run(3, [=](unsigned T) { return F(int(T)) != int(T) + 1; });
  for (int Round = 0; Round != 50; ++Round) {
    auto RT = add("declare i32 @f(i32)\n"
                  "define i32 @g(i32 %n) {\n"
                  "  %r = call i32 @f(i32 %n)\n"
                  "  ret i32 %r\n"
                  "}");
    EXPECT_EQ(call("g", Round), Round + 1);
    promote({"g"});
    if (Round % 2)
      wait();
    EXPECT_EQ(call("g", Round), Round + 1);
    cantFail(RT->remove());
  }
  join();
}

//===----------------------------------------------------------------------===//
// The end
//===----------------------------------------------------------------------===//

TEST_F(LayerThreadTest, ShutdownPublishesNothingMore) {
  add(tierFunction("f"));
  P->WorkerGate.close();
  promote({"f"});
  P->WorkerGate.waitForArrival();
  // Waiting ends when the layer stops; then the worker is let go.
  std::thread Opener([this] {
    L->wait(std::nullopt);
    P->WorkerGate.open();
  });
  L->shutdown();
  Opener.join();
  EXPECT_NE(stage("f"), Stage::Tier1);
  callTimes("f", 1000);
  EXPECT_EQ(call("f"), 0);
  EXPECT_TRUE(L->wait(std::nullopt));
  L->shutdown();
}

TEST_F(LayerThreadTest, MachineCodeRunsOnAfterShutdown) {
  add(tierFunctions({"f", "g", "h"}));
  promoteAndWait({"f"});
  call("g");
  L->shutdown();
  EXPECT_EQ(call("f"), 1);
  EXPECT_EQ(call("g"), 0);
  EXPECT_EQ(call("h"), 0); // Compiled now.
  L->setThreshold(1);
  callTimes("g", 100);
  promote({"g"});
  L->setEnabled(false);
  L->setEnabled(true);
  EXPECT_TRUE(L->wait(std::nullopt));
  EXPECT_EQ(call("g"), 0);
}

TEST_F(LayerThreadTest, AnUnusedLayerEnds) { L->shutdown(); }

//===----------------------------------------------------------------------===//
// fork
//===----------------------------------------------------------------------===//

TEST_F(LayerThreadTest, AForkedChildRunsOnWithWhatItHas) {
  add(tierFunctions({"f", "g", "h"}));
  promoteAndWait({"f"});
  call("g");
  holdWorker();
  promote({"g"});
  L->lockForFork();
  pid_t Child = fork();
  L->unlockAfterFork(Child == 0);
  if (Child == 0) {
    alarm(30); // Rather than for ever.
    bool Fine = call("f") == 1 && call("g") == 0 && call("h") == 0;
    callTimes("h", 1000);
    Fine &= call("h") == 0 && L->wait(std::nullopt);
    add("define i32 @new() { ret i32 4 }");
    Fine &= call("new") == 4;
    L->promote(info("h").Id);
    Fine &= L->wait(std::nullopt);
    L->shutdown();
    _exit(Fine ? 17 : 18);
  }
  int Status = 0;
  ASSERT_EQ(waitpid(Child, &Status, 0), Child);
  EXPECT_TRUE(WIFEXITED(Status));
  EXPECT_EQ(WEXITSTATUS(Status), 17);
  letWorkerGo();
  wait();
  EXPECT_EQ(call("g"), 1);
}

} // namespace
