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
  }

  void create(ReOptimizeLayer::Setup Place) {
    J->getExecutionSession().setErrorReporter([this](Error Err) {
      std::lock_guard<std::mutex> Lock(M);
      Reported += toString(std::move(Err)) + "\n";
    });
    L = cantFail(ReOptimizeLayer::Create(
        std::move(Place),
        std::make_unique<IRReoptimizer>(
            Opts, cantFail(JITTargetMachineBuilder::detectHost())),
        Opts));
  }

  void add(StringRef Text) {
    auto Ctx = std::make_unique<LLVMContext>();
    SMDiagnostic Diagnostic;
    auto Module = parseAssemblyString(Text, Diagnostic, *Ctx);
    ASSERT_TRUE(Module) << Diagnostic.getMessage().str();
    cantFail(L->add(J->getMainJITDylib(),
                    ThreadSafeModule(std::move(Module), std::move(Ctx))));
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

} // namespace
