//===-- EmbeddingTest.cpp -------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What an application gets that embeds clang's interpreter and makes one call
// of ours on its IncrementalExecutorBuilder. No plugin is loaded and no symbol
// is patched here.
//
//===----------------------------------------------------------------------===//

#include "reopt-clang/AstLease.h"
#include "reopt-clang/Tiering.h"
#include "clang/Frontend/CompilerInstance.h"
#include "clang/Interpreter/IncrementalExecutor.h"
#include "clang/Interpreter/Interpreter.h"
#include "clang/Interpreter/Value.h"
#include "llvm/Support/TargetSelect.h"
#include "gtest/gtest.h"
#include <thread>

namespace {

/// An interpreter with tiering, as docs/embedding.md shows it.
struct Embedded {
  std::shared_ptr<reopt::TieredSession> Session;
  std::unique_ptr<clang::Interpreter> Interp;

  explicit Embedded(const reopt::Options &Opts = {}) {
    clang::IncrementalCompilerBuilder Builder;
    auto CI = llvm::cantFail(Builder.CreateCpp());
    auto IEB = std::make_unique<clang::IncrementalExecutorBuilder>();
    Session = llvm::cantFail(reopt::enableTiering(*CI, *IEB, Opts));
    Interp = llvm::cantFail(
        clang::Interpreter::create(std::move(CI), std::move(IEB)));
  }

  void run(llvm::StringRef Code) {
    auto Err = Interp->ParseAndExecute(Code);
    EXPECT_FALSE(bool(Err)) << llvm::toString(std::move(Err));
  }

  int evaluate(llvm::StringRef Expression) {
    clang::Value V;
    auto Err = Interp->ParseAndExecute(Expression, &V);
    EXPECT_FALSE(bool(Err)) << llvm::toString(std::move(Err));
    return V.isValid() ? V.convertTo<int>() : -1;
  }

  /// Until all that got hot is compiled. The interpreter is idle meanwhile, so
  /// its AST can be lent.
  void wait() {
    reopt::AstLoan Loan(Session->getLease());
    EXPECT_TRUE(Session->getLayer()->wait(std::chrono::minutes(1)));
  }

  /// Until \p LinkerName is in tier 1, without a call: the program waits.
  void waitForInputUntilCompiled(llvm::StringRef LinkerName) {
    reopt::SessionWait Wait(*Session);
    while (find(LinkerName)->St != reopt::Stage::Tier1)
      std::this_thread::yield();
  }

  std::optional<reopt::FunctionInfo> find(llvm::StringRef LinkerName) {
    for (auto &F : Session->getLayer()->list())
      if (F.Name == LinkerName)
        return F;
    return std::nullopt;
  }
};

class Embedding : public testing::Test {
  void SetUp() override {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  }
};

constexpr const char *Function = "int f(int x) { return 3 * x + 1; }";
constexpr const char *Loop = "for (int i = 0; i < 1000; ++i) f(i);";

TEST_F(Embedding, HotFunctionsReachTierOne) {
  Embedded E;
  E.run(Function);
  EXPECT_EQ(E.evaluate("f(1)"), 4);
  ASSERT_TRUE(E.find("_Z1fi"));
  EXPECT_EQ(E.find("_Z1fi")->St, reopt::Stage::Tier0);
  E.run(Loop);
  E.wait();
  EXPECT_EQ(E.find("_Z1fi")->St, reopt::Stage::Tier1);
  EXPECT_EQ(E.evaluate("f(2)"), 7);
}

TEST_F(Embedding, AnAddressHoldsOverTiers) {
  Embedded E;
  E.run(Function);
  auto Before = llvm::cantFail(E.Interp->getSymbolAddress("_Z1fi"));
  auto *F = Before.toPtr<int (*)(int)>();
  for (int I = 0; I < 1000; ++I)
    EXPECT_EQ(F(I), 3 * I + 1);
  E.wait();
  EXPECT_EQ(E.find("_Z1fi")->St, reopt::Stage::Tier1);
  EXPECT_EQ(llvm::cantFail(E.Interp->getSymbolAddress("_Z1fi")), Before);
  EXPECT_EQ(F(5), 16);
}

TEST_F(Embedding, FunctionsAreCompiledOnRequest) {
  reopt::Options Opts;
  Opts.Enabled = false;
  Embedded E(Opts);
  EXPECT_FALSE(E.Session->getLayer()->isEnabled());
  E.Session->getLayer()->setEnabled(true);
  E.run(Function);
  ASSERT_TRUE(E.find("_Z1fi"));
  E.Session->getLayer()->promote(E.find("_Z1fi")->Id);
  E.wait();
  EXPECT_EQ(E.find("_Z1fi")->St, reopt::Stage::Tier1);
  EXPECT_EQ(E.evaluate("f(2)"), 7);
}

TEST_F(Embedding, FunctionsAreCompiledWhileTheSessionWaits) {
  reopt::Options Opts;
  Opts.SpeculateAfter = 0;
  Embedded E(Opts);
  E.run(Function);
  E.waitForInputUntilCompiled("_Z1fi");
  EXPECT_EQ(E.find("_Z1fi")->Why, reopt::Reason::Speculated);
  EXPECT_EQ(E.evaluate("f(2)"), 7);
  EXPECT_FALSE(E.find("_Z1fi")->Compiled) << "tier 0 was not needed";
}

TEST_F(Embedding, AWaitGivesWayToTheNextInput) {
  reopt::Options Opts;
  Opts.SpeculateAfter = 0;
  Embedded E(Opts);
  // Each wait ends at some point of what is done in it.
  for (int I = 0; I < 50; ++I) {
    const std::string Name = "f" + std::to_string(I);
    E.run("int " + Name + "(int x) { int s = 0; for (int i = 0; i < x; ++i) " +
          "s += i * " + std::to_string(I) + "; return s; }");
    {
      reopt::SessionWait Wait(*E.Session);
      for (int J = 0; J < I; ++J)
        std::this_thread::yield();
    }
    EXPECT_EQ(E.evaluate(Name + "(4)"), 6 * I);
  }
}

TEST_F(Embedding, UndoTakesAFunctionBack) {
  Embedded E;
  E.run(Function);
  E.run(Loop);
  llvm::cantFail(E.Interp->Undo(2));
  EXPECT_FALSE(E.find("_Z1fi"));
  E.run("long f(int x) { return -x; }");
  E.wait();
  EXPECT_EQ(E.evaluate("f(2)"), -2);
}

TEST_F(Embedding, InterpretersKeepApart) {
  Embedded A, B;
  A.run("int f(int x) { static int n; return n += x; }");
  B.run("int f(int x) { static int n; return n -= x; }");
  for (Embedded *E : {&A, &B, &A})
    E->run("for (int i = 0; i < 500; ++i) f(1);");
  A.wait();
  B.wait();
  EXPECT_EQ(A.evaluate("f(0)"), 1000);
  EXPECT_EQ(B.evaluate("f(0)"), -500);
  EXPECT_EQ(A.find("_Z1fi")->St, reopt::Stage::Tier1);
  EXPECT_EQ(B.find("_Z1fi")->St, reopt::Stage::Tier1);
}

TEST_F(Embedding, ASessionMayOutliveItsInterpreter) {
  std::shared_ptr<reopt::TieredSession> Session;
  {
    Embedded E;
    E.run(Function);
    E.run(Loop);
    Session = E.Session;
    EXPECT_NE(Session->getLayer(), nullptr);
  }
  EXPECT_EQ(Session->getLayer(), nullptr);
}

TEST_F(Embedding, ManyInterpretersComeAndGoWhileTheyCompile) {
  for (int I = 0; I < 5; ++I) {
    Embedded E;
    E.run(Function);
    E.run(Loop);
    EXPECT_EQ(E.evaluate("f(2)"), 7);
  }
}

TEST_F(Embedding, ARefusedBuilderGivesAStockInterpreter) {
  clang::IncrementalCompilerBuilder Builder;
  auto CI = llvm::cantFail(Builder.CreateCpp());
  auto IEB = std::make_unique<clang::IncrementalExecutorBuilder>();
  IEB->IsOutOfProcess = true;
  auto Session = reopt::enableTiering(*CI, *IEB);
  ASSERT_FALSE(bool(Session));
  EXPECT_EQ(llvm::toString(Session.takeError()),
            "sessions with a remote executor are not tiered");
  EXPECT_EQ(IEB->IE, nullptr);
  IEB->IsOutOfProcess = false;
  auto Interp =
      llvm::cantFail(clang::Interpreter::create(std::move(CI), std::move(IEB)));
  clang::Value V;
  llvm::cantFail(Interp->ParseAndExecute("int f() { return 42; }"));
  llvm::cantFail(Interp->ParseAndExecute("f()", &V));
  EXPECT_EQ(V.getInt(), 42);
}

} // namespace
