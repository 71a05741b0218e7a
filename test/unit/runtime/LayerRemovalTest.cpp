//===- LayerRemovalTest.cpp - Taking modules back ------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tracker is removed in each stage of its functions' lives, and what is left
// goes on.
//
//===----------------------------------------------------------------------===//

#include "LayerTest.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class LayerRemovalTest : public LayerPlacesTest {
protected:
  /// That nothing of a function named @f is left, and that it can be defined
  /// again.
  void expectGone() {
    EXPECT_FALSE(find("f"));
    EXPECT_FALSE(defines("f"));
    EXPECT_FALSE(isDefined("f"));
    for (size_t I = 0; I <= P->getBatches().size(); ++I) {
      EXPECT_FALSE(isDefined("f.tier0." + std::to_string(I)));
      EXPECT_FALSE(isDefined("f.tier1." + std::to_string(I)));
    }
    add("define i32 @f() { ret i32 99 }");
    EXPECT_EQ(call("f"), 99);
    promoteAndWait({"f"});
    EXPECT_EQ(stage("f"), Stage::Tier1);
    EXPECT_EQ(call("f"), 99);
  }

  bool isDefined(StringRef Name) {
    auto Flags = es().lookupFlags(
        LookupKind::Static, makeJITDylibSearchOrder(&jd()),
        SymbolLookupSet(name(Name), SymbolLookupFlags::WeaklyReferencedSymbol));
    return !cantFail(std::move(Flags)).empty();
  }
};

INSTANTIATE_TEST_SUITE_P(Executors, LayerRemovalTest, allPlaces(), whereName);

/// What can only be seen in this process.
class LayerRemovalHereTest : public LayerRemovalTest {};

INSTANTIATE_TEST_SUITE_P(Executors, LayerRemovalHereTest,
                         testing::Values(Where::InProcess), whereName);

//===----------------------------------------------------------------------===//
// In each stage
//===----------------------------------------------------------------------===//

TEST_P(LayerRemovalTest, ALazyFunction) {
  auto RT = add(tierFunction("f"));
  cantFail(RT->remove());
  expectGone();
}

TEST_P(LayerRemovalTest, AFunctionInTier0) {
  auto RT = add(tierFunction("f"));
  call("f");
  cantFail(RT->remove());
  expectGone();
}

TEST_P(LayerRemovalTest, AFunctionWhoseTripNobodyTookYet) {
  auto RT = add(tierFunction("f"));
  holdWorker();
  callTimes("f", 10);
  cantFail(RT->remove());
  letWorkerGo();
  wait();
  EXPECT_EQ(batches().size(), 1u);
  expectGone();
}

TEST_P(LayerRemovalTest, AQueuedFunction) {
  auto RT = add(tierFunction("f"));
  add(tierFunction("g"));
  holdWorker();
  promote({"f", "g"});
  EXPECT_EQ(stage("f"), Stage::Queued);
  cantFail(RT->remove());
  letWorkerGo();
  wait();
  EXPECT_EQ(batches(), (std::vector<std::string>{"busy1", "g"}));
  EXPECT_EQ(call("g"), 1);
  expectGone();
}

TEST_P(LayerRemovalTest, AFunctionThatIsBeingCompiled) {
  auto RT = add(tierFunction("f"));
  P->WorkerGate.close();
  promote({"f"});
  P->WorkerGate.waitForArrival();
  EXPECT_EQ(stage("f"), Stage::Compiling);
  cantFail(RT->remove());
  letWorkerGo();
  wait();
  EXPECT_EQ(takeReported(), "");
  expectGone();
}

/// The body is there when the definition goes, but is not published yet.
TEST_P(LayerRemovalTest, AFunctionThatIsCompiledAndNotPublished) {
  auto RT = add(tierFunction("f"));
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    auto Code = P->compile(B, Session);
    if (B.Members[0].Name == "f" && RT) {
      cantFail(RT->remove());
      RT = nullptr;
    }
    return Code;
  };
  promoteAndWait({"f"});
  EXPECT_EQ(takeReported(), "");
  expectGone();
}

TEST_P(LayerRemovalTest, AFunctionInTier1) {
  auto RT = add(tierFunction("f"));
  call("f");
  promoteAndWait({"f"});
  EXPECT_EQ(call("f"), 1);
  EXPECT_TRUE(isDefined("f.tier1.1"));
  cantFail(RT->remove());
  expectGone();
}

TEST_P(LayerRemovalTest, ARefusedFunction) {
  auto RT = add(tierFunction("f"));
  P->Instead = [](const Batch &B, const SessionView &) {
    NewCode Code;
    Code.Refused.push_back({B.Members[0].Id, Reason::NoDefinition, ""});
    return Expected<NewCode>(std::move(Code));
  };
  promoteAndWait({"f"});
  EXPECT_EQ(stage("f"), Stage::Refused);
  cantFail(RT->remove());
  P->Instead = nullptr;
  expectGone();
}

TEST_P(LayerRemovalTest, AFunctionThatTierZeroCompiledAlongWithItsCaller) {
  auto RT = add("define i32 @f() { ret i32 3 }\n"
                "define i32 @g() { %r = call i32 @f() ret i32 %r }");
  EXPECT_EQ(call("g"), 3);
  cantFail(RT->remove());
  EXPECT_FALSE(find("g"));
  expectGone();
}

//===----------------------------------------------------------------------===//
// What else goes, and what stays
//===----------------------------------------------------------------------===//

TEST_P(LayerRemovalTest, DataAndAliasesGoWithTheirModule) {
  auto RT = add(R"(
    @v = global i32 1
    @a = alias i32 (), ptr @g
    define i32 @g() { %r = load i32, ptr @v ret i32 %r }
  )");
  EXPECT_EQ(call("a"), 1);
  cantFail(RT->remove());
  for (const char *Name : {"v", "a", "g"}) {
    EXPECT_FALSE(isDefined(Name)) << Name;
    EXPECT_FALSE(defines(Name)) << Name;
  }
  add(R"(
    @v = global i32 2
    @a = alias i32 (), ptr @g
    define i32 @g() { %r = load i32, ptr @v ret i32 %r }
  )");
  EXPECT_EQ(call("a"), 2);
}

TEST_P(LayerRemovalTest, OneTrackerMayOwnSeveralModules) {
  auto RT = jd().createResourceTracker();
  cantFail(tryAdd(RT, tierFunction("f")));
  cantFail(tryAdd(RT, tierFunction("g")));
  promoteAndWait({"g"});
  cantFail(RT->remove());
  EXPECT_FALSE(find("g"));
  expectGone();
}

TEST_P(LayerRemovalTest, TransferredModulesGoWithTheirNewTracker) {
  auto Old = add("@v = global i32 1\n" + tierFunction("f"));
  auto New = add(tierFunction("g"));
  call("f");
  Old->transferTo(*New);
  promoteAndWait({"f"});
  EXPECT_EQ(call("f"), 1);
  cantFail(Old->remove());
  EXPECT_EQ(call("f"), 1);
  EXPECT_TRUE(defines("v"));
  cantFail(New->remove());
  EXPECT_FALSE(defines("v"));
  expectGone();
}

TEST_P(LayerRemovalTest, CallersReachTheNewDefinition) {
  auto RT = add("define i32 @f() { ret i32 1 }");
  add("declare i32 @f()\n"
      "define i32 @in_tier0() { %r = call i32 @f() ret i32 %r }\n"
      "define i32 @in_tier1() { %r = call i32 @f() ret i32 %r }\n"
      "define ptr @address() { ret ptr @f }");
  EXPECT_EQ(call("in_tier0"), 1);
  promoteAndWait({"in_tier1"});
  EXPECT_EQ(call("in_tier1"), 1);
  const int Address = call("address");
  cantFail(RT->remove());
  RT = add("define i32 @f() { ret i32 2 }");
  EXPECT_EQ(call("in_tier0"), 2);
  EXPECT_EQ(call("in_tier1"), 2);
  EXPECT_EQ(lowHalf(addr("f")), Address);
}

TEST_P(LayerRemovalHereTest, ALateCallOfARemovedFunctionFaults) {
  auto RT = add("define i32 @f() { ret i32 1 }");
  auto *F = get<int()>("f");
  EXPECT_EQ(F(), 1);
  cantFail(RT->remove());
  EXPECT_EXIT(F(), testing::KilledBySignal(SIGILL), "");
}

//===----------------------------------------------------------------------===//
// Bodies that have a definition inside which is taken back
//===----------------------------------------------------------------------===//

TEST_P(LayerRemovalTest, ABodyWithARemovedCalleeInsideIsTakenBack) {
  add("declare i32 @f()\n"
      "declare i32 @which_tier()\n"
      "define i32 @g() {\n"
      "  %x = call i32 @f()\n"
      "  %tier = call i32 @which_tier()\n"
      "  %r = add i32 %x, %tier\n"
      "  ret i32 %r\n"
      "}");
  auto RT = add("define i32 @f() { ret i32 10 }");
  EXPECT_EQ(call("g"), 10);
  promoteAndWait({"g"});
  EXPECT_EQ(call("g"), 11); // @f is inlined.
  cantFail(RT->remove());
  EXPECT_EQ(stage("g"), Stage::Tier0);
  EXPECT_EQ(reason("g"), Reason::Superseded);
  EXPECT_EQ(info("g").Version, 2u);
  add("define i32 @f() { ret i32 20 }");
  EXPECT_EQ(call("g"), 20);
  // And can get hot again.
  callTimes("g", 10);
  wait();
  EXPECT_EQ(stage("g"), Stage::Tier1);
  EXPECT_EQ(info("g").Version, 3u);
  EXPECT_EQ(call("g"), 21);
}

TEST_P(LayerRemovalTest, ADemotedFunctionThatWasNeverCalledIsLazyAgain) {
  add("declare i32 @f()\n"
      "define i32 @g() { %r = call i32 @f() ret i32 %r }");
  auto RT = add("define i32 @f() { ret i32 10 }");
  promoteAndWait({"g"});
  EXPECT_FALSE(info("g").Compiled);
  cantFail(RT->remove());
  EXPECT_EQ(stage("g"), Stage::Lazy);
  add("define i32 @f() { ret i32 20 }");
  EXPECT_EQ(call("g"), 20);
  EXPECT_TRUE(info("g").Compiled);
}

TEST_P(LayerRemovalTest, OnlyBodiesWithTheRemovedDefinitionAreTakenBack) {
  add("declare i32 @f()\n"
      "define i32 @g() { %r = call i32 @f() ret i32 %r }\n"
      "define i32 @h() { ret i32 1 }");
  auto RT = add("define i32 @f() { ret i32 10 }");
  promoteAndWait({"g"});
  promoteAndWait({"h"});
  cantFail(RT->remove());
  EXPECT_EQ(stage("g"), Stage::Lazy);
  EXPECT_EQ(stage("h"), Stage::Tier1);
}

TEST_P(LayerRemovalTest, WithAMemberOfABatchOnlyThatMemberGoes) {
  auto RT = add("define i32 @f() { ret i32 10 }");
  add("define i32 @g() { ret i32 20 }");
  holdWorker();
  promote({"f", "g"});
  letWorkerGo();
  wait();
  EXPECT_EQ(batches().back(), "f g");
  cantFail(RT->remove());
  EXPECT_FALSE(find("f"));
  // Its body is in the same object, so nobody can tell that @g's is fine.
  EXPECT_EQ(call("g"), 20);
  EXPECT_EQ(reason("g"), Reason::Superseded);
}

TEST_P(LayerRemovalTest, ACalleeThatGoesDuringTheCompileHasItTriedAgain) {
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
  EXPECT_EQ(info("g").Version, 1u);
  EXPECT_EQ(call("g"), 20);
}

//===----------------------------------------------------------------------===//
// Tables that are only called through
//===----------------------------------------------------------------------===//

class LayerTableRemovalTest : public LayerRemovalTest {
protected:
  ExecutorAddr addTable() {
    add("declare i32 @m()\n"
        "@vtable = constant [1 x ptr] [ptr @m]");
    return addr("vtable");
  }
  ExecutorAddr stub() { return addr("m"); }
};

INSTANTIATE_TEST_SUITE_P(Executors, LayerTableRemovalTest, allPlaces(),
                         whereName);

TEST_P(LayerTableRemovalTest, ADemotedFunctionIsCalledThroughItsStubAgain) {
  auto Inlined = add("define i32 @f() { ret i32 10 }");
  add("declare i32 @f()\n"
      "define i32 @m() { %r = call i32 @f() ret i32 %r }");
  const ExecutorAddr Table = addTable();
  promoteAndWait({"m"});
  EXPECT_NE(readPointer(Table), stub());
  cantFail(Inlined->remove());
  EXPECT_EQ(readPointer(Table), stub());
  add("define i32 @f() { ret i32 20 }");
  promoteAndWait({"m"});
  EXPECT_NE(readPointer(Table), stub());
  EXPECT_EQ(call("m"), 20);
}

TEST_P(LayerTableRemovalTest, ARemovedFunctionLeavesItsStubInTheTable) {
  auto RT = add("define i32 @m() { ret i32 10 }");
  const ExecutorAddr Table = addTable();
  promoteAndWait({"m"});
  EXPECT_NE(readPointer(Table), stub());
  const ExecutorAddr Stub = stub();
  cantFail(RT->remove());
  EXPECT_EQ(readPointer(Table), Stub);
  add("define i32 @m() { ret i32 20 }");
  EXPECT_EQ(readPointer(Table), stub());
}

TEST_P(LayerTableRemovalTest, ARemovedTableIsNotWrittenTo) {
  auto RT = add("define i32 @m() { ret i32 10 }\n"
                "define i32 @n() { ret i32 11 }");
  auto TableRT = add("declare i32 @m()\n"
                     "declare i32 @n()\n"
                     "@vtable = constant [2 x ptr] [ptr @m, ptr @n]");
  addr("vtable");
  promoteAndWait({"m"});
  cantFail(TableRT->remove());
  // What lies there now, if anything, is not the layer's.
  promoteAndWait({"n"});
  EXPECT_EQ(call("n"), 11);
  cantFail(RT->remove());
  EXPECT_EQ(takeReported(), "");
}

//===----------------------------------------------------------------------===//
// Nothing is left behind
//===----------------------------------------------------------------------===//

TEST_P(LayerRemovalTest, AJITDylibGoesWithAllThatIsInIt) {
  for (int Round = 0; Round != 3; ++Round) {
    JITDylib &Other = cantFail(J->createJITDylib("other"));
    Other.addToLinkOrder(jd());
    auto Ctx = std::make_unique<LLVMContext>();
    auto M = parseIR("@v = global i32 7\n"
                     "define i32 @inside() {\n"
                     "  %v = load i32, ptr @v ret i32 %v\n}\n",
                     *Ctx);
    cantFail(L->add(Other, ThreadSafeModule(std::move(M), std::move(Ctx))));
    const ExecutorAddr F = cantFail(J->lookup(Other, "inside"));
    EXPECT_EQ(TestExecutor::call(F, 0), 7);
    promoteAndWait({"inside"});
    EXPECT_EQ(TestExecutor::call(F, 0), 7);
    cantFail(L->removeJITDylib(Other));
    cantFail(es().removeJITDylib(Other));
    EXPECT_FALSE(find("inside"));
  }
}

TEST_P(LayerRemovalHereTest, RemovedBodiesAreFreed) {
  add("define i32 @stays() { ret i32 1 }");
  promoteAndWait({"stays"});
  auto Round = [&] {
    auto RT = add(tierFunction("f"));
    call("f");
    promoteAndWait({"f"});
    cantFail(RT->remove());
  };
  Round();
  const size_t Live = MemMgr->Allocs - MemMgr->Deallocs;
  for (int I = 0; I != 20; ++I)
    Round();
  EXPECT_EQ(MemMgr->Allocs - MemMgr->Deallocs, Live);
}

TEST_P(LayerRemovalHereTest, DiscardedBodiesAreFreed) {
  auto Round = [&] {
    auto RT = add(tierFunction("f"));
    P->Instead = [&](const Batch &B, const SessionView &Session) {
      auto Code = P->compile(B, Session);
      cantFail(RT->remove());
      return Code;
    };
    promoteAndWait({"f"});
  };
  Round();
  const size_t Live = MemMgr->Allocs - MemMgr->Deallocs;
  for (int I = 0; I != 20; ++I)
    Round();
  EXPECT_EQ(MemMgr->Allocs - MemMgr->Deallocs, Live);
}

/// Stubs, cells and lazy entries are used again.
TEST_P(LayerRemovalHereTest, AddingAndRemovingForeverStaysSmall) {
  std::string Many;
  for (int I = 0; I != 300; ++I)
    Many += "define void @f" + std::to_string(I) + "() { ret void }\n";
  auto Round = [&] { cantFail(add(Many)->remove()); };
  // Some stay unused for a while before they are used again.
  for (int I = 0; I != 5; ++I)
    Round();
  const size_t Live = MemMgr->Allocs - MemMgr->Deallocs;
  for (int I = 0; I != 30; ++I)
    Round();
  EXPECT_LE(MemMgr->Allocs - MemMgr->Deallocs, Live + 1);
}

// It would not find its data. It is compiled again instead, with what holds
// now.
TEST_P(LayerRemovalTest, WhatIsRemovedWhileItIsCompiledIsNotLinked) {
  auto RT = add("@d = internal global i32 3\n"
                "define i32 @g() { %r = load i32, ptr @d ret i32 %r }");
  add("declare i32 @g()\n"
      "define i32 @f() { %r = call i32 @g() ret i32 %r }");
  EXPECT_EQ(call("f"), 3);
  P->Instead = [&](const Batch &B, const SessionView &Session) {
    auto Code = P->compile(B, Session);
    if (RT) {
      cantFail(std::exchange(RT, nullptr)->remove());
      add("define i32 @g() { ret i32 4 }");
    }
    return Code;
  };
  promoteAndWait({"f"});
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(call("f"), 4);
  EXPECT_EQ(L->getStatus().Failures, 0u);
}

} // namespace
