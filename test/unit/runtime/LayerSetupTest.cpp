//===- LayerSetupTest.cpp - A layer in other people's JITs ---------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/IRReoptimizer.h"
#include "reopt/ReOptimizeLayer.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/RTDyldObjectLinkingLayer.h"
#include "llvm/ExecutionEngine/SectionMemoryManager.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"

#include "gtest/gtest.h"

#include <mutex>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class LayerSetupTest : public testing::Test {
protected:
  static void SetUpTestSuite() {
    InitializeNativeTarget();
    InitializeNativeTargetAsmPrinter();
    InitializeNativeTargetAsmParser();
  }

  void create(ReOptimizeLayer::Setup Place) {
    J->getExecutionSession().setErrorReporter([this](Error Err) {
      std::lock_guard<std::mutex> Lock(M);
      const std::string Text = toString(std::move(Err)) + "\n";
      // Now: the process may be about to end.
      errs() << "reported: " << Text;
      Reported += Text;
    });
    L = cantFail(ReOptimizeLayer::Create(
        std::move(Place),
        std::make_unique<IRReoptimizer>(
            Opts, cantFail(JITTargetMachineBuilder::detectHost())),
        Opts));
  }

  ThreadSafeModule parse(StringRef Text) {
    auto Ctx = std::make_unique<LLVMContext>();
    SMDiagnostic Diagnostic;
    auto Module = parseAssemblyString(Text, Diagnostic, *Ctx);
    if (!Module)
      report_fatal_error(Diagnostic.getMessage());
    Module->setDataLayout(J->getDataLayout());
    Module->setTargetTriple(J->getTargetTriple());
    return ThreadSafeModule(std::move(Module), std::move(Ctx));
  }
  void add(StringRef Text) {
    cantFail(L->add(J->getMainJITDylib(), parse(Text)));
  }
  /// By the JIT, without the layer.
  void addElsewhere(StringRef Text) { cantFail(J->addIRModule(parse(Text))); }
  /// By ORC, when a symbol is looked up.
  void define(StringRef Text) {
    cantFail(J->getMainJITDylib().define(
        std::make_unique<BasicIRLayerMaterializationUnit>(
            *L, *L->getManglingOptions(), parse(Text))));
  }

  void promote(StringRef Name) {
    for (const FunctionInfo &F : L->list())
      if (F.Name == Name)
        L->promote(F.Id);
    EXPECT_TRUE(L->wait(std::nullopt));
  }

  /// That @f can be added, and compiled again, after \p Remove has run.
  void expectUsableAfter(function_ref<Error(JITDylib &)> Remove) {
    create(cantFail(ReOptimizeLayer::in(*J)));
    add("define i32 @f(i32 %x) { ret i32 1 }");
    EXPECT_EQ(call("f", 0), 1);
    cantFail(Remove(J->getMainJITDylib()));
    add("define i32 @f(i32 %x) { ret i32 2 }");
    EXPECT_EQ(call("f", 0), 2);
    promote("f");
    EXPECT_EQ(call("f", 0), 2);
    EXPECT_EQ(Reported, "");
  }

  int call(StringRef Name, int Arg) {
    return cantFail(J->lookup(Name)).toPtr<int (*)(int)>()(Arg);
  }

  Options Opts;
  std::unique_ptr<LLJIT> J = cantFail(LLJITBuilder().create());
  std::unique_ptr<ReOptimizeLayer> L;
  std::mutex M;
  std::string Reported;
};

TEST_F(LayerSetupTest, AnotherLinkerIsRefused) {
  auto Old =
      cantFail(LLJITBuilder()
                   .setObjectLinkingLayerCreator([](ExecutionSession &ES) {
                     return std::make_unique<RTDyldObjectLinkingLayer>(
                         ES, [](const MemoryBuffer &) {
                           return std::make_unique<SectionMemoryManager>();
                         });
                   })
                   .create());
  auto Place = ReOptimizeLayer::in(*Old);
  ASSERT_FALSE(Place);
  EXPECT_EQ(toString(Place.takeError()).find("the JIT's object layer is not"),
            0u);
}

TEST_F(LayerSetupTest, TheJITsTransformSeesTierZeroAndData) {
  std::vector<std::string> Seen;
  J->getIRTransformLayer().setTransform(
      [&](ThreadSafeModule TSM, const MaterializationResponsibility &) {
        TSM.withModuleDo([&](Module &Mod) {
          for (GlobalValue &GV : Mod.global_values())
            if (!GV.isDeclaration())
              Seen.push_back(GV.getName().split('.').first.str());
        });
        return Expected<ThreadSafeModule>(std::move(TSM));
      });
  create(cantFail(ReOptimizeLayer::in(*J)));
  add("@v = global i32 5\n"
      "define i32 @f(i32 %x) { %r = load i32, ptr @v ret i32 %r }");
  EXPECT_EQ(call("f", 0), 5);
  EXPECT_TRUE(is_contained(Seen, "f"));
  EXPECT_TRUE(is_contained(Seen, "v"));
}

// Into what tripping code calls, too: that is compiled as anything else.
TEST_F(LayerSetupTest, ATransformMayAddCallsIntoTheProcess) {
  J->getIRTransformLayer().setTransform(
      [&](ThreadSafeModule TSM, const MaterializationResponsibility &) {
        TSM.withModuleDo([&](Module &Mod) {
          FunctionCallee Added = Mod.getOrInsertFunction(
              "getpid", Type::getInt32Ty(Mod.getContext()));
          for (Function &F : Mod)
            if (!F.isDeclaration())
              CallInst::Create(Added, "",
                               F.getEntryBlock().getFirstInsertionPt());
        });
        return Expected<ThreadSafeModule>(std::move(TSM));
      });
  Opts.Threshold = 5;
  create(cantFail(ReOptimizeLayer::in(*J)));
  add(R"(
    define i32 @f(i32 %n) {
      br label %loop
    loop:
      %i = phi i32 [0, %0], [%next, %loop]
      %next = add i32 %i, 1
      %done = icmp sge i32 %next, %n
      br i1 %done, label %end, label %loop
    end:
      ret i32 %i
    }
  )");
  EXPECT_EQ(call("f", 1000000), 999999);
  EXPECT_TRUE(L->wait(std::nullopt));
  EXPECT_EQ(call("f", 1000000), 999999);
  EXPECT_EQ(L->list().front().St, Stage::Tier1);
  EXPECT_EQ(Reported, "");
}

TEST_F(LayerSetupTest, AFailedFirstCallGoesWhereTheClientWants) {
  auto Place = cantFail(ReOptimizeLayer::in(*J));
  Place.OnFailedCall = ExecutorAddr::fromPtr(
      static_cast<int (*)(int)>([](int Arg) { return 1000 + Arg; }));
  create(std::move(Place));
  add("declare i32 @nowhere()\n"
      "define i32 @f(i32 %x) { %r = call i32 @nowhere() ret i32 %r }");
  EXPECT_EQ(call("f", 1), 1001);
  EXPECT_NE(Reported.find("nowhere"), std::string::npos) << Reported;
  // It may be complete the next time.
  add("define i32 @nowhere() { ret i32 3 }");
  EXPECT_EQ(call("f", 2), 3);
}

TEST_F(LayerSetupTest, AFunctionIsNotKeptFromRunningByACalleeThatCannotBe) {
  create(cantFail(ReOptimizeLayer::in(*J)));
  add("declare i32 @nowhere(i32)\n"
      "define i32 @g(i32 %x) { %r = call i32 @nowhere(i32 %x) ret i32 %r }\n"
      "define i32 @f(i32 %x) {\n"
      "  %c = icmp eq i32 %x, 0\n"
      "  br i1 %c, label %easy, label %hard\n"
      "easy:\n"
      "  ret i32 7\n"
      "hard:\n"
      "  %r = call i32 @g(i32 %x)\n"
      "  ret i32 %r\n"
      "}\n");
  EXPECT_EQ(call("f", 0), 7);
}

TEST_F(LayerSetupTest, WhatIsMissingIsAnError) {
  auto None =
      ReOptimizeLayer::Create(cantFail(ReOptimizeLayer::in(*J)), nullptr, Opts);
  ASSERT_FALSE(None);
  EXPECT_EQ(toString(None.takeError()), "a ReOptimizeLayer needs a policy");
  create(cantFail(ReOptimizeLayer::in(*J)));
  EXPECT_EQ(toString(L->add(J->getMainJITDylib(), ThreadSafeModule())),
            "add() needs a module");
}

// By itself LLVM would end the process.
TEST_F(LayerSetupTest, BadAssemblyIsAnError) {
  create(cantFail(ReOptimizeLayer::in(*J)));
  const std::string Problem =
      toString(L->add(J->getMainJITDylib(), parse("module asm \"nonsense\"")));
  EXPECT_NE(Problem.find("nonsense"), std::string::npos) << Problem;
  add("define i32 @f(i32 %x) {\n"
      "  call void asm sideeffect \"nonsense\", \"\"()\n"
      "  ret i32 1\n"
      "}");
  promote("f");
  const FunctionInfo F = L->list().front();
  EXPECT_NE(F.Detail.find("nonsense"), std::string::npos) << F.Detail;
}

// The layer's own symbols are not the client's to remove.
TEST_F(LayerSetupTest, ADefaultTrackerMayBeRemoved) {
  expectUsableAfter(
      [](JITDylib &JD) { return JD.getDefaultResourceTracker()->remove(); });
}

TEST_F(LayerSetupTest, AJITDylibMayBeCleared) {
  expectUsableAfter([](JITDylib &JD) { return JD.clear(); });
}

// It is what ORC calls in tier 0, and so what is inlined later.
TEST_F(LayerSetupTest, AWeakFunctionThatLostIsNotInlined) {
  create(cantFail(ReOptimizeLayer::in(*J)));
  add("define weak i32 @g(i32 %x) { ret i32 1 }\n"
      "define i32 @f(i32 %x) { %r = call i32 @g(i32 %x) ret i32 %r }");
  addElsewhere("define i32 @g(i32 %x) { ret i32 2 }");
  EXPECT_EQ(call("f", 0), 2);
  promote("f");
  EXPECT_EQ(call("f", 0), 2);
  // The strong one may come first, too.
  addElsewhere("define i32 @h(i32 %x) { ret i32 3 }");
  add("define linkonce_odr i32 @h(i32 %x) { ret i32 4 }\n"
      "define i32 @k(i32 %x) { %r = call i32 @h(i32 %x) ret i32 %r }");
  EXPECT_EQ(call("k", 0), 3);
  promote("k");
  EXPECT_EQ(call("k", 0), 3);
  EXPECT_EQ(Reported, "");
}

// As a C++17 inline variable is initialised.
TEST_F(LayerSetupTest, AConstructorRunsThatIsForAWeakVariable) {
  auto JTMB = cantFail(JITTargetMachineBuilder::detectHost());
  J = cantFail(
      LLJITBuilder()
          .setPlatformSetUp(ExecutorNativePlatform(REOPT_TEST_ORC_RUNTIME))
          .create());
  auto Place = cantFail(ReOptimizeLayer::in(*J));
  create(std::move(Place));
  add(R"(
    $v = comdat any
    @v = linkonce_odr global i32 0, comdat
    @guard = linkonce_odr global i8 0, comdat($v)
    @llvm.global_ctors = appending global [1 x { i32, ptr, ptr }]
        [{ i32, ptr, ptr } { i32 65535, ptr @init, ptr @v }]
    define internal void @init() comdat($v) {
      %g = load i8, ptr @guard
      %done = icmp ne i8 %g, 0
      br i1 %done, label %end, label %go
    go:
      store i8 1, ptr @guard
      store i32 8, ptr @v
      br label %end
    end:
      ret void
    }
    define i32 @f(i32 %x) { %r = load i32, ptr @v ret i32 %r }
  )");
  cantFail(J->initialize(J->getMainJITDylib()));
  EXPECT_EQ(call("f", 0), 8);
  EXPECT_EQ(Reported, "");
  cantFail(J->deinitialize(J->getMainJITDylib()));
}

// Lazy entries do not keep what such values are passed in.
TEST_F(LayerSetupTest, WideVectorsInAggregatesAreKept) {
  create(cantFail(ReOptimizeLayer::in(*J)));
  add(R"(
    define i32 @g({ <8 x i32>, i32 } %s) #0 {
      %v = extractvalue { <8 x i32>, i32 } %s, 0
      %r = extractelement <8 x i32> %v, i32 7
      ret i32 %r
    }
    define [1 x <8 x i32>] @h(<8 x i32> %v) #0 {
      %r = insertvalue [1 x <8 x i32>] poison, <8 x i32> %v, 0
      ret [1 x <8 x i32>] %r
    }
    define i32 @f(i32 %x) #0 {
      %v = insertelement <8 x i32> zeroinitializer, i32 %x, i32 7
      %a = call [1 x <8 x i32>] @h(<8 x i32> %v)
      %w = extractvalue [1 x <8 x i32>] %a, 0
      %s = insertvalue { <8 x i32>, i32 } poison, <8 x i32> %w, 0
      %r = call i32 @g({ <8 x i32>, i32 } %s)
      ret i32 %r
    }
    attributes #0 = { "target-features"="+avx2" }
  )");
  EXPECT_EQ(call("f", 7), 7);
}

TEST_F(LayerSetupTest, ACallerMayExpectAllRegistersToBeKept) {
  create(cantFail(ReOptimizeLayer::in(*J)));
  add("define preserve_allcc void @f() { ret void }");
  ASSERT_EQ(L->list().size(), 1u);
  EXPECT_EQ(L->list().front().Why, Reason::UnusualEntry);
}

// A million frames would not fit on the stack.
TEST_F(LayerSetupTest, TailCallsThatAreGuaranteedLeaveNoFrame) {
  create(cantFail(ReOptimizeLayer::in(*J)));
  add(R"(
    define tailcc i32 @odd(i32 %n) {
      %zero = icmp eq i32 %n, 0
      br i1 %zero, label %no, label %step
    no:
      ret i32 0
    step:
      %m = sub i32 %n, 1
      %r = tail call tailcc i32 @even(i32 %m)
      ret i32 %r
    }
    define tailcc i32 @even(i32 %n) {
      %zero = icmp eq i32 %n, 0
      br i1 %zero, label %yes, label %step
    yes:
      ret i32 1
    step:
      %m = sub i32 %n, 1
      %r = tail call tailcc i32 @odd(i32 %m)
      ret i32 %r
    }
    define i32 @f(i32 %n) { %r = call tailcc i32 @even(i32 %n) ret i32 %r }
  )");
  EXPECT_EQ(call("f", 1000001), 0);
  promote("odd");
  EXPECT_EQ(call("f", 1000000), 1);
  EXPECT_EQ(Reported, "");
}

TEST_F(LayerSetupTest, LocalAliasesOfSeveralModulesDoNotMeet) {
  create(cantFail(ReOptimizeLayer::in(*J)));
  for (const char *Name : {"f", "g"})
    add(("define i32 @" + Twine(Name) + "(i32 %x) { ret i32 %x }\n" +
         "@alias = internal alias i32 (i32), ptr @" + Name + "\n" +
         "define i32 @call_" + Name + "(i32 %x) {\n" +
         "  %r = call i32 @alias(i32 %x)\n  ret i32 %r\n}")
            .str());
  EXPECT_EQ(call("call_f", 3), 3);
  EXPECT_EQ(call("call_g", 4), 4);
}

// What comes from a layer above.
TEST_F(LayerSetupTest, LocalThreadLocalsMayBeEmitted) {
  create(cantFail(ReOptimizeLayer::in(*J)));
  define(R"(
    @n = internal thread_local global i32 2
    @zero = internal thread_local global i32 0
    @alias = internal alias i32 (i32), ptr @f
    declare ptr @llvm.threadlocal.address.p0(ptr)
    define i32 @f(i32 %x) {
      %p = call ptr @llvm.threadlocal.address.p0(ptr @n)
      %q = call ptr @llvm.threadlocal.address.p0(ptr @zero)
      %a = load i32, ptr %p
      %b = load i32, ptr %q
      %r = add i32 %a, %b
      ret i32 %r
    }
  )");
  EXPECT_EQ(call("f", 0), 2);
  promote("f");
  EXPECT_EQ(call("f", 0), 2);
  EXPECT_EQ(Reported, "");
}

} // namespace
