//===- LoopChoiceTest.cpp - At which loops frames are left ----------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/Cell.h"
#include "reopt/OnStackReplacement.h"

#include "TestExecutor.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/Support/FormatVariadic.h"

#include <map>

using namespace llvm;
using namespace reopt;

namespace {

/// Loops by the names of their headers, and what their entries in the table
/// are: "here", "around", "request", or "none".
using Choices = std::map<std::string, std::string>;

/// For the function @f of \p Text. Loops are added to \p Wanted by name.
Choices choose(StringRef Text, LoopRequest Wanted,
               ArrayRef<StringRef> Running = {},
               ArrayRef<StringRef> Iterating = {}) {
  LLVMContext Ctx;
  auto M = parseIR(Text, Ctx);
  Function &F = *M->getFunction("f");
  std::vector<std::string> Names;
  for (const LoopPoint &Loop : findLoopPoints(F))
    Names.push_back(Loop.Header->getName().str());
  for (auto [I, Name] : enumerate(Names)) {
    if (is_contained(Iterating, Name))
      Wanted.Iterating |= getLoopBit(I);
    if (is_contained(Running, Name))
      Wanted.Running |= getLoopBit(I);
  }
  createContinuations(F, "table", Wanted);
  EXPECT_EQ(getVerifierComplaint(*M), "");
  auto *Entries = cast<Constant>(
      M->getGlobalVariable("table")->getInitializer()->getOperand(1));
  Choices Result;
  for (auto [I, Name] : enumerate(Names)) {
    auto *Entry = Entries->getAggregateElement(I);
    if (Entry->isNullValue() || isa<Function>(Entry)) {
      Result[Name] = Entry->isNullValue() ? "none" : "here";
      continue;
    }
    const uint64_t Number =
        cast<ConstantInt>(cast<ConstantExpr>(Entry)->getOperand(0))
            ->getZExtValue();
    EXPECT_EQ(Number & 1, 1u);
    Result[Name] = Number == 1 ? "request" : "around";
  }
  return Result;
}

constexpr LoopRequest Nothing{0, 0, 0}, NothingExactly{0, 0, AllLoops};

/// A block, where control goes from it, and whether it calls something.
struct Block {
  std::string Name;
  std::vector<std::string> Next;
  bool Calls = false;
};

/// A function of \p Blocks, the first of which is entered. Nobody knows which
/// way it goes. It ends at "out".
std::string graph(ArrayRef<Block> Blocks) {
  std::string Text = "declare void @g()\n"
                     "define void @f(ptr %p) {\n";
  for (const Block &B : Blocks) {
    Text += B.Name + ":\n  %" + B.Name + ".way = load volatile i32, ptr %p\n";
    if (B.Calls)
      Text += "  call void @g()\n";
    Text += "  switch i32 %" + B.Name + ".way, label %" + B.Next.back() + " [";
    for (auto [I, Next] : enumerate(drop_end(B.Next)))
      Text += " i32 " + std::to_string(I) + ", label %" + Next;
    Text += " ]\n";
  }
  return Text + "out:\n  ret void\n}\n";
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
    // The next counter starts anew.
    const char *Start = Name == "outer" ? "  store i32 0, ptr %j\n"
                        : Name == "mid" ? "  store i32 0, ptr %k\n"
                                        : "";
    Text += formatv("{0}:\n"
                    "  %{0}.v = load i32, ptr %{1}\n"
                    "  %{0}.c = icmp slt i32 %{0}.v, {2}\n"
                    "  br i1 %{0}.c, label %{0}.body, label %{0}.end\n"
                    "{0}.body:\n"
                    "  %{0}.n = add nsw i32 %{0}.v, 1\n"
                    "  store i32 %{0}.n, ptr %{1}\n"
                    "{3}"
                    "  br label %{4}\n"
                    "{0}.end:\n"
                    "  br label %{5}\n",
                    Name, Counter, Bound, Start, In, After)
                .str();
  }
  return Text + "out:\n  ret void\n}\n";
}

// Continuations are made for the loops that are wanted, and those behind them;
// where nobody knows, for the innermost that call. The others can be asked for.
TEST(LoopChoiceTest, OnlyWantedLoopsAreContinued) {
  const std::string Text = graph({{"start", {"outer"}},
                                  {"outer", {"quiet"}},
                                  {"quiet", {"quiet", "loud"}},
                                  {"loud", {"loud", "latch"}, true},
                                  {"latch", {"outer", "out"}}});
  EXPECT_EQ(
      choose(Text, NothingExactly),
      (Choices{{"outer", "request"}, {"quiet", "request"}, {"loud", "here"}}));
  EXPECT_EQ(choose(Text, {AllLoops, 0, AllLoops}),
            (Choices{{"outer", "here"}, {"quiet", "here"}, {"loud", "here"}}));
  EXPECT_EQ(
      choose(Text, NothingExactly, {"quiet"}),
      (Choices{{"outer", "request"}, {"quiet", "here"}, {"loud", "here"}}));
  EXPECT_EQ(
      choose(Text, NothingExactly, {"outer"}),
      (Choices{{"outer", "here"}, {"quiet", "request"}, {"loud", "request"}}));
}

// What is around is better: it is one copy of the code, and not one a level.
TEST(LoopChoiceTest, FramesAreLeftAtLoopsThatComeRoundSoon) {
  // Nothing is known of any.
  EXPECT_EQ(
      choose(nest("%n"), Nothing, {"inner"}),
      (Choices{{"outer", "request"}, {"mid", "request"}, {"inner", "here"}}));
  // The innermost is short.
  EXPECT_EQ(
      choose(nest("100"), Nothing, {"inner"}),
      (Choices{{"outer", "request"}, {"mid", "here"}, {"inner", "around"}}));
  // Its end would take too long.
  EXPECT_EQ(
      choose(nest("1000000"), Nothing, {"inner"}),
      (Choices{{"outer", "request"}, {"mid", "request"}, {"inner", "here"}}));
  // One was seen to come round; those inside it are left there, too.
  EXPECT_EQ(
      choose(nest("%n"), Nothing, {"inner"}, {"outer", "inner"}),
      (Choices{{"outer", "here"}, {"mid", "around"}, {"inner", "around"}}));
  // It was waited for in vain.
  EXPECT_EQ(
      choose(nest("100"), NothingExactly, {"inner"}, {"outer"}),
      (Choices{{"outer", "request"}, {"mid", "request"}, {"inner", "here"}}));
}

// A frame may have done with the loop that runs when its code is ready.
TEST(LoopChoiceTest, LoopsBehindShareTheCode) {
  const std::string Text = graph({{"start", {"first"}},
                                  {"first", {"first", "second"}},
                                  {"second", {"inside"}},
                                  {"inside", {"inside", "latch"}},
                                  {"latch", {"second", "third"}},
                                  {"third", {"third", "out"}}});
  // Entering at the one inside would be entering a loop in its middle.
  Choices All{{"first", "here"},
              {"second", "here"},
              {"inside", "around"},
              {"third", "here"}};
  EXPECT_EQ(choose(Text, Nothing, {"first"}), All);
  All["first"] = "request";
  EXPECT_EQ(choose(Text, Nothing, {"second"}), All);
}

// Two loops in a cycle that is no loop, since it is entered at both.
TEST(LoopChoiceTest, LoopsBehindEachOther) {
  const std::string Text = graph({{"start", {"one", "two"}},
                                  {"one", {"one", "two"}},
                                  {"two", {"two", "again"}},
                                  {"again", {"one", "out"}}});
  EXPECT_EQ(choose(Text, Nothing, {"one", "two"}),
            (Choices{{"one", "here"}, {"two", "here"}}));
}

// Nobody knows which of those that share a bit runs.
TEST(LoopChoiceTest, LoopsPastTheLastBitAreLeftAtOthersOnly) {
  constexpr unsigned Count = 70;
  std::vector<Block> Blocks{{"start", {"outer"}}, {"outer", {}}};
  for (unsigned I = 0; I != Count; ++I) {
    const std::string Name = "loop" + std::to_string(I);
    Blocks[1].Next.push_back(Name);
    Blocks.push_back({Name, {Name, "latch"}});
  }
  Blocks.push_back({"latch", {"outer", "out"}});
  const std::string Text = graph(Blocks);
  auto Number = [&](LoopRequest Wanted, StringRef What) {
    return count_if(choose(Text, Wanted),
                    [&](auto &Entry) { return Entry.second == What; });
  };
  EXPECT_EQ(Number({getLoopBit(65), 0, 0}, "here"), 1);
  EXPECT_EQ(Number({getLoopBit(65), 0, 0}, "around"), Count);
  EXPECT_EQ(Number({getLoopBit(65), 0, AllLoops}, "here"), 0);
  EXPECT_GT(Number({getLoopBit(65), 0, AllLoops}, "none"), 0);
}

} // namespace
