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
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
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

/// The IR of a continuation, with its callees beside it.
std::string makeContinuation(LLVMContext &Ctx, StringRef Text,
                             std::unique_ptr<Module> &M) {
  M = parseIR(Text, Ctx);
  createContinuations(*M->getFunction("f"), "table");
  EXPECT_EQ(getVerifierComplaint(*M), "");
  std::string IR;
  raw_string_ostream OS(IR);
  M->getFunction("table.0")->print(OS);
  return IR;
}

// A copy must not be made of a variable into which somebody points.
TEST(ContinuationTest, OnlyPrivateVariablesAreCopied) {
  LLVMContext Ctx;
  std::unique_ptr<Module> M;
  makeContinuation(Ctx, R"(
    declare void @keep(ptr)
    define void @look(ptr %p) {
      %v = alloca ptr
      store ptr %p, ptr %v
      %q = load ptr, ptr %v
      store i32 1, ptr %q
      ret void
    }
    define void @leak(ptr %p) {
      call void @keep(ptr %p)
      ret void
    }
    define i32 @f(i32 %n) {
      %seen = alloca i32
      %leaked = alloca i32
      %kept = alloca i32
      %pointed = alloca i32
      %touched = alloca i32
      %array = alloca [4 x i32]
      call void @keep(ptr %kept)
      call void @leak(ptr %leaked)
      %end = getelementptr i32, ptr %array, i64 4
      br label %loop
    loop:
      call void @look(ptr %seen)
      %a = load i32, ptr %seen
      %b = load i32, ptr %leaked
      %c = load i32, ptr %kept
      %d = load volatile i32, ptr %touched
      store ptr %pointed, ptr %array
      store i32 %d, ptr %pointed
      store i32 %a, ptr %end
      %x = add i32 %b, %c
      %t = icmp slt i32 %x, 100
      br i1 %t, label %loop, label %out
    out:
      ret i32 %x
    })",
                   M);
  Function &C = *M->getFunction("table.0");
  ASSERT_EQ(C.arg_size(), 7u) << "six variables, and %end";
  unsigned Copies = 0;
  for (Instruction &I : instructions(C))
    if (auto *Call = dyn_cast<MemCpyInst>(&I)) {
      ++Copies;
      EXPECT_EQ(Call->getArgOperand(1), C.getArg(0)) << "not the private one";
    }
  EXPECT_EQ(Copies, 1u);
}

TEST(ContinuationTest, LargePrivateVariablesAreAliasedByNothing) {
  LLVMContext Ctx;
  std::unique_ptr<Module> M;
  makeContinuation(Ctx, R"(
    define i32 @f() {
      %large = alloca [4000 x i32]
      br label %loop
    loop:
      %v = load i32, ptr %large
      %t = icmp slt i32 %v, 100
      br i1 %t, label %loop, label %out
    out:
      ret i32 %v
    })",
                   M);
  Function &C = *M->getFunction("table.0");
  ASSERT_EQ(C.arg_size(), 1u);
  EXPECT_TRUE(C.getArg(0)->hasNoAliasAttr());
  EXPECT_EQ(C.getArg(0)->getDereferenceableBytes(), 16000u);
}

// Continuations are made for the loops that are wanted, and those behind them;
// where nobody knows, for the innermost that call. The others can be asked for.
TEST(ContinuationTest, OnlyWantedLoopsAreContinued) {
  const char *Text = R"(
    declare void @g()
    define void @f(i1 %c) {
      br label %outer
    outer:
      br label %quiet
    quiet:
      br i1 %c, label %quiet, label %loud
    loud:
      call void @g()
      br i1 %c, label %loud, label %latch
    latch:
      br i1 %c, label %outer, label %out
    out:
      ret void
    })";
  auto Made = [&](uint64_t Wanted) {
    LLVMContext Ctx;
    auto M = parseIR(Text, Ctx);
    Function &F = *M->getFunction("f");
    auto Loops = findLoopPoints(F);
    createContinuations(F, "table", {Wanted, 0, AllLoops});
    EXPECT_EQ(getVerifierComplaint(*M), "");
    auto *Entries = cast<Constant>(
        M->getGlobalVariable("table")->getInitializer()->getOperand(1));
    std::string Names;
    for (auto [I, Loop] : enumerate(Loops)) {
      auto *Entry = Entries->getAggregateElement(I);
      if (isa<Function>(Entry))
        Names += Loop.Header->getName().str() + " ";
      else
        EXPECT_EQ(cast<ConstantInt>(cast<ConstantExpr>(Entry)->getOperand(0))
                      ->getZExtValue(),
                  1u);
    }
    return Names;
  };
  auto Sorted = [](StringRef Names) {
    SmallVector<StringRef, 4> Parts;
    Names.trim().split(Parts, ' ');
    llvm::sort(Parts);
    return join(Parts, " ");
  };
  EXPECT_EQ(Made(0), "loud ");
  EXPECT_EQ(Sorted(Made(AllLoops)), "loud outer quiet");
  std::vector<std::string> One;
  for (unsigned I = 0; I != 3; ++I)
    One.push_back(Sorted(Made(getLoopBit(I))));
  llvm::sort(One);
  EXPECT_EQ(One, (std::vector<std::string>{"loud", "loud quiet", "outer"}));
}

/// Loops of \p Text's @f by the names of their headers, and what their entries
/// in the table are: "here", "around", "request".
std::map<std::string, std::string> chooseEntries(StringRef Text,
                                                 LoopRequest Wanted,
                                                 ArrayRef<StringRef> Iterating,
                                                 StringRef Running) {
  LLVMContext Ctx;
  auto M = parseIR(Text, Ctx);
  Function &F = *M->getFunction("f");
  auto Loops = findLoopPoints(F);
  std::vector<std::string> Names;
  for (const LoopPoint &Loop : Loops)
    Names.push_back(Loop.Header->getName().str());
  for (auto [I, Name] : enumerate(Names)) {
    if (is_contained(Iterating, Name))
      Wanted.Iterating |= getLoopBit(I);
    if (Name == Running)
      Wanted.Running |= getLoopBit(I);
  }
  createContinuations(F, "table", Wanted);
  EXPECT_EQ(getVerifierComplaint(*M), "");
  auto *Entries = cast<Constant>(
      M->getGlobalVariable("table")->getInitializer()->getOperand(1));
  std::map<std::string, std::string> Result;
  for (auto [I, Name] : enumerate(Names)) {
    auto *Entry = Entries->getAggregateElement(I);
    if (Entry->isNullValue() || isa<Function>(Entry)) {
      Result[Name] = Entry->isNullValue() ? "none" : "here";
      continue;
    }
    const uint64_t Number =
        cast<ConstantInt>(cast<ConstantExpr>(Entry)->getOperand(0))
            ->getZExtValue();
    Result[Name] = Number == 1 ? "request" : Number & 1 ? "around" : "?";
  }
  return Result;
}

/// Three loops, one in the other, as clang's -O0 has them. The innermost takes
/// \p Length back-edges.
std::string nest(StringRef Length) {
  std::string Text = "define void @f(i32 %n) {\n"
                     "  %i = alloca i32\n  %j = alloca i32\n"
                     "  %k = alloca i32\n  store i32 0, ptr %i\n"
                     "  br label %outer\n";
  const std::tuple<StringRef, StringRef, StringRef, StringRef, StringRef>
      Levels[] = {{"outer", "i", "%n", "mid", "out"},
                  {"mid", "j", "%n", "inner", "outer"},
                  {"inner", "k", Length, "inner", "mid"}};
  for (auto [Name, Counter, Bound, In, After] : Levels) {
    const std::string N = Name.str(), C = Counter.str();
    const bool IsInnermost = In == Name;
    StringRef Next = Counter == "i" ? "j" : "k";
    Text += N + ":\n  %" + N + ".v = load i32, ptr %" + C + "\n  %" + N +
            ".c = icmp slt i32 %" + N + ".v, " + Bound.str() + "\n  br i1 %" +
            N + ".c, label %" + N + ".body, label %" + N + ".end\n" + N +
            ".body:\n  %" + N + ".n = add nsw i32 %" + N +
            ".v, 1\n  store i32 %" + N + ".n, ptr %" + C + "\n" +
            (IsInnermost ? "" : "  store i32 0, ptr %" + Next.str() + "\n") +
            "  br label %" + In.str() + "\n" + N + ".end:\n  br label %" +
            After.str() + "\n";
  }
  return Text + "out:\n  ret void\n}\n";
}

// What is around is better: it is one copy of the code, and not one a level.
TEST(ContinuationTest, FramesAreLeftAtLoopsThatComeRoundSoon) {
  using Choices = std::map<std::string, std::string>;
  const LoopRequest Inner{0, 0, 0};
  // Nothing is known of any.
  EXPECT_EQ(
      chooseEntries(nest("%n"), Inner, {}, "inner"),
      (Choices{{"outer", "request"}, {"mid", "request"}, {"inner", "here"}}));
  // The innermost is short.
  EXPECT_EQ(
      chooseEntries(nest("100"), Inner, {}, "inner"),
      (Choices{{"outer", "request"}, {"mid", "here"}, {"inner", "around"}}));
  // Its end would take too long.
  EXPECT_EQ(
      chooseEntries(nest("1000000"), Inner, {}, "inner"),
      (Choices{{"outer", "request"}, {"mid", "request"}, {"inner", "here"}}));
  // One was seen to come round; those inside it are left there, too.
  EXPECT_EQ(
      chooseEntries(nest("%n"), Inner, {"outer", "inner"}, "inner"),
      (Choices{{"outer", "here"}, {"mid", "around"}, {"inner", "around"}}));
  // It was waited for in vain.
  const LoopRequest Exactly{0, 0, AllLoops};
  EXPECT_EQ(
      chooseEntries(nest("100"), Exactly, {"outer"}, "inner"),
      (Choices{{"outer", "request"}, {"mid", "request"}, {"inner", "here"}}));
}

// A frame may have done with the loop that runs when its code is ready.
TEST(ContinuationTest, LoopsBehindShareTheCode) {
  const char *Text = R"(
    define void @f(ptr %p) {
      %i = alloca i32
      br label %first
    first:
      %a = load volatile i1, ptr %p
      br i1 %a, label %first, label %second
    second:
      br label %inside
    inside:
      %b = load volatile i1, ptr %p
      br i1 %b, label %inside, label %latch
    latch:
      %c = load volatile i1, ptr %p
      br i1 %c, label %second, label %third
    third:
      %d = load volatile i1, ptr %p
      br i1 %d, label %third, label %out
    out:
      ret void
    })";
  using Choices = std::map<std::string, std::string>;
  // Entering at the one inside would be entering a loop in its middle.
  EXPECT_EQ(chooseEntries(Text, {0, 0, 0}, {}, "first"),
            (Choices{{"first", "here"},
                     {"second", "here"},
                     {"inside", "around"},
                     {"third", "here"}}));
  EXPECT_EQ(chooseEntries(Text, {0, 0, 0}, {}, "second"),
            (Choices{{"first", "request"},
                     {"second", "here"},
                     {"inside", "around"},
                     {"third", "here"}}));
}

// Two loops in a cycle that is no loop, since it is entered at both.
TEST(ContinuationTest, LoopsBehindEachOther) {
  const char *Text = R"(
    define void @f(ptr %p, i1 %which) {
      br i1 %which, label %one, label %two
    one:
      %a = load volatile i1, ptr %p
      br i1 %a, label %one, label %two
    two:
      %b = load volatile i1, ptr %p
      br i1 %b, label %two, label %again
    again:
      %c = load volatile i1, ptr %p
      br i1 %c, label %one, label %out
    out:
      ret void
    })";
  for (auto &[Name, Entry] : chooseEntries(Text, {AllLoops, 0, 0}, {}, "one"))
    EXPECT_EQ(Entry, "here") << Name;
}

// Nobody knows which of them runs.
TEST(ContinuationTest, LoopsPastTheLastBitAreLeftAtOthersOnly) {
  constexpr unsigned Count = 70;
  std::string Text = "define void @f(ptr %p, i32 %n) {\n  br label %outer\n"
                     "outer:\n  switch i32 %n, label %latch [\n";
  for (unsigned I = 0; I != Count; ++I)
    Text += "    i32 " + std::to_string(I) + ", label %l" + std::to_string(I) +
            "\n";
  Text += "  ]\n";
  for (unsigned I = 0; I != Count; ++I) {
    const std::string N = std::to_string(I);
    Text += "l" + N + ":\n  %c" + N +
            " = load volatile i1, ptr %p\n  br i1 %c" + N + ", label %l" + N +
            ", label %latch\n";
  }
  Text += "latch:\n  %c = load volatile i1, ptr %p\n"
          "  br i1 %c, label %outer, label %out\nout:\n  ret void\n}\n";
  auto Number = [&](LoopRequest Wanted, StringRef What) {
    return count_if(chooseEntries(Text, Wanted, {}, ""),
                    [&](auto &Entry) { return Entry.second == What; });
  };
  EXPECT_EQ(Number({getLoopBit(65), 0, 0}, "here"), 1);
  EXPECT_EQ(Number({getLoopBit(65), 0, 0}, "around"), Count);
  EXPECT_EQ(Number({getLoopBit(65), 0, AllLoops}, "here"), 0);
  EXPECT_GT(Number({getLoopBit(65), 0, AllLoops}, "none"), 0);
}

// What holds for a function's effects does not hold for what reads its frame.
TEST(ContinuationTest, AttributesOfTheFunctionAreSortedOut) {
  LLVMContext Ctx;
  std::unique_ptr<Module> M;
  makeContinuation(Ctx, R"(
    define noundef signext i8 @f(i8 noundef signext %n) memory(none) noinline
        optnone nounwind "frame-pointer"="all" "target-cpu"="x86-64" {
      %v = alloca i8
      br label %loop
    loop:
      %x = load i8, ptr %v
      %t = icmp slt i8 %x, %n
      br i1 %t, label %loop, label %out
    out:
      ret i8 %x
    })",
                   M);
  Function &C = *M->getFunction("table.0");
  EXPECT_FALSE(C.hasFnAttribute(Attribute::Memory));
  EXPECT_FALSE(C.hasFnAttribute(Attribute::OptimizeNone));
  EXPECT_FALSE(C.hasFnAttribute(Attribute::NoInline));
  EXPECT_FALSE(C.hasFnAttribute("frame-pointer"));
  EXPECT_TRUE(C.hasFnAttribute(Attribute::NoUnwind));
  EXPECT_TRUE(C.hasFnAttribute("target-cpu"));
  EXPECT_TRUE(C.hasRetAttribute(Attribute::SExt));
  EXPECT_EQ(C.getLinkage(), GlobalValue::InternalLinkage);
}

// Phis and values that live across the header come in as parameters.
TEST(ContinuationTest, ValuesInRegistersAreState) {
  LLVMContext Ctx;
  auto M = parseIR(R"(
    define i32 @f(i32 %n) {
      %twice = shl i32 %n, 1
      %unused = add i32 %n, 5
      br label %outer
    outer:
      %i = phi i32 [ 0, %0 ], [ %i1, %latch ]
      %k = mul i32 %i, %twice
      br label %inner
    inner:
      %j = phi i32 [ 0, %outer ], [ %j1, %inner ]
      %s = phi i32 [ %k, %outer ], [ %s1, %inner ]
      %j1 = add i32 %j, 1
      %s1 = add i32 %s, %k
      %t = icmp slt i32 %j1, %n
      br i1 %t, label %inner, label %latch
    latch:
      %i1 = add i32 %i, 1
      %u = icmp slt i32 %i1, %n
      br i1 %u, label %outer, label %out
    out:
      ret i32 %s1
    })",
                   Ctx);
  auto Loops = findLoopPoints(*M->getFunction("f"));
  ASSERT_EQ(Loops.size(), 2u);
  auto Names = [](const LoopPoint &Loop) {
    std::string Result;
    for (Value *V : Loop.State)
      Result += V->getName().str() + " ";
    return Result;
  };
  for (const LoopPoint &Loop : Loops)
    if (Loop.Header->getName() == "inner")
      EXPECT_EQ(Names(Loop), "n twice i k j s ");
    else
      EXPECT_EQ(Names(Loop), "n twice i ");
  createContinuations(*M->getFunction("f"), "table");
  EXPECT_EQ(getVerifierComplaint(*M), "");
}

} // namespace
