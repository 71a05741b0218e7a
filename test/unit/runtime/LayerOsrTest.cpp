//===- LayerOsrTest.cpp - Running loops in a ReOptimizeLayer --------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops that end only when the thread that runs them has left the code in which
// it began: has_moved() is called from one place in tier 0, and from others in
// a continuation. A test that should move and does not never ends.
//
//===----------------------------------------------------------------------===//

#include "reopt/IRReoptimizer.h"
#include "reopt/ReOptimizeLayer.h"
#include "reopt/TierZeroCompiler.h"

#include "TestExecutor.h"

#include <thread>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

/// The place in tier 0: no other calls first.
std::atomic<void *> FirstCaller;

LLVM_ATTRIBUTE_NOINLINE bool hasMoved() {
  void *Caller = __builtin_return_address(0);
  void *None = nullptr;
  FirstCaller.compare_exchange_strong(None, Caller);
  return Caller != FirstCaller;
}

/// The same for each thread.
thread_local void *FirstCallerHere;
std::atomic<unsigned> Callers;

LLVM_ATTRIBUTE_NOINLINE bool hasThreadMoved() {
  void *Caller = __builtin_return_address(0);
  if (!FirstCallerHere) {
    FirstCallerHere = Caller;
    ++Callers;
  }
  return Caller != FirstCallerHere;
}

/// Functions whose names begin with `once` are called once.
class PolicyWithOnce : public IRReoptimizer {
public:
  using IRReoptimizer::IRReoptimizer;
  Tier0Kind instrument(const Function &F) override {
    return F.getName().starts_with("once") ? Tier0Kind::Once
                                           : Tier0Kind::Counted;
  }
  Expected<NewCode> reoptimize(const Batch &Wish,
                               const SessionView &Session) override {
    if (BeforeCompile)
      BeforeCompile();
    Batch B = Wish;
    if (MakesBodiesAtOnce)
      for (Batch::Member &Member : B.Members)
        Member.NeedsBody |= Member.BodyIsNext;
    std::string Now;
    for (auto &Member : B.Members) {
      Needless += !Member.NeedsBody && !Member.IsRunning;
      if (Member.IsRunning)
        Now += (Now.empty() ? "loops of " : ", loops of ") + Member.Name;
      if (Member.NeedsBody && !Member.LeaveToCaller)
        Now += (Now.empty() ? "" : ", ") + Member.Name;
    }
    std::lock_guard<std::mutex> Lock(WantedMutex);
    Wanted.push_back(Now);
    return IRReoptimizer::reoptimize(B, Session);
  }

  /// To be set while nothing is compiled.
  std::function<void()> BeforeCompile;
  bool MakesBodiesAtOnce = false;
  /// What each batch was for.
  std::mutex WantedMutex;
  std::vector<std::string> Wanted;
  /// Members of which nothing was wanted.
  std::atomic<unsigned> Needless{0};
};

class LayerOsrTest : public testing::TestWithParam<unsigned>,
                     protected TestExecutor {
protected:
  static void SetUpTestSuite() { initializeTarget(); }

  void SetUp() override {
    Opts.Threshold = 10;
    Opts.LoopFactor = 10;
    Opts.BatchWindow = 0;
    LLJITBuilder Builder;
    Builder.setCompileFunctionCreator(
        [](JITTargetMachineBuilder JTMB)
            -> Expected<std::unique_ptr<IRCompileLayer::IRCompiler>> {
          return std::make_unique<TierZeroCompiler>(std::move(JTMB));
        });
    start(Where::InProcess, std::move(Builder));
    cantFail(jd().define(absoluteSymbols(
        {{name("has_moved"),
          {ExecutorAddr::fromPtr(&hasMoved),
           JITSymbolFlags::Exported | JITSymbolFlags::Callable}},
         {name("has_thread_moved"),
          {ExecutorAddr::fromPtr(&hasThreadMoved),
           JITSymbolFlags::Exported | JITSymbolFlags::Callable}}})));
    auto Place = cantFail(ReOptimizeLayer::in(*J));
    Place.Workers = GetParam();
    auto NewPolicy = std::make_unique<PolicyWithOnce>(
        Opts, cantFail(JITTargetMachineBuilder::detectHost()));
    P = NewPolicy.get();
    L = cantFail(
        ReOptimizeLayer::Create(std::move(Place), std::move(NewPolicy), Opts));
    FirstCaller = nullptr;
  }
  void TearDown() override {
    L.reset();
    stop();
  }

  ResourceTrackerSP add(StringRef Text) {
    auto Ctx = std::make_unique<LLVMContext>();
    auto M = parseIR(Text, *Ctx);
    M->setModuleIdentifier("input" + std::to_string(++Inputs));
    M->setDataLayout(J->getDataLayout());
    auto RT = jd().createResourceTracker();
    cantFail(L->add(RT, ThreadSafeModule(std::move(M), std::move(Ctx))));
    return RT;
  }
  /// A function that loops until it has moved, and then until \p n is reached.
  static std::string loop(StringRef Name, StringRef Linkage = "") {
    return ("declare i1 @has_moved()\n"
            "declare i32 @g(i32)\n"
            "define " +
            Linkage + " i32 @" + Name +
            "(i32 %n) {\n"
            "  %i = alloca i32\n"
            "  store i32 0, ptr %i\n"
            "  br label %loop\n"
            "loop:\n"
            "  %old = load i32, ptr %i\n"
            "  %new = call i32 @g(i32 %old)\n"
            "  store i32 %new, ptr %i\n"
            "  %moved = call i1 @has_moved()\n"
            "  %enough = icmp sge i32 %new, %n\n"
            "  %stop = and i1 %moved, %enough\n"
            "  br i1 %stop, label %out, label %loop\n"
            "out:\n"
            "  %more = icmp sgt i32 %new, %n\n"
            "  %one = zext i1 %more to i32\n"
            "  ret i32 %one\n"
            "}\n")
        .str();
  }
  /// @f loops until it has moved, and calls nothing that could trip.
  static constexpr const char *Trips = R"(
    declare i1 @has_moved()
    define i32 @f(i32 %n) {
      br label %loop
    loop:
      %moved = call i1 @has_moved()
      br i1 %moved, label %out, label %loop
    out:
      ret i32 %n
    }
  )";
  /// A loop up to \p Bound in a function with an array of variable length.
  static std::string withArray(StringRef Name, StringRef Bound) {
    return ("define i32 @" + Name +
            "(i32 %n) {\n"
            "  %i = alloca i32\n"
            "  %a = alloca i32, i32 %n\n"
            "  store i32 0, ptr %i\n"
            "  br label %loop\n"
            "loop:\n"
            "  %old = load i32, ptr %i\n"
            "  %more = icmp slt i32 %old, " +
            Bound +
            "\n"
            "  br i1 %more, label %body, label %out\n"
            "body:\n"
            "  store i32 %old, ptr %a\n"
            "  %new = add i32 %old, 1\n"
            "  store i32 %new, ptr %i\n"
            "  br label %loop\n"
            "out:\n"
            "  %r = load i32, ptr %a\n"
            "  ret i32 %r\n"
            "}\n")
        .str();
  }
  static std::string adder(int By) {
    return "define i32 @g(i32 %x) {\n  %y = add i32 %x, " + std::to_string(By) +
           "\n  ret i32 %y\n}\n";
  }

  int call(StringRef Name, int N) {
    return cantFail(J->lookup(Name)).toPtr<int(int)>()(N);
  }
  /// @f loops until it has moved; its loop does not trip, but @g in it does.
  void callLoopWhoseCalleeTrips() {
    Opts.LoopFactor = 1000000;
    add(adder(1));
    add(loop("f"));
    call("f", 1000);
    L->wait(std::nullopt);
  }
  FunctionInfo info(StringRef Name) {
    for (FunctionInfo &F : L->list())
      if (F.Name == Name)
        return F;
    ADD_FAILURE() << Name.str() << " is not listed";
    return {};
  }

  Options Opts;
  std::unique_ptr<ReOptimizeLayer> L;
  /// The layer's.
  PolicyWithOnce *P = nullptr;
  unsigned Inputs = 0;
};

INSTANTIATE_TEST_SUITE_P(Workers, LayerOsrTest, testing::Values(0u, 1u, 2u),
                         testing::PrintToStringParamName());

/// With a worker of its own: else who turns tiering on compiles.
class LayerOsrWorkerTest : public LayerOsrTest {};
INSTANTIATE_TEST_SUITE_P(Workers, LayerOsrWorkerTest, testing::Values(1u),
                         testing::PrintToStringParamName());

TEST_P(LayerOsrTest, LoopThatRunsGoesOn) {
  add(adder(1));
  add(loop("f"));
  call("f", 1000);
  EXPECT_EQ(info("f").Continued, 1u);
  L->wait(std::nullopt);
  EXPECT_EQ(info("f").St, Stage::Tier1);
  // The next call starts in the new body.
  call("f", 1000);
  EXPECT_EQ(info("f").Continued, 1u);
}

// Nobody waits for the body yet.
TEST_P(LayerOsrTest, ALoopThatTripsIsCompiledBeforeTheNextBody) {
  add(Trips);
  call("f", 1);
  L->wait(std::nullopt);
  EXPECT_EQ(P->Wanted, (std::vector<std::string>{"loops of f", "f"}));
  EXPECT_EQ(info("f").Version, 1u);
}

// As a recursive function's is, which is its own callee.
TEST_P(LayerOsrTest, ABodyThatCameWithTheLoopsIsNotMadeAgain) {
  P->MakesBodiesAtOnce = true;
  add(Trips);
  call("f", 1);
  L->wait(std::nullopt);
  EXPECT_EQ(P->Wanted, std::vector<std::string>{"loops of f, f"});
  EXPECT_EQ(info("f").Version, 1u);
}

// Its loop has gone on; the body is queued when tiering is turned on again.
TEST_P(LayerOsrTest, TurningTieringOffStopsTheNextBody) {
  P->BeforeCompile = [&] { L->setEnabled(false); };
  add(Trips);
  call("f", 1);
  L->wait(std::nullopt);
  EXPECT_EQ(P->Wanted, std::vector<std::string>{"loops of f"});
  EXPECT_EQ(info("f").Why, Reason::TieringOff);
  P->BeforeCompile = nullptr;
  L->setEnabled(true);
  L->wait(std::nullopt);
  EXPECT_EQ(P->Wanted, (std::vector<std::string>{"loops of f", "f"}));
}

// It may be a short one, and what is called often comes first.
TEST_P(LayerOsrTest, ALoopWhoseCalleeTripsIsCompiledWithTheNextBody) {
  callLoopWhoseCalleeTrips();
  EXPECT_EQ(P->Wanted, std::vector<std::string>{"loops of f, f"});
}

// The thread's count of a back-edge may overwrite that it is time to look. Then
// it would go on in tier 0 until its loop trips, and its callee is compiled
// alone meanwhile. One time in twelve before this was mended.
TEST_P(LayerOsrTest, AnArmingThatARunningLoopUndoesIsRepeated) {
  for (int Round = 0; Round != 30; ++Round) {
    if (Round) {
      TearDown();
      SetUp();
    }
    callLoopWhoseCalleeTrips();
    ASSERT_EQ(P->Wanted, std::vector<std::string>{"loops of f, f"});
  }
}

TEST_P(LayerOsrTest, EachThreadMoves) {
  add(adder(1));
  add(loop("f"));
  constexpr unsigned Count = 4;
  auto *F = cantFail(J->lookup("f")).toPtr<int(int)>();
  std::vector<std::thread> Threads;
  for (unsigned I = 0; I != Count; ++I)
    Threads.emplace_back([F] { F(100000); });
  for (std::thread &T : Threads)
    T.join();
  // Who came late began in the new body.
  EXPECT_GE(info("f").Continued, 1u);
  EXPECT_LE(info("f").Continued, Count);
}

TEST_P(LayerOsrTest, WhatRunsOnceGetsNoBodyWhileItRuns) {
  add(adder(1));
  add(loop("once") + "define i32 @call(i32 %n) {\n"
                     "  %r = call i32 @once(i32 %n)\n  ret i32 %r\n}\n");
  call("call", 1000);
  L->wait(std::nullopt);
  FunctionInfo F = info("once");
  EXPECT_EQ(F.Continued, 1u);
  EXPECT_EQ(F.St, Stage::Tier0);
  EXPECT_EQ(F.Why, Reason::Continued);
  EXPECT_EQ(F.Version, 0u);
  L->promote({F.Id});
  L->wait(std::nullopt);
  EXPECT_EQ(info("once").St, Stage::Tier0);
}

TEST_P(LayerOsrTest, WhatRanOnceMayBeRemovedUnlessItIsListed) {
  auto Adder = add(adder(1));
  auto Lists = [&](const ResourceTrackerSP &RT) {
    bool Result = false;
    cantFail(
        RT->withResourceKeyDo([&](ResourceKey K) { Result = L->lists(K); }));
    return Result;
  };
  EXPECT_TRUE(Lists(Adder));
  // Too few iterations to be worth a word.
  auto Brief = add("define i32 @once_brief(i32 %n) { ret i32 %n }");
  EXPECT_FALSE(Lists(Brief));
  call("once_brief", 3);
  EXPECT_FALSE(Lists(Brief));
  cantFail(Brief->remove());
  EXPECT_TRUE(Lists(Adder));
  auto Long = add(loop("once"));
  call("once", 1000);
  L->wait(std::nullopt);
  EXPECT_TRUE(Lists(Long));
}

// Its only call is one too many, and trips. That leads nowhere, and must not
// keep its loop, which trips at about the same time, from going on.
TEST_P(LayerOsrTest, WhatRunsOnceIsHotInItsLoopsOnly) {
  add(adder(1));
  for (int64_t Threshold : {0, 1}) {
    Opts.Threshold = Threshold;
    const std::string Name = "once" + std::to_string(Threshold);
    add(loop(Name));
    FirstCaller = nullptr;
    call(Name, 1000);
    L->wait(std::nullopt);
    EXPECT_EQ(info(Name).Continued, 1u);
  }
  EXPECT_EQ(P->Needless, 0u);
}

TEST_P(LayerOsrTest, LocalFunctionThatRunsOnce) {
  add(adder(1));
  add(loop("once", "internal") +
      "define i32 @call(i32 %n) {\n"
      "  %r = call i32 @once(i32 %n)\n  ret i32 %r\n}\n");
  call("call", 1000);
  L->wait(std::nullopt);
  bool IsListed = false;
  for (FunctionInfo &F : L->list())
    if (StringRef(F.Name).starts_with("once.reopt."))
      IsListed = F.Continued == 1;
  EXPECT_TRUE(IsListed);
}

// The callee is inside the continuation. When it is taken back, no frame goes
// there any more, and what is called next is what is defined then.
TEST_P(LayerOsrTest, TakingACalleeBackDropsTheContinuation) {
  auto G = add(adder(1));
  add(loop("f"));
  EXPECT_EQ(call("f", 1000) & ~1, 0);
  L->wait(std::nullopt);
  EXPECT_EQ(info("f").St, Stage::Tier1);
  cantFail(G->remove());
  // Its tier 0 may have been freed, and is compiled again then.
  EXPECT_NE(info("f").St, Stage::Tier1);
  EXPECT_EQ(info("f").Continued, 1u);
  add(adder(-1));
  FirstCaller = nullptr;
  call("f", -1000000000);
  EXPECT_EQ(info("f").Continued, 2u);
}

// It would run in tier 0 to its end. One that ends soon may.
TEST_P(LayerOsrTest, LoopThatCannotBeContinuedIsCompiledBeforeItStarts) {
  add(withArray("heavy", "%n") + withArray("light", "3"));
  EXPECT_EQ(call("heavy", 9), 8);
  EXPECT_EQ(info("heavy").St, Stage::Tier1);
  EXPECT_EQ(info("heavy").Why, Reason::BeforeFirstCall);
  EXPECT_EQ(call("light", 9), 2);
  EXPECT_EQ(info("light").St, Stage::Tier0);

  Opts.Osr = false;
  add(withArray("without", "%n"));
  EXPECT_EQ(call("without", 9), 8);
  EXPECT_EQ(info("without").St, Stage::Tier0);
}

// All wait for one compile, or find it done, while functions are removed.
TEST_P(LayerOsrTest, ManyThreadsMakeTheFirstCall) {
  constexpr unsigned Rounds = 20, Callers = 8;
  for (unsigned Round = 0; Round != Rounds; ++Round) {
    const std::string Name = "f" + std::to_string(Round);
    const std::string Other = "g" + std::to_string(Round);
    add(withArray(Name, "%n"));
    auto RT = add(withArray(Other, "%n"));
    auto *F = cantFail(J->lookup(Name)).toPtr<int(int)>();
    std::atomic<unsigned> Right{0};
    std::vector<std::thread> Threads;
    for (unsigned I = 0; I != Callers; ++I)
      Threads.emplace_back([&, I] { Right += F(5 + I) == int(4 + I); });
    cantFail(RT->remove());
    for (std::thread &T : Threads)
      T.join();
    EXPECT_EQ(Right, Callers);
    L->wait(std::nullopt);
    EXPECT_EQ(info(Name).St, Stage::Tier1);
    EXPECT_EQ(info(Name).Version, 1u);
  }
}

// It would wait for itself.
TEST_P(LayerOsrTest, APolicyThatCallsDoesNotWait) {
  add(withArray("heavy", "%n") + "define i32 @f(i32 %n) { ret i32 %n }\n");
  int Answer = 0;
  P->BeforeCompile = [&] { Answer = call("heavy", 9); };
  EXPECT_EQ(call("f", 3), 3);
  L->promote(info("f").Id);
  L->wait(std::nullopt);
  EXPECT_EQ(Answer, 8);
  EXPECT_EQ(info("heavy").St, Stage::Tier0);
  EXPECT_EQ(info("f").St, Stage::Tier1);
}

TEST_P(LayerOsrTest, LoopThatCannotBeContinuedSaysWhy) {
  add("define i32 @f(i32 %n) {\n"
      "  %size = zext i32 %n to i64\n"
      "  %a = alloca i32, i64 %size\n"
      "  store i32 0, ptr %a\n"
      "  br label %loop\n"
      "loop:\n"
      "  %old = load i32, ptr %a\n"
      "  %new = add i32 %old, 1\n"
      "  store i32 %new, ptr %a\n"
      "  %stop = icmp sge i32 %new, %n\n"
      "  br i1 %stop, label %out, label %loop\n"
      "out:\n"
      "  ret i32 %new\n"
      "}\n");
  EXPECT_EQ(call("f", 5000), 5000);
  L->wait(std::nullopt);
  FunctionInfo F = info("f");
  EXPECT_EQ(F.Continued, 0u);
  EXPECT_EQ(F.St, Stage::Tier1);
  auto Loops = L->getLoops(F.Id);
  ASSERT_EQ(Loops.size(), 1u);
  EXPECT_EQ(Loops.front(), Reason::OsrAlloca);
}

// A continuation is made for the loop that tripped. A frame that is caught in
// another loop of the function asks for that one, and gets it.
TEST_P(LayerOsrWorkerTest, LoopThatWasLeftOutIsAskedFor) {
  add("declare i1 @has_thread_moved()\n"
      "define i32 @f(i32 %which) {\n"
      "  %v = alloca i32\n"
      "  store i32 %which, ptr %v\n"
      "  %first = icmp eq i32 %which, 0\n"
      "  br i1 %first, label %one, label %two\n"
      "one:\n"
      "  %a = call i1 @has_thread_moved()\n"
      "  br i1 %a, label %out, label %one\n"
      "two:\n"
      "  %b = call i1 @has_thread_moved()\n"
      "  br i1 %b, label %out, label %two\n"
      "out:\n"
      "  %r = load i32, ptr %v\n"
      "  ret i32 %r\n"
      "}\n");
  auto *F = cantFail(J->lookup("f")).toPtr<int(int)>();
  L->setEnabled(false);
  Callers = 0;
  int Results[] = {7, 7};
  std::thread One([&] { Results[0] = F(0); }), Two([&] { Results[1] = F(1); });
  while (Callers != 2 || info("f").Why != Reason::TieringOff)
    std::this_thread::yield();
  L->setEnabled(true);
  One.join();
  Two.join();
  EXPECT_EQ(Results[0], 0);
  EXPECT_EQ(Results[1], 1);
  EXPECT_EQ(info("f").Continued, 2u);
}

// A frame in a loop that never comes to the one around it waits for that only
// so long.
TEST_P(LayerOsrWorkerTest, LoopThatWaitsInVainGoesOnAnyway) {
  add("declare i1 @has_thread_moved()\n"
      "define i32 @f(i32 %n) {\n"
      "  %i = alloca i32\n"
      "  %j = alloca i32\n"
      "  store i32 0, ptr %i\n"
      "  br label %outer\n"
      // Comes round until the inner loop does not end any more.
      "outer:\n"
      "  store i32 0, ptr %j\n"
      "  br label %inner\n"
      "inner:\n"
      "  %jv = load i32, ptr %j\n"
      "  %jn = add i32 %jv, 1\n"
      "  store i32 %jn, ptr %j\n"
      "  %moved = call i1 @has_thread_moved()\n"
      "  br i1 %moved, label %out, label %again\n"
      "again:\n"
      "  %iv = load i32, ptr %i\n"
      "  %stays = icmp sge i32 %iv, %n\n"
      "  %short = icmp slt i32 %jn, 3\n"
      "  %in = or i1 %stays, %short\n"
      "  br i1 %in, label %inner, label %next\n"
      "next:\n"
      "  %in1 = add i32 %iv, 1\n"
      "  store i32 %in1, ptr %i\n"
      "  br label %outer\n"
      "out:\n"
      "  %r = load i32, ptr %i\n"
      "  ret i32 %r\n"
      "}\n");
  auto *F = cantFail(J->lookup("f")).toPtr<int(int)>();
  constexpr int N = 100000;
  // What runs is not known to iterate but by its polls.
  L->setEnabled(false);
  int Result = 0;
  Callers = 0;
  std::thread Runner([&] { Result = F(N); });
  while (info("f").Loops < 3 * N + 5 * PollInterval)
    std::this_thread::yield();
  L->setEnabled(true);
  Runner.join();
  EXPECT_EQ(Result, N);
  EXPECT_EQ(info("f").Continued, 1u);
  L->wait(std::nullopt);
  // For the loop around, and when that was asked about for the other.
  EXPECT_EQ(count(P->Wanted, "loops of f"), 2);
}

// While tiering is off, polls find nothing; a loop that runs when it is turned
// on moves then.
TEST_P(LayerOsrWorkerTest, TurningTieringOnMovesWhatRuns) {
  add(adder(1));
  add(loop("f"));
  auto *F = cantFail(J->lookup("f")).toPtr<int(int)>();
  L->setEnabled(false);
  std::thread Runner([F] { F(1000); });
  while (info("f").Why != Reason::TieringOff)
    std::this_thread::yield();
  EXPECT_EQ(info("f").Continued, 0u);
  L->setEnabled(true);
  Runner.join();
  EXPECT_EQ(info("f").Continued, 1u);
}

} // namespace
