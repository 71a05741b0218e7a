//===- InstrumenterTest.h - Running instrumented code -----------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Instrumented functions are run in this process: their results stay what they
// were, and calls and iterations are counted exactly, since one thread counts.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_INSTRUMENTERTEST_H
#define REOPT_TEST_INSTRUMENTERTEST_H

#include "reopt/Cell.h"
#include "reopt/Hook.h"
#include "reopt/Instrumenter.h"
#include "reopt/TierZeroCompiler.h"

#include "TestExecutor.h"

#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

#include <atomic>

namespace reopt {

struct TripNote {
  uint64_t Id;
  uint32_t Version;
  uint64_t Caller;
};
inline std::vector<TripNote> Trips;
inline std::atomic<unsigned> TripCount;

inline void noteTrip(uint64_t Id, uint32_t Version, uint64_t Caller) {
  Trips.push_back({Id, Version, Caller});
}

inline void countTrip(uint64_t, uint32_t, uint64_t) { ++TripCount; }

constexpr uint64_t HookId = 0x123456789abcdef0;
constexpr uint32_t Version = 7;

class InstrumenterTest : public testing::Test, protected TestExecutor {
protected:
  static void SetUpTestSuite() { initializeTarget(); }

  void SetUp() override {
    start(Where::InProcess,
          std::move(llvm::orc::LLJITBuilder().setCompileFunctionCreator(
              compileAsTierZero)));
    Trips.clear();
    setHook(noteTrip);
  }
  void TearDown() override {
    HookRT = nullptr;
    stop();
  }

  /// So that the machine code of counting is what tier 0 makes of it.
  static llvm::Expected<std::unique_ptr<llvm::orc::IRCompileLayer::IRCompiler>>
  compileAsTierZero(llvm::orc::JITTargetMachineBuilder Machine) {
    return std::make_unique<TierZeroCompiler>(std::move(Machine));
  }

  void setHook(void (*Fn)(uint64_t, uint32_t, uint64_t)) {
    if (HookRT)
      cantFail(HookRT->remove());
    HookRT = jd().createResourceTracker();
    cantFail(jd().define(
        llvm::orc::absoluteSymbols({{name(HookName),
                                     {llvm::orc::ExecutorAddr::fromPtr(Fn),
                                      llvm::JITSymbolFlags::Exported |
                                          llvm::JITSymbolFlags::Callable}}}),
        HookRT));
  }

  /// The module that \p Text says, with @f in it instrumented.
  std::unique_ptr<llvm::Module> instrumented(llvm::StringRef Text,
                                             llvm::LLVMContext &Ctx) {
    auto M = parseIR(Text, Ctx);
    llvm::Function &F = *M->getFunction("f");
    instrument(F, {llvm::orc::ExecutorAddr::fromPtr(&C), HookId, Version});
    EXPECT_EQ(getVerifierComplaint(*M), "");
    for (llvm::Instruction &I : llvm::instructions(F))
      if (auto *A = llvm::dyn_cast<llvm::AllocaInst>(&I);
          A && !A->isArrayAllocation())
        EXPECT_TRUE(A->isStaticAlloca()) << "left the entry block";
    return M;
  }

  void add(llvm::StringRef Text) {
    auto Ctx = std::make_unique<llvm::LLVMContext>();
    auto M = instrumented(Text, *Ctx);
    cantFail(J->addIRModule(
        llvm::orc::ThreadSafeModule(std::move(M), std::move(Ctx))));
  }

  template <typename Fn> Fn *get(llvm::StringRef N) {
    return addr(N).toPtr<Fn *>();
  }

  void arm(int32_t Calls, int32_t Loops) {
    Armed = {Calls, Loops, 0};
    C = Armed;
  }
  /// So that nothing trips.
  void armFarAway() { arm(RearmedCount / 4, RearmedCount / 4); }
  unsigned calls() { return countsSince(Armed.CallsLeft, C.CallsLeft); }
  unsigned loops() { return countsSince(Armed.LoopsLeft, C.LoopsLeft); }

  Cell C{0, 0, 0}, Armed{0, 0, 0};
  llvm::orc::ResourceTrackerSP HookRT;
};

struct Counts {
  int Result;
  unsigned BackEdges;
};

/// A function of an int, and what it returns and counts.
struct Shape {
  const char *Name;
  const char *IR;
  Counts (*Expect)(int N);
};

} // namespace reopt

#endif // REOPT_TEST_INSTRUMENTERTEST_H
