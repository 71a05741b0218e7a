//===- TierZeroTest.cpp - Tests of reopt::TierZeroUnit -------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which bodies of a module are compiled when one is looked up, and how they
// count.
//
//===----------------------------------------------------------------------===//

#include "reopt/TierZero.h"
#include "reopt/ActiveCount.h"
#include "reopt/Cell.h"
#include "reopt/Hook.h"

#include "TestExecutor.h"

#include <algorithm>
#include <mutex>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

/// Notes what each module that comes by defines.
class NotingLayer : public IRLayer {
public:
  NotingLayer(ExecutionSession &ES, IRLayer &Base)
      : IRLayer(ES, Base.getManglingOptions()), Base(Base) {}

  void emit(std::unique_ptr<MaterializationResponsibility> R,
            ThreadSafeModule TSM) override {
    TSM.withModuleDo([&](Module &M) {
      EXPECT_EQ(getVerifierComplaint(M), "");
      std::vector<std::string> Names;
      for (const Function &F : M)
        if (!F.isDeclaration())
          Names.push_back(F.getName().str());
      llvm::sort(Names);
      std::lock_guard<std::mutex> Lock(Mutex);
      Emitted.push_back(join(Names, " "));
    });
    Base.emit(std::move(R), std::move(TSM));
  }

  std::vector<std::string> take() {
    std::lock_guard<std::mutex> Lock(Mutex);
    return std::exchange(Emitted, {});
  }

private:
  IRLayer &Base;
  std::mutex Mutex;
  std::vector<std::string> Emitted;
};

using Names = std::vector<std::string>;

class TierZeroTest : public testing::Test, protected TestExecutor {
protected:
  static void SetUpTestSuite() { initializeTarget(); }

  void SetUp() override {
    start(Where::InProcess);
    Layer = std::make_unique<NotingLayer>(es(), J->getIRCompileLayer());
    define(HookName, ExecutorAddr::fromPtr(&reopt_hook));
  }
  void TearDown() override { stop(); }

  /// Defines group \p Group: the bodies of \p Text's functions; all but those
  /// named uncounted... count. Mentions of a function go to its tier-0 body.
  ResourceTrackerSP defineBodies(StringRef Text, uint64_t Group = 1,
                                 ExecutorAddr Active = ExecutorAddr()) {
    auto Ctx = std::make_unique<LLVMContext>();
    auto M = parseIR(Text, *Ctx);
    M->setDataLayout(J->getDataLayout());
    std::vector<TierZeroUnit::Body> Bodies;
    SymbolAliasMap Aliases;
    for (Function &F : *M) {
      if (F.isDeclaration())
        continue;
      std::string Name = F.getName().str();
      InstrumentationSite Site;
      if (!F.getName().starts_with("uncounted")) {
        TripRecord &R = Trips[Name];
        R.Inbox = &Inbox;
        R.Function = Trips.size();
        Cells[Name] = {RearmedCount, RearmedCount, 0};
        Site = {ExecutorAddr::fromPtr(&Cells[Name]), R.getHookId(), 0};
      }
      Bodies.push_back({&F, Name, Site});
      Aliases[name(Name)] = {name(getTierZeroName(Name, Group)),
                             JITSymbolFlags::Exported |
                                 JITSymbolFlags::Callable};
    }
    auto RT = jd().createResourceTracker();
    auto TSM = std::make_shared<ThreadSafeModule>(std::move(M), std::move(Ctx));
    cantFail(jd().define(
        std::make_unique<TierZeroUnit>(es(), *Layer, std::move(TSM),
                                       std::move(Bodies), Group, Active),
        RT));
    cantFail(jd().define(symbolAliases(std::move(Aliases)), RT));
    return RT;
  }

  int callBody(StringRef Name, int Arg, uint64_t Group = 1) {
    return addr(getTierZeroName(Name, Group)).toPtr<int (*)(int)>()(Arg);
  }
  int calls(const std::string &Name) {
    return RearmedCount - Cells[Name].CallsLeft;
  }

  std::unique_ptr<NotingLayer> Layer;
  TripInbox Inbox;
  std::map<std::string, TripRecord> Trips;
  std::map<std::string, Cell> Cells;
};

/// f calls g and h, g calls i; k is by itself.
constexpr const char *Tree = R"(
  define i32 @f(i32 %x) {
    %a = call i32 @g(i32 %x)
    %b = call i32 @h(i32 %a)
    ret i32 %b
  }
  define i32 @g(i32 %x) { %r = call i32 @i(i32 %x) ret i32 %r }
  define i32 @h(i32 %x) { %r = add i32 %x, 10 ret i32 %r }
  define i32 @i(i32 %x) { %r = add i32 %x, 100 ret i32 %r }
  define i32 @k(i32 %x) { %r = call i32 @f(i32 %x) ret i32 %r }
)";

/// The names of the group that the first function of \p Text is in, if those
/// are taken that are not named \p Refused.
std::string select(StringRef Text, unsigned Limit, StringRef Refused = "") {
  LLVMContext Ctx;
  auto M = parseIR(Text, Ctx);
  std::map<std::string, unsigned> Asked;
  auto Group = selectTierZeroGroup({&*M->begin()}, Limit, [&](Function &F) {
    EXPECT_EQ(++Asked[F.getName().str()], 1u) << "asked again";
    return F.getName() != Refused;
  });
  std::string Names;
  for (Function *F : Group)
    Names += (Names.empty() ? "" : " ") + F->getName().str();
  return Names;
}

TEST(TierZeroGroupTest, WhatAFunctionCallsComesAlongBreadthFirst) {
  EXPECT_EQ(select(Tree, 20), "f g h i");
  EXPECT_EQ(select(Tree, 3), "f g h");
  EXPECT_EQ(select(Tree, 1), "f");
}

TEST(TierZeroGroupTest, WhatIsNotTakenDoesNotBringItsCallees) {
  EXPECT_EQ(select(Tree, 20, "g"), "f h");
  EXPECT_EQ(select(Tree, 20, "f"), "");
}

TEST_F(TierZeroTest, TheNameOfABodyIsItsOwn) {
  EXPECT_EQ(getTierZeroName("f", 7), "f.tier0.7");
}

TEST_F(TierZeroTest, NothingIsCompiledBeforeItIsLookedUp) {
  defineBodies(Tree);
  EXPECT_EQ(Layer->take(), Names{});
}

TEST_F(TierZeroTest, AGroupIsCompiledTogether) {
  defineBodies(Tree);
  EXPECT_EQ(callBody("f", 1), 111);
  EXPECT_EQ(Layer->take(),
            Names{"f.tier0.1 g.tier0.1 h.tier0.1 i.tier0.1 k.tier0.1"});
  EXPECT_EQ(callBody("i", 1), 101);
  EXPECT_EQ(callBody("k", 1), 111);
  EXPECT_EQ(Layer->take(), Names{});
}

TEST_F(TierZeroTest, AFunctionMayHaveBodiesInSeveralGroups) {
  const char *Text = "define i32 @f(i32 %x) { ret i32 %x }";
  auto First = defineBodies(Text, 1);
  EXPECT_EQ(callBody("f", 1, 1), 1);
  Trips.clear();
  auto Ctx = std::make_unique<LLVMContext>();
  auto M = parseIR(Text, *Ctx);
  M->setDataLayout(J->getDataLayout());
  Function *F = M->getFunction("f");
  cantFail(jd().define(std::make_unique<TierZeroUnit>(
      es(), *Layer,
      std::make_shared<ThreadSafeModule>(std::move(M), std::move(Ctx)),
      std::vector<TierZeroUnit::Body>{{F, "f", {}}}, 2)));
  EXPECT_EQ(callBody("f", 2, 2), 2);
  cantFail(First->remove());
  EXPECT_EQ(callBody("f", 3, 2), 3);
}

TEST_F(TierZeroTest, BodiesCountTheirExecutionsIfAsked) {
  ActiveCount Active{0, 0};
  defineBodies(Tree, 1, ExecutorAddr::fromPtr(&Active));
  EXPECT_EQ(callBody("f", 1), 111);
  EXPECT_EQ(Active.Entries, 4u);
  EXPECT_EQ(Active.Exits, 4u);
}

TEST_F(TierZeroTest, WhatCannotCountItsExecutionsFails) {
  ActiveCount Active{0, 0};
  defineBodies("define i32 @f(i32 %x) naked { unreachable }", 1,
               ExecutorAddr::fromPtr(&Active));
  std::string Reported;
  es().setErrorReporter(
      [&](Error Err) { Reported += toString(std::move(Err)); });
  auto Bad = J->lookup("f.tier0.1");
  EXPECT_FALSE(!!Bad);
  consumeError(Bad.takeError());
  EXPECT_NE(Reported.find("a naked function has no place to count"),
            std::string::npos)
      << Reported;
}

TEST_F(TierZeroTest, RecursionGoesThroughTheFunctionsOwnName) {
  defineBodies(R"(
    define i32 @f(i32 %n) {
      %zero = icmp eq i32 %n, 0
      br i1 %zero, label %end, label %step
    end:
      ret i32 0
    step:
      %m = sub i32 %n, 1
      %r = call i32 @f(i32 %m)
      %s = add i32 %r, 2
      ret i32 %s
    }
  )");
  EXPECT_EQ(callBody("f", 10), 20);
  EXPECT_EQ(calls("f"), 11);
}

TEST_F(TierZeroTest, BodiesCountInTheirCellsAndTripOnce) {
  defineBodies(Tree);
  Cells["h"].CallsLeft = 4;
  for (int I = 0; I != 10; ++I)
    EXPECT_EQ(callBody("f", I), I + 110);
  EXPECT_EQ(calls("f"), 10);
  EXPECT_EQ(calls("g"), 10);
  EXPECT_EQ(Cells["h"].CallsLeft, RearmedCount - 5);
  unsigned Seen = 0;
  Inbox.drain([&](uint32_t F, uint64_t Caller, uint64_t) {
    ++Seen;
    EXPECT_EQ(F, Trips["h"].Function);
    EXPECT_GT(Caller, addr("f.tier0.1").getValue());
  });
  EXPECT_EQ(Seen, 1u);
}

TEST_F(TierZeroTest, ABodyWithoutACellDoesNotCount) {
  defineBodies("define i32 @uncounted(i32 %x) { ret i32 %x }");
  EXPECT_EQ(callBody("uncounted", 3), 3);
}

TEST_F(TierZeroTest, FunctionsOfEveryLinkageHaveABodyToBeLookedUp) {
  defineBodies(R"(
    @.str = private constant [2 x i32] [i32 7, i32 8]
    define linkonce_odr hidden i32 @f(i32 %x) {
      %p = getelementptr [2 x i32], ptr @.str, i32 0, i32 %x
      %r = load i32, ptr %p
      ret i32 %r
    }
    define weak_odr i32 @g(i32 %x) { %r = call i32 @f(i32 %x) ret i32 %r }
    define internal i32 @h(i32 %x) { %r = call i32 @g(i32 %x) ret i32 %r }
  )");
  EXPECT_EQ(callBody("h", 0), 7);
  EXPECT_EQ(callBody("g", 1), 8);
  EXPECT_EQ(callBody("f", 0), 7);
}

TEST_F(TierZeroTest, AUnitIsTakenBackBeforeAndAfterItIsCompiled) {
  for (bool Compiled : {false, true}) {
    auto RT = defineBodies(Tree);
    if (Compiled)
      EXPECT_EQ(callBody("f", 1), 111);
    cantFail(RT->remove());
    for (const char *Name : {"f", "k", "i"}) {
      auto Gone = J->lookup(getTierZeroName(Name, 1));
      EXPECT_FALSE(!!Gone) << Name;
      consumeError(Gone.takeError());
    }
  }
  defineBodies(Tree);
  EXPECT_EQ(callBody("k", 1), 111);
}

} // namespace
