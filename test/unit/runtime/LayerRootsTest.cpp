//===- LayerRootsTest.cpp - What is compiled for what tripped -------------===//
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

class LayerRootsTest : public LayerPlacesTest {
protected:
  using Names = std::vector<std::string>;
};

INSTANTIATE_TEST_SUITE_P(Executors, LayerRootsTest, allPlaces(), whereName);

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

TEST_P(LayerRootsTest, ASmallLeafThatTripsHasItsCallerCompiled) {
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

TEST_P(LayerRootsTest, AServedLeafTripsAgainAtEightTimesTheThreshold) {
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

TEST_P(LayerRootsTest, ALeafThatWasServedTwiceIsItsOwnRoot) {
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

TEST_P(LayerRootsTest, ALargeLeafIsItsOwnRoot) {
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

TEST_P(LayerRootsTest, ALeafThatItsCallerDoesNotTakeInGetsABodyOfItsOwn) {
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

TEST_P(LayerRootsTest, ALeafThatIsAskedForWhileItIsQueuedIsNoLeaf) {
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

TEST_P(LayerRootsTest, ALeafThatIsAskedForWhileItsCallerIsCompiledIsNext) {
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

TEST_P(LayerRootsTest, ALeafGoesWithItsCallerInAFullBatchToo) {
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

TEST_P(LayerRootsTest, ALeafOfACompiledLoopThatRunsOnIsServed) {
  Opts.LoopFactor = 1000000;
  add(tierFunction("leaf"));
  add(loopOver("loop"));
  call("loop", 0);
  // As a frame would that was entered before: tier 0 of the loop.
  const ExecutorAddr Tier0 = addr("loop.tier0.1");
  promoteAndWait({"loop"});
  EXPECT_EQ(TestExecutor::call(Tier0, 10), 0);
  wait();
  EXPECT_EQ(stage("leaf"), Stage::Tier0);
  EXPECT_EQ(reason("leaf"), Reason::Served);
  EXPECT_EQ(batches(), Names{"loop"});
}

TEST_P(LayerRootsTest, AWarmCalleeIsPublishedAlong) {
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
class LayerRootsHereTest : public LayerRootsTest {};

INSTANTIATE_TEST_SUITE_P(Executors, LayerRootsHereTest,
                         testing::Values(Where::InProcess), whereName);

TEST_P(LayerRootsHereTest, AQueuedFunctionThatCameAlongIsNotCompiledAgain) {
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

} // namespace
