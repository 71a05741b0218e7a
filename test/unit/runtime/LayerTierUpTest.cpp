//===- LayerTierUpTest.cpp - From tier 0 to tier 1 -----------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerTest.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class LayerTierUpTest : public LayerPlacesTest {
protected:
  using Names = std::vector<std::string>;
};

INSTANTIATE_TEST_SUITE_P(Executors, LayerTierUpTest, allPlaces(), whereName);

//===----------------------------------------------------------------------===//
// Trips
//===----------------------------------------------------------------------===//

TEST_P(LayerTierUpTest, AFunctionIsCompiledAtTheThreshold) {
  add(tierFunction("f"));
  callTimes("f", 9);
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier0);
  EXPECT_EQ(info("f").Calls, 9u);
  EXPECT_EQ(info("f").Version, 0u);
  EXPECT_EQ(call("f"), 0);
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(reason("f"), Reason::Hot);
  EXPECT_EQ(info("f").Version, 1u);
  EXPECT_GT(info("f").CompileTime.count(), 0);
  EXPECT_EQ(call("f"), 1);
  EXPECT_EQ(info("f").Calls, 10u);
  EXPECT_EQ(batches(), Names{"f"});
}

TEST_P(LayerTierUpTest, ALoopThatIsCalledOnceIsHot) {
  add(R"(
    declare i32 @which_tier()
    define i32 @f(i32 %n) {
    entry:
      br label %loop
    loop:
      %i = phi i32 [ 0, %entry ], [ %next, %loop ]
      %next = add i32 %i, 1
      %more = icmp slt i32 %next, %n
      br i1 %more, label %loop, label %end
    end:
      %tier = call i32 @which_tier()
      ret i32 %tier
    }
  )");
  call("f", 50);
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier0);
  EXPECT_EQ(info("f").Loops, 49u);
  call("f", 52);
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(info("f").Loops, 100u);
  EXPECT_EQ(info("f").Calls, 2u);
  EXPECT_EQ(call("f", 1), 1);
}

TEST_P(LayerTierUpTest, AtThresholdOneTheFirstCallTrips) {
  Opts.Threshold = 1;
  add(tierFunction("f"));
  EXPECT_EQ(call("f"), 0);
  wait();
  EXPECT_EQ(call("f"), 1);
}

TEST_P(LayerTierUpTest, WhatTripsTogetherIsCompiledTogether) {
  add(tierFunctions({"f", "g"}));
  holdWorker();
  callTimes("f", 10);
  callTimes("g", 10);
  letWorkerGo();
  wait();
  EXPECT_EQ(batches(), (Names{"busy1", "f g"}));
  EXPECT_EQ(call("f") + call("g"), 2);
}

TEST_P(LayerTierUpTest, AWorkerWaitsForMoreTrips) {
  Opts.BatchWindow = 500;
  add(tierFunctions({"f", "g"}));
  callTimes("f", 10);
  callTimes("g", 10);
  wait();
  EXPECT_EQ(batches(), Names{"f g"});
}

TEST_P(LayerTierUpTest, ABatchHoldsNoMoreThanMaxBatch) {
  Opts.MaxBatch = 2;
  add("define void @a() { ret void }\n"
      "define void @b() { ret void }\n"
      "define void @c() { ret void }\n"
      "define void @d() { ret void }\n"
      "define void @e() { ret void }");
  holdWorker();
  promote({"a", "b", "c", "d", "e"});
  letWorkerGo();
  wait();
  EXPECT_EQ(batches(), (Names{"busy1", "a b", "c d", "e"}));
  EXPECT_EQ(L->getStatus().Tier1, 6u);
}

TEST_P(LayerTierUpTest, PromotedFunctionsCallEachOther) {
  add(R"(
    define i32 @fib(i32 %n) noinline optnone {
      %small = icmp slt i32 %n, 2
      br i1 %small, label %base, label %step
    base:
      ret i32 %n
    step:
      %a = sub i32 %n, 1
      %fa = call i32 @fib(i32 %a)
      %b = sub i32 %n, 2
      %fb = call i32 @fib(i32 %b)
      %r = add i32 %fa, %fb
      ret i32 %r
    }
  )");
  EXPECT_EQ(call("fib", 15), 610);
  wait();
  EXPECT_EQ(stage("fib"), Stage::Tier1);
  EXPECT_EQ(call("fib", 20), 6765);
}

//===----------------------------------------------------------------------===//
// promote, wait
//===----------------------------------------------------------------------===//

TEST_P(LayerTierUpTest, PromoteNeedsNoTierZero) {
  add(tierFunction("f"));
  promoteAndWait({"f"});
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(reason("f"), Reason::Requested);
  EXPECT_FALSE(info("f").Compiled);
  EXPECT_EQ(call("f"), 1);
  EXPECT_FALSE(info("f").Compiled);
}

TEST_P(LayerTierUpTest, PromoteOfPromotedOrQueuedFunctionsChangesNothing) {
  add(tierFunctions({"f", "g"}));
  promoteAndWait({"f"});
  promoteAndWait({"f", "f"});
  EXPECT_EQ(info("f").Version, 1u);
  holdWorker();
  promote({"g", "g"});
  promote({"g"});
  letWorkerGo();
  wait();
  EXPECT_EQ(info("g").Version, 1u);
  EXPECT_EQ(batches(), (Names{"f", "busy1", "g"}));
}

TEST_P(LayerTierUpTest, RequestsDoNotWaitForMoreTrips) {
  Opts.BatchWindow = 1000;
  add(tierFunction("f"));
  auto Start = std::chrono::steady_clock::now();
  promoteAndWait({"f"});
  EXPECT_LT(std::chrono::steady_clock::now() - Start, std::chrono::seconds(1));
}

TEST_P(LayerTierUpTest, WaitEndsWhenAllIsDoneOrTheTimeIsOver) {
  EXPECT_TRUE(L->wait(std::nullopt));
  EXPECT_TRUE(L->wait(std::chrono::milliseconds(0)));
  add(tierFunction("f"));
  EXPECT_TRUE(L->wait(std::chrono::milliseconds(0)));
  holdWorker();
  EXPECT_FALSE(L->wait(std::chrono::milliseconds(1)));
  promote({"f"});
  EXPECT_EQ(stage("f"), Stage::Queued);
  EXPECT_FALSE(L->wait(std::chrono::milliseconds(1)));
  letWorkerGo();
  EXPECT_TRUE(L->wait(std::chrono::minutes(1)));
  EXPECT_EQ(stage("f"), Stage::Tier1);
}

TEST_P(LayerTierUpTest, ATripWhileTheWorkerIsBusyIsWaitedForToo) {
  add(tierFunction("f"));
  holdWorker();
  callTimes("f", 10);
  letWorkerGo();
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier1);
}

//===----------------------------------------------------------------------===//
// Roots: what is small is left to its caller
//===----------------------------------------------------------------------===//

/// A leaf, and a loop that calls it.
std::string loopOver(StringRef Loop) {
  return ("declare i32 @which_tier()\n"
          "declare i32 @leaf()\n"
          "define i32 @" +
          Loop + R"((i32 %n) {
          entry:
            br label %loop
          loop:
            %i = phi i32 [ 0, %entry ], [ %next, %loop ]
            %x = call i32 @leaf()
            %next = add i32 %i, 1
            %more = icmp slt i32 %next, %n
            br i1 %more, label %loop, label %end
          end:
            %tier = call i32 @which_tier()
            ret i32 %tier
          }
        )")
      .str();
}

TEST_P(LayerTierUpTest, ASmallLeafThatTripsHasItsCallerCompiled) {
  Opts.LoopFactor = 1000000;
  add(tierFunction("leaf"));
  add(loopOver("loop"));
  EXPECT_EQ(call("loop", 50), 0);
  wait();
  EXPECT_EQ(batches(), Names{"loop (leaf)"});
  EXPECT_EQ(stage("loop"), Stage::Tier1);
  EXPECT_EQ(reason("loop"), Reason::Hot);
  EXPECT_EQ(call("loop", 5), 1);
  EXPECT_EQ(stage("leaf"), Stage::Tier0);
  EXPECT_EQ(reason("leaf"), Reason::Served);
}

TEST_P(LayerTierUpTest, AServedLeafTripsAgainAtEightTimesTheThreshold) {
  Opts.LoopFactor = 1000000;
  add(tierFunction("leaf"));
  add(loopOver("loop"));
  holdWorker();
  call("loop", 10); // The leaf trips in its last call.
  letWorkerGo();
  wait();
  ASSERT_EQ(reason("leaf"), Reason::Served);
  // Who calls now is no tier-0 code, so the leaf is its own root.
  callTimes("leaf", 79);
  wait();
  EXPECT_EQ(stage("leaf"), Stage::Tier0);
  EXPECT_EQ(call("leaf"), 0);
  wait();
  EXPECT_EQ(stage("leaf"), Stage::Tier1);
  EXPECT_EQ(call("leaf"), 1);
  EXPECT_EQ(batches(), (Names{"busy1", "loop (leaf)", "leaf"}));
}

TEST_P(LayerTierUpTest, ALeafThatWasServedTwiceIsItsOwnRoot) {
  Opts.LoopFactor = 1000000;
  add(tierFunction("leaf"));
  for (const char *Name : {"one", "two", "three"})
    add(loopOver(Name));
  int Times = 10;
  for (const char *Name : {"one", "two", "three"}) {
    holdWorker();
    call(Name, Times);
    letWorkerGo();
    wait();
    Times *= 8;
  }
  EXPECT_EQ(batches(), (Names{"busy1", "one (leaf)", "busy2", "two (leaf)",
                              "busy3", "leaf"}));
  EXPECT_EQ(stage("leaf"), Stage::Tier1);
  EXPECT_EQ(stage("three"), Stage::Tier0);
}

TEST_P(LayerTierUpTest, ALargeLeafIsItsOwnRoot) {
  Opts.LoopFactor = 1000000;
  Opts.SmallFunction = 1; // It has two instructions.
  add(tierFunction("leaf"));
  add(loopOver("loop"));
  call("loop", 50);
  wait();
  EXPECT_EQ(batches(), Names{"leaf"});
  EXPECT_EQ(stage("leaf"), Stage::Tier1);
  EXPECT_EQ(stage("loop"), Stage::Tier0);
}

TEST_P(LayerTierUpTest, ALeafThatItsCallerDoesNotTakeInGetsABodyOfItsOwn) {
  Opts.LoopFactor = 1000000;
  add(tierFunction("leaf"));
  // As a virtual call would.
  add(R"(
    declare i32 @leaf()
    @pointer = global ptr @leaf
    define i32 @loop(i32 %n) {
    entry:
      br label %loop
    loop:
      %i = phi i32 [ 0, %entry ], [ %next, %loop ]
      %callee = load volatile ptr, ptr @pointer
      %x = call i32 %callee()
      %next = add i32 %i, 1
      %more = icmp slt i32 %next, %n
      br i1 %more, label %loop, label %end
    end:
      ret i32 %x
    }
  )");
  call("loop", 10);
  wait();
  EXPECT_EQ(batches(), Names{"loop (leaf)"});
  EXPECT_EQ(stage("loop"), Stage::Tier1);
  EXPECT_EQ(stage("leaf"), Stage::Tier1);
  EXPECT_EQ(call("loop", 1), 1);
}

TEST_P(LayerTierUpTest, ALeafThatIsAskedForWhileItIsQueuedIsNoLeaf) {
  Opts.LoopFactor = 1000000;
  Opts.MaxBatch = 1;
  add(tierFunctions({"leaf", "first"}));
  add(loopOver("loop"));
  holdWorker();
  promote({"first"});
  call("loop", 10);
  holdWorkerInNextBatch();
  ASSERT_EQ(stage("leaf"), Stage::Queued);
  ASSERT_EQ(reason("leaf"), Reason::LeftToCaller);
  promote({"leaf"});
  EXPECT_EQ(reason("leaf"), Reason::Requested);
  letWorkerGo();
  wait();
  EXPECT_EQ(batches(), (Names{"busy1", "first", "loop", "leaf"}));
  EXPECT_EQ(stage("loop"), Stage::Tier1);
  EXPECT_EQ(reason("leaf"), Reason::Requested);
  EXPECT_EQ(call("leaf"), 1);
}

TEST_P(LayerTierUpTest, ALeafThatIsAskedForWhileItsCallerIsCompiledIsNext) {
  Opts.LoopFactor = 1000000;
  add(tierFunction("leaf"));
  add(loopOver("loop"));
  holdWorker();
  call("loop", 10);
  holdWorkerInNextBatch();
  ASSERT_EQ(stage("leaf"), Stage::Compiling);
  promote({"leaf"});
  letWorkerGo();
  wait();
  EXPECT_EQ(batches(), (Names{"busy1", "loop (leaf)", "leaf"}));
  EXPECT_EQ(stage("loop"), Stage::Tier1);
  EXPECT_EQ(stage("leaf"), Stage::Tier1);
  EXPECT_EQ(reason("leaf"), Reason::Requested);
  EXPECT_EQ(call("leaf"), 1);
}

TEST_P(LayerTierUpTest, ALeafGoesWithItsCallerInAFullBatchToo) {
  Opts.LoopFactor = 1000000;
  Opts.MaxBatch = 1;
  add(tierFunction("leaf"));
  add(loopOver("loop"));
  holdWorker();
  call("loop", 10);
  letWorkerGo();
  wait();
  EXPECT_EQ(batches(), (Names{"busy1", "loop (leaf)"}));
  EXPECT_EQ(reason("leaf"), Reason::Served);
}

TEST_P(LayerTierUpTest, ALeafOfACompiledLoopThatRunsOnIsServed) {
  Opts.LoopFactor = 1000000;
  add(tierFunction("leaf"));
  add(loopOver("loop"));
  call("loop", 0);
  // As a frame would that was entered before: tier 0 of the loop.
  promoteAndWait({"loop"});
  EXPECT_EQ(call("loop.tier0.1", 10), 0);
  wait();
  EXPECT_EQ(stage("leaf"), Stage::Tier0);
  EXPECT_EQ(reason("leaf"), Reason::Served);
  EXPECT_EQ(batches(), Names{"loop"});
}

TEST_P(LayerTierUpTest, AWarmCalleeIsPublishedAlong) {
  add(tierFunctions({"f", "g"}));
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    auto G = Session.find("g");
    EXPECT_TRUE(G);
    EXPECT_TRUE(G->Warm);
    EXPECT_EQ(G->St, Stage::Tier0);
    Batch More = B;
    More.Members.push_back({G->Id, "g", false});
    return P->compile(More, Session);
  };
  call("g");
  promoteAndWait({"f"});
  EXPECT_EQ(stage("g"), Stage::Tier1);
  EXPECT_EQ(reason("g"), Reason::WarmCallee);
  EXPECT_EQ(call("g"), 1);
}

/// Here a batch is linked before the next one is taken.
class LayerTierUpHereTest : public LayerTierUpTest {};

INSTANTIATE_TEST_SUITE_P(Executors, LayerTierUpHereTest,
                         testing::Values(Where::InProcess), whereName);

TEST_P(LayerTierUpHereTest, AQueuedFunctionThatCameAlongIsNotCompiledAgain) {
  add(tierFunctions({"f", "g"}));
  Opts.MaxBatch = 1;
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    Batch More = B;
    if (B.Members[0].Name == "f")
      More.Members.push_back({Session.find("g")->Id, "g", false});
    return P->compile(More, Session);
  };
  holdWorker();
  promote({"f", "g"});
  letWorkerGo();
  wait();
  EXPECT_EQ(batches(), (Names{"busy1", "f"}));
  EXPECT_EQ(info("g").Version, 1u);
  EXPECT_EQ(call("g"), 1);
}

//===----------------------------------------------------------------------===//
// What the policy sees of the session
//===----------------------------------------------------------------------===//

TEST_P(LayerTierUpTest, ThePolicySeesFunctionsDataAndTierZero) {
  add("@v = global i32 0\n" + tierFunction("f"));
  const FunctionId Id = info("f").Id;
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    EXPECT_EQ(Session.find("f")->Id, Id);
    EXPECT_EQ(Session.find("f")->St, Stage::Compiling);
    EXPECT_FALSE(Session.find("f")->Warm);
    EXPECT_FALSE(Session.find("nowhere"));
    EXPECT_FALSE(Session.find("v"));
    EXPECT_TRUE(Session.defines("v"));
    EXPECT_TRUE(Session.defines("f"));
    EXPECT_FALSE(Session.defines("nowhere"));
    EXPECT_TRUE(Session.withTierZero(Id, [](const Function &F) {
      EXPECT_EQ(F.getName(), "f");
      EXPECT_EQ(F.getInstructionCount(), 2u);
    }));
    return P->compile(B, Session);
  };
  promoteAndWait({"f"});
  EXPECT_EQ(stage("f"), Stage::Tier1);
}

//===----------------------------------------------------------------------===//
// Tables that are only called through
//===----------------------------------------------------------------------===//

constexpr const char *TwoMethods = R"(
  @vtable = constant { [3 x ptr] } { [3 x ptr] [ptr null, ptr @m, ptr @n] }
  declare i32 @which_tier()
  define i32 @m() { %tier = call i32 @which_tier() ret i32 %tier }
  define i32 @n() { ret i32 5 }
  define i32 @call_m() {
    %f = load ptr, ptr getelementptr (ptr, ptr @vtable, i64 1)
    %r = call i32 %f()
    ret i32 %r
  }
  define ptr @address_of_m() { ret ptr @m }
)";

TEST_P(LayerTierUpTest, CallsThroughATableGoStraightToTheBody) {
  add(TwoMethods);
  EXPECT_EQ(call("call_m"), 0);
  const ExecutorAddr Table = addr("vtable"), M = addr("m"), N = addr("n");
  EXPECT_EQ(readPointer(Table), ExecutorAddr());
  EXPECT_EQ(readPointer(Table + 8), M);
  EXPECT_EQ(readPointer(Table + 16), N);
  promoteAndWait({"m"});
  EXPECT_EQ(call("call_m"), 1);
  EXPECT_NE(readPointer(Table + 8), M);
  EXPECT_EQ(readPointer(Table + 8), addr("m.tier1.1"));
  EXPECT_EQ(readPointer(Table + 16), N);
  // Who looks sees the stub.
  EXPECT_EQ(call("address_of_m"), lowHalf(M));
}

TEST_P(LayerTierUpTest, ATableThatNobodyNeededYetIsLinkedWhenItIs) {
  add(TwoMethods);
  promoteAndWait({"m"});
  EXPECT_EQ(call("call_m"), 1);
  EXPECT_EQ(readPointer(addr("vtable") + 8), addr("m.tier1.1"));
}

TEST_P(LayerTierUpTest, OtherTablesHoldStubs) {
  add(R"(
    @table = constant [1 x ptr] [ptr @m]
    define i32 @m() { ret i32 5 }
  )");
  promoteAndWait({"m"});
  EXPECT_EQ(readPointer(addr("table")), addr("m"));
}

//===----------------------------------------------------------------------===//
// On, off, and the threshold
//===----------------------------------------------------------------------===//

TEST_P(LayerTierUpTest, WithTieringOffTripsAreNotedAndMadeUpForLater) {
  add(tierFunctions({"f", "g"}));
  L->setEnabled(false);
  EXPECT_FALSE(L->isEnabled());
  EXPECT_FALSE(L->getStatus().Enabled);
  callTimes("f", 20);
  call("g");
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier0);
  EXPECT_EQ(reason("f"), Reason::TieringOff);
  EXPECT_EQ(reason("g"), Reason::NotHotYet);
  EXPECT_EQ(batches(), Names{});
  L->setEnabled(true);
  EXPECT_TRUE(L->isEnabled());
  wait();
  EXPECT_EQ(batches(), Names{"f"});
  EXPECT_EQ(call("f"), 1);
  EXPECT_EQ(stage("g"), Stage::Tier0);
}

TEST_P(LayerTierUpTest, TurnedOffTheQueueIsEmptiedAndFilledAgain) {
  add(tierFunctions({"f", "g"}));
  call("g");
  holdWorker();
  promote({"f", "g"});
  L->setEnabled(false);
  EXPECT_EQ(stage("f"), Stage::Lazy);
  EXPECT_EQ(stage("g"), Stage::Tier0);
  letWorkerGo();
  wait();
  EXPECT_EQ(batches(), Names{"busy1"});
  L->setEnabled(true);
  wait();
  EXPECT_EQ(call("f") + call("g"), 2);
}

TEST_P(LayerTierUpTest, ModulesThatAreAddedWhileOffAreNotCounted) {
  L->setEnabled(false);
  auto RT = add("declare i32 @which_tier()\n"
                "@data = internal global i32 7\n"
                "define i32 @f() {\n"
                "  %tier = call i32 @which_tier()\n"
                "  %x = load i32, ptr @data\n"
                "  %r = add i32 %x, %tier\n"
                "  ret i32 %r\n"
                "}\n"
                "define i32 @plain_f() { ret i32 1 }");
  EXPECT_EQ(stage("f"), Stage::Refused);
  EXPECT_EQ(reason("f"), Reason::DefinedWhileOff);
  EXPECT_FALSE(find("plain_f"));
  callTimes("f", 100);
  EXPECT_EQ(info("f").Calls, 0u);
  L->setEnabled(true);
  wait();
  promoteAndWait({"f"});
  EXPECT_EQ(call("f"), 7);
  EXPECT_EQ(stage("f"), Stage::Refused);
  // A duplicate of a later module is dropped as ever.
  add("define weak i32 @f() { ret i32 8 }\n"
      "define i32 @g() { %r = call i32 @f() ret i32 %r }");
  EXPECT_EQ(call("g"), 7);
  cantFail(RT->remove());
  EXPECT_FALSE(find("f"));
  EXPECT_FALSE(defines("f"));
}

TEST_P(LayerTierUpTest, ANewThresholdCountsWhatWasCounted) {
  L->setThreshold(1000);
  EXPECT_EQ(L->getStatus().Threshold, 1000);
  EXPECT_EQ(L->getStatus().LoopThreshold, 10000);
  add(tierFunctions({"f", "g"}));
  callTimes("f", 30);
  L->setThreshold(100);
  L->setThreshold(50);
  EXPECT_EQ(info("f").Calls, 30u);
  callTimes("f", 19);
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier0);
  EXPECT_EQ(info("f").Calls, 49u);
  call("f");
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier1);
  // One that is over it trips at its next call.
  callTimes("g", 30);
  L->setThreshold(20);
  wait();
  EXPECT_EQ(stage("g"), Stage::Tier0);
  call("g");
  wait();
  EXPECT_EQ(stage("g"), Stage::Tier1);
  EXPECT_EQ(info("g").Calls, 31u);
}

TEST_P(LayerTierUpTest, CountsStayOverThresholdZero) {
  add(tierFunction("f"));
  callTimes("f", 5);
  P->DecideInstead = [](const Heat &) {
    return Decision{Decision::Wait, Reason::NotHotYet};
  };
  L->setThreshold(0);
  callTimes("f", 3);
  wait();
  L->setThreshold(100);
  EXPECT_EQ(info("f").Calls, 8u);
}

//===----------------------------------------------------------------------===//
// Decisions of other policies
//===----------------------------------------------------------------------===//

TEST_P(LayerTierUpTest, APolicyThatWantsToWaitIsAskedAgain) {
  std::atomic<unsigned> Asked{0};
  P->DecideInstead = [&](const Heat &) {
    return ++Asked < 3 ? Decision{Decision::Wait, Reason::NotHotYet}
                       : Decision{Decision::Compile, Reason::Waiting};
  };
  add(tierFunction("f"));
  callTimes("f", 10);
  wait();
  EXPECT_EQ(Asked, 1u);
  EXPECT_EQ(stage("f"), Stage::Tier0);
  for (int I = 0; I != 10 && Asked < 3; ++I) {
    callTimes("f", 10);
    wait();
  }
  EXPECT_EQ(Asked, 3u);
  EXPECT_EQ(stage("f"), Stage::Tier1);
}

TEST_P(LayerTierUpTest, APolicyThatRefusesIsNotAskedAgain) {
  std::atomic<unsigned> Asked{0};
  P->DecideInstead = [&](const Heat &) {
    ++Asked;
    return Decision{Decision::Refuse, Reason::TooLarge};
  };
  add(tierFunction("f"));
  callTimes("f", 1000);
  wait();
  L->setThreshold(5);
  callTimes("f", 1000);
  wait();
  EXPECT_EQ(Asked, 1u);
  EXPECT_EQ(stage("f"), Stage::Refused);
  EXPECT_EQ(reason("f"), Reason::TooLarge);
  promoteAndWait({"f"});
  EXPECT_EQ(call("f"), 1);
}

} // namespace
