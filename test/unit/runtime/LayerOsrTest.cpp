//===- LayerOsrTest.cpp - Running loops in a ReOptimizeLayer --------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerOsrTest.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

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
