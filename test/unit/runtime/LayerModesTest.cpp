//===- LayerModesTest.cpp - Tests of the layer's modes -------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Below other layers, in several JITDylibs, with several workers or none, and
// with several tiers.
//
//===----------------------------------------------------------------------===//

#include "LayerTest.h"

#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/IRTransformLayer.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Module.h"

#include <thread>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

//===----------------------------------------------------------------------===//
// Below another layer
//===----------------------------------------------------------------------===//

class LayerEmitTest : public LayerTest {
protected:
  void SetUp() override {
    LayerTest::SetUp();
    Above = std::make_unique<IRTransformLayer>(es(), *L);
  }

  /// A module by way of a layer above, which defines its symbols and emits it
  /// when one is looked up.
  ResourceTrackerSP addAbove(StringRef Text) {
    auto Ctx = std::make_unique<LLVMContext>();
    auto Mod = parseIR(Text, *Ctx);
    Mod->setModuleIdentifier("above" + std::to_string(++Modules));
    Mod->setDataLayout(J->getDataLayout());
    auto RT = jd().createResourceTracker();
    cantFail(Above->add(RT, ThreadSafeModule(std::move(Mod), std::move(Ctx))));
    return RT;
  }

  std::unique_ptr<IRTransformLayer> Above;
  unsigned Modules = 0;
};

TEST_F(LayerEmitTest, AModuleIsPartedWhenItIsLookedUp) {
  addAbove(tierFunction("f"));
  EXPECT_FALSE(find("f"));
  EXPECT_EQ(call("f"), 0);
  EXPECT_EQ(stage("f"), Stage::Tier0);
}

TEST_F(LayerEmitTest, ItsFunctionsGetHotAndKeepTheirAddress) {
  addAbove(tierFunctions({"f", "g"}));
  auto *F = get<int()>("f");
  callTimes("f", 10);
  wait();
  EXPECT_EQ(F(), 1);
  EXPECT_EQ(get<int()>("f"), F);
  EXPECT_EQ(stage("g"), Stage::Lazy);
}

TEST_F(LayerEmitTest, ItsDataExistOnceLocalsIncluded) {
  addAbove(R"(
    @count = global i32 5
    @local = internal global i32 10
    define i32 @next() {
      %c = load i32, ptr @count
      %l = load i32, ptr @local
      %c2 = add i32 %c, 1
      store i32 %c2, ptr @count
      %l2 = add i32 %l, 1
      store i32 %l2, ptr @local
      %r = add i32 %c, %l
      ret i32 %r
    }
    define i32 @peek() { %l = load i32, ptr @local ret i32 %l }
  )");
  EXPECT_EQ(call("next"), 15);
  EXPECT_EQ(call("peek"), 11);
  promoteAndWait({"next", "peek"});
  EXPECT_EQ(call("next"), 17);
  EXPECT_EQ(call("peek"), 12);
  EXPECT_EQ(*addr("count").toPtr<int *>(), 7);
}

TEST_F(LayerEmitTest, AnAliasHasTheFunctionsAddress) {
  addAbove("define i32 @f() { ret i32 3 }\n"
           "@g = alias i32 (), ptr @f\n");
  EXPECT_EQ(call("g"), 3);
  EXPECT_EQ(addr("g"), addr("f"));
}

TEST_F(LayerEmitTest, InitialisersRunOnce) {
  addAbove(R"(
    @llvm.global_ctors = appending global [1 x { i32, ptr, ptr }]
        [{ i32, ptr, ptr } { i32 65535, ptr @init, ptr null }]
    @ready = global i32 0
    define internal void @init() {
      %old = load i32, ptr @ready
      %new = add i32 %old, 1
      store i32 %new, ptr @ready
      ret void
    }
    define i32 @f() { %r = load i32, ptr @ready ret i32 %r }
  )");
  EXPECT_EQ(call("f"), 0);
  EXPECT_TRUE(defines("ready"));
}

TEST_F(LayerEmitTest, WideVectorsAreNotCounted) {
  addAbove(R"(
    define <8 x i32> @wide(<8 x i32> %v) #0 { ret <8 x i32> %v }
    define i32 @f() #0 {
      %v = call <8 x i32> @wide(<8 x i32> <i32 1, i32 2, i32 3, i32 4,
                                           i32 5, i32 6, i32 7, i32 8>)
      %r = extractelement <8 x i32> %v, i32 7
      ret i32 %r
    }
    attributes #0 = { "target-features"="+avx2" }
  )");
  EXPECT_EQ(call("f"), 8);
  EXPECT_EQ(reason("wide"), Reason::WideVectors);
  EXPECT_EQ(stage("f"), Stage::Tier0);
}

TEST_F(LayerEmitTest, RemovedBeforeAndAfterItIsLookedUp) {
  cantFail(addAbove(tierFunction("f"))->remove());
  auto RT = addAbove(tierFunction("f"));
  callTimes("f", 10);
  wait();
  EXPECT_EQ(call("f"), 1);
  cantFail(RT->remove());
  EXPECT_FALSE(find("f"));
  addAbove("define i32 @f() { ret i32 7 }");
  EXPECT_EQ(call("f"), 7);
}

TEST_F(LayerEmitTest, AnUndefinedMentionFailsTheLookupAndNothingElse) {
  addAbove("declare i32 @absent()\n@data = global ptr @absent\n");
  addAbove(tierFunction("f"));
  auto Data = J->lookup("data");
  EXPECT_FALSE(!!Data);
  consumeError(Data.takeError());
  EXPECT_NE(takeReported(), "");
  EXPECT_EQ(call("f"), 0);
}

//===----------------------------------------------------------------------===//
// Several JITDylibs
//===----------------------------------------------------------------------===//

class LayerDylibsTest : public LayerTest {
protected:
  void addTo(JITDylib &JD, StringRef Text) {
    auto RT = JD.createResourceTracker();
    cantFail(tryAdd(RT, Text));
  }
  int callIn(JITDylib &JD, StringRef Name) {
    return cantFail(J->lookup(JD, Name)).toPtr<int (*)()>()();
  }
};

TEST_F(LayerDylibsTest, OneNameHasAFunctionInEach) {
  auto &A = cantFail(J->createJITDylib("a"));
  auto &B = cantFail(J->createJITDylib("b"));
  for (JITDylib *JD : {&A, &B})
    JD->addToLinkOrder(jd());
  const std::string Add = "declare i32 @which_tier()\n"
                          "define i32 @f() { %t = call i32 @which_tier() "
                          "%r = add i32 %t, ";
  addTo(A, Add + "10 ret i32 %r }");
  addTo(B, Add + "20 ret i32 %r }");
  EXPECT_EQ(callIn(A, "f"), 10);
  EXPECT_EQ(callIn(B, "f"), 20);
  for (int I = 0; I != 10; ++I)
    callIn(A, "f");
  wait();
  EXPECT_EQ(callIn(A, "f"), 11);
  EXPECT_EQ(callIn(B, "f"), 20);
  for (int I = 0; I != 10; ++I)
    callIn(B, "f");
  wait();
  EXPECT_EQ(callIn(B, "f"), 21);
  EXPECT_TRUE(L->defines(A, "f"));
  EXPECT_FALSE(defines("f"));
}

TEST_F(LayerDylibsTest, TripsTogetherAreOneBatchForEach) {
  auto &A = cantFail(J->createJITDylib("a"));
  A.addToLinkOrder(jd());
  add(tierFunctions({"f", "g"}));
  addTo(A, tierFunctions({"h", "i"}));
  holdWorker();
  promote({"f", "h", "g", "i"});
  letWorkerGo();
  wait();
  EXPECT_EQ(batches(), (std::vector<std::string>{"busy1", "f g", "h i"}));
  EXPECT_EQ(callIn(A, "i"), 1);
}

TEST_F(LayerDylibsTest, ARemovedDylibGivesItsStubsBack) {
  auto &A = cantFail(J->createJITDylib("a"));
  A.addToLinkOrder(jd());
  addTo(A, tierFunction("f"));
  EXPECT_EQ(callIn(A, "f"), 0);
  cantFail(A.clear());
  cantFail(L->removeJITDylib(A));
  cantFail(es().removeJITDylib(A));
  EXPECT_FALSE(find("f"));
  add(tierFunction("f"));
  EXPECT_EQ(call("f"), 0);
}

//===----------------------------------------------------------------------===//
// Workers
//===----------------------------------------------------------------------===//

class LayerWorkersTest : public LayerTest {
protected:
  void startAnew(unsigned Number) {
    P->WorkerGate.open();
    L.reset();
    stop();
    Workers = Number;
    LayerTest::SetUp();
  }
};

TEST_F(LayerWorkersTest, SeveralCompileAtOnce) {
  startAnew(3);
  Opts.MaxBatch = 1;
  add(tierFunctions({"f", "g", "h"}));
  P->WorkerGate.close();
  promote({"f", "g", "h"});
  P->WorkerGate.waitForArrivals(3);
  P->WorkerGate.open();
  wait();
  for (StringRef Name : {"f", "g", "h"})
    EXPECT_EQ(call(Name), 1);
}

TEST_F(LayerWorkersTest, ATripIsTakenWhileOthersCompile) {
  startAnew(2);
  add(tierFunctions({"f", "g"}));
  P->WorkerGate.close();
  promote({"f"});
  P->WorkerGate.waitForArrivals(1);
  callTimes("g", 10);
  P->WorkerGate.waitForArrivals(2);
  P->WorkerGate.open();
  wait();
  EXPECT_EQ(call("g"), 1);
}

TEST_F(LayerWorkersTest, WithNoneTheTripCompiles) {
  startAnew(0);
  add(tierFunction("f"));
  callTimes("f", 9);
  EXPECT_EQ(call("f"), 0); // This frame was in tier 0 when it tripped.
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(call("f"), 1);
  EXPECT_EQ(L->getStatus().WorkerStarted, false);
}

TEST_F(LayerWorkersTest, WithNoneARequestCompiles) {
  startAnew(0);
  add(tierFunction("f"));
  promote({"f"});
  EXPECT_EQ(call("f"), 1);
  EXPECT_TRUE(L->wait(std::nullopt));
}

TEST_F(LayerWorkersTest, WithNoneWhatTripsInsideACompileIsCompiledAfterIt) {
  startAnew(0);
  add(tierFunctions({"f", "g"}));
  P->Instead = [&](const Batch &B, const SessionView &S) {
    P->Instead = nullptr;
    // f is compiled again while it is compiled, and calls another hot one.
    callTimes("f", 20);
    callTimes("g", 20);
    EXPECT_EQ(stage("g"), Stage::Tier0);
    return P->compile(B, S);
  };
  promote({"f"});
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(stage("g"), Stage::Tier1);
  EXPECT_EQ(call("g"), 1);
}

TEST_F(LayerWorkersTest, WithNoneThreadsDoNotWaitForTheOneThatCompiles) {
  startAnew(0);
  add(tierFunctions({"f", "g"}));
  call("g");
  P->WorkerGate.close();
  std::thread Compiles([&] { promote({"f"}); });
  P->WorkerGate.waitForArrivals(1);
  callTimes("g", 20);
  EXPECT_EQ(stage("g"), Stage::Tier0);
  P->WorkerGate.open();
  Compiles.join();
  EXPECT_EQ(call("f"), 1);
  EXPECT_EQ(call("g"), 1);
}

TEST_F(LayerWorkersTest, WithNoneAHookInsideAMaterialisationDoesNotDeadlock) {
  startAnew(0);
  add(tierFunction("f"));
  // The compile's object needs a symbol that the very materialisation provides
  // in which f trips.
  using Responsibility = std::unique_ptr<MaterializationResponsibility>;
  struct Unit : MaterializationUnit {
    Unit(SymbolStringPtr Name, std::function<void(Responsibility)> Do)
        : MaterializationUnit(
              Interface({{Name, JITSymbolFlags::Exported}}, nullptr)),
          Do(std::move(Do)) {}
    StringRef getName() const override { return "Unit"; }
    void materialize(Responsibility R) override { Do(std::move(R)); }
    void discard(const JITDylib &, const SymbolStringPtr &) override {}
    std::function<void(Responsibility)> Do;
  };
  cantFail(
      jd().define(std::make_unique<Unit>(name("late"), [&](Responsibility R) {
        P->Prepare = [](Module &M) {
          auto *Late =
              new GlobalVariable(M, Type::getInt32Ty(M.getContext()), false,
                                 GlobalValue::ExternalLinkage, nullptr, "late");
          new GlobalVariable(M, Late->getType(), false,
                             GlobalValue::ExternalLinkage, Late,
                             "mentions_late");
        };
        callTimes("f", 20);
        EXPECT_NE(stage("f"), Stage::Tier1);
        static int Late = 0;
        cantFail(R->notifyResolved(
            {{name("late"),
              {ExecutorAddr::fromPtr(&Late), JITSymbolFlags::Exported}}}));
        cantFail(R->notifyEmitted({}));
      })));
  EXPECT_TRUE(addr("late"));
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(call("f"), 1);
}

//===----------------------------------------------------------------------===//
// Tiers
//===----------------------------------------------------------------------===//

class LayerTiersTest : public LayerPlacesTest {};

INSTANTIATE_TEST_SUITE_P(Executors, LayerTiersTest, allPlaces(), whereName);

TEST_P(LayerTiersTest, ACountedBodyTripsAndIsReplaced) {
  P->CountedTiers = 2;
  add(tierFunction("f"));
  for (int Tier = 0; Tier != 4; ++Tier) {
    EXPECT_EQ(call("f"), std::min(Tier, 3));
    callTimes("f", 10);
    wait();
  }
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(info("f").Version, 3u);
  EXPECT_EQ(batches(), (std::vector<std::string>{"f", "f", "f"}));
}

TEST_P(LayerTiersTest, ThePolicyIsToldTheTier) {
  P->CountedTiers = 1;
  std::vector<uint32_t> Tiers;
  P->DecideInstead = [&](const Heat &H) {
    Tiers.push_back(H.Tier);
    return Decision{Decision::Compile, Reason::Waiting};
  };
  add(tierFunction("f"));
  for (int I = 0; I != 2; ++I) {
    callTimes("f", 10);
    wait();
  }
  EXPECT_EQ(Tiers, (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(P->getBatches().back().Members.front().Tier, 1u);
}

TEST_P(LayerTiersTest, AFailedNextTierLeavesTheOneThatRuns) {
  P->CountedTiers = 1;
  add(tierFunction("f"));
  callTimes("f", 10);
  wait();
  P->Instead = [](const Batch &, const SessionView &) -> Expected<NewCode> {
    return createStringError("no");
  };
  callTimes("f", 10);
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(reason("f"), Reason::EmissionFailed);
  EXPECT_EQ(call("f"), 1);
  // It is tried again.
  P->Instead = nullptr;
  callTimes("f", 20);
  wait();
  EXPECT_EQ(call("f"), 2);
}

TEST_P(LayerTiersTest, ARefusedNextTierStopsTheAsking) {
  P->CountedTiers = 5;
  add(tierFunction("f"));
  callTimes("f", 10);
  wait();
  P->DecideInstead = [](const Heat &) {
    return Decision{Decision::Refuse, Reason::TooLarge};
  };
  callTimes("f", 100);
  wait();
  EXPECT_EQ(stage("f"), Stage::Tier1);
  EXPECT_EQ(call("f"), 1);
}

TEST_P(LayerTiersTest, AHigherTierWithARemovedCalleeInsideGoesToTierZero) {
  P->CountedTiers = 1;
  add("declare i32 @g()\n"
      "declare i32 @which_tier()\n"
      "define i32 @f() {\n"
      "  %x = call i32 @g()\n"
      "  %tier = call i32 @which_tier()\n"
      "  %r = add i32 %x, %tier\n"
      "  ret i32 %r\n"
      "}");
  auto RT = add("define i32 @g() { ret i32 10 }");
  EXPECT_EQ(call("f"), 10);
  for (int I = 0; I != 2; ++I) {
    promoteAndWait({"f"});
    callTimes("f", 20);
    wait();
  }
  EXPECT_EQ(call("f"), 12);
  cantFail(RT->remove());
  EXPECT_EQ(stage("f"), Stage::Tier0);
  add("define i32 @g() { ret i32 20 }");
  EXPECT_EQ(call("f"), 20);
}

} // namespace
