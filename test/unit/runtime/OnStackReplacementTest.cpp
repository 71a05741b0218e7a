//===- OnStackReplacementTest.cpp - Loops that go on elsewhere ------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each shape of OsrShapes.cpp is left at each of its back-edges in turn, up to
// a number. Results and the order of events are what they are natively.
//
//===----------------------------------------------------------------------===//

#include "OsrShapesTest.h"

#include "reopt/Cell.h"
#include "reopt/Hook.h"
#include "reopt/IRReoptimizer.h"
#include "reopt/Instrumenter.h"
#include "reopt/ModuleExtractor.h"
#include "reopt/OnStackReplacement.h"

#include "TestExecutor.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Support/MemoryBuffer.h"

#include <thread>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

/// What tier 0 counts in, and where it goes on once it trips.
Cell TheCell;
uint64_t TheTable;
std::atomic<unsigned> Trips;

void publishAtTrip(uint64_t, uint32_t, uint64_t) {
  TheCell.Continuations = TheTable;
  ++Trips;
}

std::unique_ptr<Module> loadShapes(LLVMContext &Ctx) {
  auto Buffer =
      cantFail(errorOrToExpected(MemoryBuffer::getFile(REOPT_SHAPES)));
  auto M = cantFail(parseBitcodeFile(Buffer->getMemBufferRef(), Ctx));
  // As a session has it: code from elsewhere mentions them.
  for (GlobalValue &GV : M->global_values())
    if (GV.hasInternalLinkage())
      GV.setLinkage(GlobalValue::ExternalLinkage);
  return M;
}

class OnStackReplacementTest : public testing::Test, protected TestExecutor {
protected:
  static void SetUpTestSuite() { initializeTarget(); }

  void SetUp() override {
    start(Where::InProcess, LLJITBuilder());
    define("note", &note);
    define("Sink", &Sink);
    define(HookName, &publishAtTrip);
    addPoll();
  }
  void TearDown() override { stop(); }

  template <typename T> void define(StringRef Name, T *Address) {
    cantFail(jd().define(absoluteSymbols(
        {{J->mangleAndIntern(Name),
          {ExecutorAddr::fromPtr(Address),
           JITSymbolFlags::Exported | JITSymbolFlags::Callable}}})));
  }

  /// Adds the shapes with \p Victim polling, and its continuations. Returns how
  /// many of its loops can be continued.
  size_t add(StringRef Victim) {
    auto Ctx = std::make_unique<LLVMContext>();
    auto M = loadShapes(*Ctx);
    Function &F = *M->getFunction(Victim);
    auto Loops = findLoopPoints(F);
    const size_t Continued =
        count_if(Loops, [](const LoopPoint &Loop) { return !Loop.Refused; });

    auto Bytes = extractForOptimising(F, "frame");
    LLVMContext Other;
    auto Part = cantFail(parseBitcodeFile(
        MemoryBufferRef(StringRef(Bytes.data(), Bytes.size()), "part"), Other));
    Function &Frame = *Part->getFunction("frame");
    createContinuations(Frame, "table");
    Frame.eraseFromParent();
    EXPECT_EQ(getVerifierComplaint(*Part), "");
    const Options Opts;
    IRReoptimizer Compiler(Opts,
                           cantFail(JITTargetMachineBuilder::detectHost()));
    cantFail(J->addObjectFile(
        cantFail(Compiler.compile(*Part, OptimizationLevel::O3))));

    instrument(F, {ExecutorAddr::fromPtr(&TheCell), 1, 0, /*Polls=*/true});
    EXPECT_EQ(getVerifierComplaint(*M), "");
    cantFail(J->addIRModule(ThreadSafeModule(std::move(M), std::move(Ctx))));
    TheTable = cantFail(J->lookup("table")).getValue();
    return Continued;
  }

  /// Runs \p Driver, which calls \p Victim, and leaves it after each number of
  /// back-edges up to \p Limit.
  void check(const char *Victim, const char *Driver,
             const std::function<long(int)> &Native, int N, size_t Loops,
             int Limit = 60) {
    SCOPED_TRACE(Victim);
    ASSERT_EQ(add(Victim), Loops);
    auto *Run = cantFail(J->lookup(Driver)).toPtr<long(int)>();
    Events.clear();
    const long Expected = callCatching(Native, N);
    const auto ExpectedEvents = std::exchange(Events, {});
    auto &Entered = reinterpret_cast<ContinuationTable *>(TheTable)->Entered;
    Entered = 0;
    unsigned Left = 0;
    for (int At = 0; At != Limit; ++At) {
      TheCell = {INT32_MAX, At, 0};
      EXPECT_EQ(callCatching(Run, N), Expected) << "left at " << At;
      EXPECT_EQ(std::exchange(Events, {}), ExpectedEvents) << "left at " << At;
      Left += Entered != 0;
      Entered = 0;
    }
    EXPECT_GT(Left, 0u) << "never left";
  }

  void expectRefused(const char *Shape, Reason Why) {
    SCOPED_TRACE(Shape);
    LLVMContext Ctx;
    auto M = loadShapes(Ctx);
    auto Loops = findLoopPoints(*M->getFunction(Shape));
    ASSERT_FALSE(Loops.empty());
    for (const LoopPoint &Loop : Loops) {
      ASSERT_TRUE(Loop.Refused.has_value());
      EXPECT_STREQ(getReasonText(*Loop.Refused), getReasonText(Why));
      EXPECT_TRUE(Loop.State.empty());
    }
    EXPECT_EQ(findReasonAgainst(*M->getFunction(Shape)), Why);
  }
};

#define SHAPE(Name, N, Loops)                                                  \
  TEST_F(OnStackReplacementTest, Name) {                                       \
    check("in" #Name, "in" #Name, in##Name, N, Loops);                         \
  }
SHAPE(Nested, 8, 3)
SHAPE(Several, 12, 3)
SHAPE(Siblings, 7, 8)
SHAPE(Recursive, 9, 1)
SHAPE(Switch, 40, 1)
SHAPE(Goto, 20, 1)
SHAPE(ContinueOuter, 6, 3)
SHAPE(RangeFor, 15, 3)
SHAPE(String, 50, 2)
SHAPE(Forever, 30, 1)
SHAPE(Destructors, 20, 1)
SHAPE(TryInside, 15, 1)
SHAPE(TryAround, 12, 1)
SHAPE(Catch, 12, 2)
SHAPE(Escaped, 30, 1)
SHAPE(Volatile, 30, 1)
SHAPE(LargeFrame, 50, 5)
SHAPE(ArrayOfObjects, 14, 8)
// Its inner loop holds the array.
SHAPE(VariableArrayInside, 9, 1)
SHAPE(Lambda, 20, 1)
SHAPE(Conditionals, 60, 1)
#undef SHAPE

TEST_F(OnStackReplacementTest, ExceptionLeavesTheContinuation) {
  check("inThrowOut", "throwOut", throwOut, 14, 1);
}

TEST_F(OnStackReplacementTest, ExceptionLeavesAllFrames) {
  check("inThrowOut", "inThrowOut", inThrowOut, 9, 1);
}

TEST_F(OnStackReplacementTest, Noexcept) {
  check("inNoexcept", "callNoexcept", callNoexcept, 20, 1);
}

TEST_F(OnStackReplacementTest, StructsInMemory) {
  check("inStructReturn", "structReturn", structReturn, 50, 1);
}

TEST_F(OnStackReplacementTest, StructsInRegisters) {
  check("inPair", "callPair", callPair, 30, 1);
}

TEST_F(OnStackReplacementTest, NarrowIntegers) {
  check("inNarrow", "callNarrow", callNarrow, 30, 1);
}

TEST_F(OnStackReplacementTest, VariadicArgumentsThatWereStarted) {
  check("inVaList", "callVaList", callVaList, 9, 1);
}

TEST_F(OnStackReplacementTest, LateInSiblings) {
  check("inSiblings", "inSiblings", inSiblings, 7, 8, /*Limit=*/300);
}

// Past the limit of the other tests: deep in the last of the loops.
TEST_F(OnStackReplacementTest, LateBackEdges) {
  check("inNested", "inNested", inNested, 8, 3, /*Limit=*/400);
}

TEST_F(OnStackReplacementTest, WhatCannotBeContinuedHasAReason) {
  expectRefused("noAlloca", Reason::OsrAlloca);
  expectRefused("noVariableArray", Reason::OsrAlloca);
  expectRefused("noSetjmp", Reason::OsrReturnsTwice);
  expectRefused("noVaStart", Reason::OsrVaStart);
  expectRefused("noReturnAddress", Reason::OsrFrameAddress);
  expectRefused("noLabel", Reason::OsrJumps);
}

// Frames of several threads in one loop, each of which moves by itself: the
// first that trips publishes, and the others find it while they run.
TEST_F(OnStackReplacementTest, EachThreadMovesAtItsOwnPoll) {
  ASSERT_EQ(add("inForever"), 1u);
  auto *Run = cantFail(J->lookup("inForever")).toPtr<long(int)>();
  constexpr int N = 2000000;
  constexpr size_t Threads = 6;
  TheCell = {INT32_MAX, 5000, 0};
  long Results[Threads] = {};
  std::vector<std::thread> Running;
  for (long &Result : Results)
    Running.emplace_back([&Result, Run] { Result = Run(N); });
  for (std::thread &T : Running)
    T.join();
  for (long Result : Results)
    EXPECT_EQ(Result, long(N) * (N + 1) / 2);
  EXPECT_EQ(reinterpret_cast<ContinuationTable *>(TheTable)->Entered, Threads);
}

// Without a table the hook is called once, and polls are counted.
TEST_F(OnStackReplacementTest, PollsAreCounted) {
  ASSERT_EQ(add("inForever"), 1u);
  auto *Run = cantFail(J->lookup("inForever")).toPtr<long(int)>();
  TheTable = 1;
  constexpr int N = 100 * (PollInterval + 1);
  TheCell = {INT32_MAX, 99, 0};
  Run(N);
  EXPECT_EQ(TheCell.Continuations & 1, 1u);
  EXPECT_EQ(loopsSince(99, TheCell), uint64_t(N));
  EXPECT_EQ(getLastPolled(TheCell.Continuations), getLoopBit(0));
  EXPECT_EQ(getEverPolled(TheCell.Continuations), getLoopBit(0));
}

// They must not run into what else is noted of polls, nor begin anew.
TEST_F(OnStackReplacementTest, PollsAreCountedUpToALimit) {
  ASSERT_EQ(add("inForever"), 1u);
  auto *Run = cantFail(J->lookup("inForever")).toPtr<long(int)>();
  TheCell = {INT32_MAX, 0, PollsMask - 4};
  Run(10 * (PollInterval + 1));
  EXPECT_EQ(TheCell.Continuations & PollsMask, PollsMask);
  EXPECT_EQ(getLastPolled(TheCell.Continuations), getLoopBit(0));
  EXPECT_EQ(getEverPolled(TheCell.Continuations), getLoopBit(0));
}

// A loop that is to be left at one around it polls at each back-edge, and asks
// when that one does not come. Meanwhile the loop goes on.
TEST_F(OnStackReplacementTest, WaitingForALoopAroundEnds) {
  ASSERT_EQ(add("inForever"), 1u);
  auto *Run = cantFail(J->lookup("inForever")).toPtr<long(int)>();
  constexpr int N = 1000, Waits = 100;
  struct {
    ContinuationTable Table{0};
    uint64_t Entry = 2 * Waits + 1;
  } Left;
  TheTable = ExecutorAddr::fromPtr(&Left).getValue();
  TheCell = {INT32_MAX, 0, 0};
  Trips = 0;
  EXPECT_EQ(Run(N), long(N) * (N + 1) / 2);
  EXPECT_EQ(Left.Table.Entered, 0u);
  // Once when it tripped, and once when it had waited.
  EXPECT_EQ(Left.Entry, 0u);
  EXPECT_EQ(Trips, 2u);
}

} // namespace
