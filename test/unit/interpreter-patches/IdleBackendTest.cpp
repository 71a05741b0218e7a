//===- IdleBackendTest.cpp ------------------------------------------------===//
//
// Part of this project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "interpreter-patches/IdleBackend.h"

#include "clang/Frontend/CompilerInstance.h"
#include "clang/Interpreter/Interpreter.h"
#include "clang/Interpreter/PartialTranslationUnit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h" // to make a builder
#include "llvm/IR/Module.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/TimeProfiler.h"
#include "gtest/gtest.h"

using namespace interp_patches;

namespace {

class IdleBackendTest : public testing::Test {
protected:
  void start(const std::vector<const char *> &Args = {}) {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    clang::IncrementalCompilerBuilder Builder;
    Builder.SetCompilerArgs(Args);
    auto CI = llvm::cantFail(Builder.CreateCpp());
    Interp = llvm::cantFail(clang::Interpreter::create(std::move(CI)));
    EXPECT_TRUE(spareIdleBackend(*Interp->getCompilerInstance()));
  }

  /// Whether the backend ran over \p Input, by what clang notes of its time.
  bool runsFor(llvm::StringRef Input) {
    llvm::timeTraceProfilerInitialize(/*TimeTraceGranularity=*/0, "test");
    auto Parsed = Interp->Parse(Input);
    llvm::SmallString<0> Trace;
    llvm::raw_svector_ostream OS(Trace);
    llvm::timeTraceProfilerWrite(OS);
    llvm::timeTraceProfilerCleanup();
    M = Parsed ? Parsed->TheModule.get() : nullptr;
    EXPECT_TRUE(M) << llvm::toString(Parsed.takeError());
    EXPECT_TRUE(Trace.str().contains("\"Frontend\"") ||
                Trace.str().contains("Total "));
    return Trace.str().contains("\"Backend\"");
  }

  std::unique_ptr<clang::Interpreter> Interp;
  llvm::Module *M = nullptr;
};

TEST_F(IdleBackendTest, DoesNotRunOverPlainInputs) {
  start();
  EXPECT_FALSE(runsFor("int f(int x) { return x; }"));
  EXPECT_TRUE(M->getFunction("_Z1fi"));
  EXPECT_FALSE(runsFor("int v = f(3);"));
}

TEST_F(IdleBackendTest, RunsWhereSomethingIsAlwaysInlined) {
  start();
  EXPECT_TRUE(runsFor("inline __attribute__((always_inline)) int f() { return "
                      "3; } int g() { return f(); }"));
  // Nothing is called any more.
  EXPECT_FALSE(M->getFunction("_Z1fv"));
  EXPECT_TRUE(runsFor("int h() { [[clang::always_inline]] return g(); }"));
}

TEST_F(IdleBackendTest, RunsWithOptionsThatAskForPasses) {
  start({"-O1"});
  EXPECT_TRUE(runsFor("int f(int x) { return x; }"));
}

TEST_F(IdleBackendTest, RunsForWhoHasPassesOfHisOwn) {
  start();
  unsigned Asked = 0;
  Interp->getCompilerInstance()
      ->getCodeGenOpts()
      .PassBuilderCallbacks.push_back([&](llvm::PassBuilder &) { ++Asked; });
  EXPECT_TRUE(runsFor("int f(int x) { return x; }"));
  EXPECT_EQ(Asked, 1u);
}

TEST_F(IdleBackendTest, IsReplacedOnce) {
  start();
  EXPECT_FALSE(spareIdleBackend(*Interp->getCompilerInstance()));
}

} // namespace
