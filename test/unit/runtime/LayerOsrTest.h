//===- LayerOsrTest.h - Running loops in a ReOptimizeLayer ------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops that end only when the thread that runs them has left the code in which
// it began: has_moved() is called from one place in tier 0, and from others in
// a continuation. A test that should move and does not never ends.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_LAYEROSRTEST_H
#define REOPT_TEST_LAYEROSRTEST_H

#include "reopt/IRReoptimizer.h"
#include "reopt/ReOptimizeLayer.h"
#include "reopt/TierZeroCompiler.h"

#include "TestExecutor.h"

#include <thread>

namespace reopt {

using namespace llvm;
using namespace llvm::orc;

/// The place in tier 0: no other calls first.
inline std::atomic<void *> FirstCaller;

LLVM_ATTRIBUTE_NOINLINE inline bool hasMoved() {
  void *Caller = __builtin_return_address(0);
  void *None = nullptr;
  FirstCaller.compare_exchange_strong(None, Caller);
  return Caller != FirstCaller;
}

/// The same for each thread.
inline thread_local void *FirstCallerHere;
inline std::atomic<unsigned> Callers;

LLVM_ATTRIBUTE_NOINLINE inline bool hasThreadMoved() {
  void *Caller = __builtin_return_address(0);
  if (!FirstCallerHere) {
    FirstCallerHere = Caller;
    ++Callers;
  }
  return Caller != FirstCallerHere;
}

/// Functions whose names begin with `once` are called once.
class PolicyWithOnce : public IRReoptimizer {
public:
  using IRReoptimizer::IRReoptimizer;
  Tier0Kind instrument(const Function &F) override {
    return F.getName().starts_with("once") ? Tier0Kind::Once
                                           : Tier0Kind::Counted;
  }
  Expected<NewCode> reoptimize(const Batch &Wish,
                               const SessionView &Session) override {
    if (BeforeCompile)
      BeforeCompile();
    Batch B = Wish;
    if (MakesBodiesAtOnce)
      for (Batch::Member &Member : B.Members)
        Member.NeedsBody |= Member.BodyIsNext;
    std::string Now;
    for (auto &Member : B.Members) {
      Needless += !Member.NeedsBody && !Member.IsRunning;
      if (Member.IsRunning)
        Now += (Now.empty() ? "loops of " : ", loops of ") + Member.Name;
      if (Member.NeedsBody && !Member.LeaveToCaller)
        Now += (Now.empty() ? "" : ", ") + Member.Name;
    }
    std::lock_guard<std::mutex> Lock(WantedMutex);
    Wanted.push_back(Now);
    return IRReoptimizer::reoptimize(B, Session);
  }

  /// To be set while nothing is compiled.
  std::function<void()> BeforeCompile;
  bool MakesBodiesAtOnce = false;
  /// What each batch was for.
  std::mutex WantedMutex;
  std::vector<std::string> Wanted;
  /// Members of which nothing was wanted.
  std::atomic<unsigned> Needless{0};
};

class LayerOsrTest : public testing::TestWithParam<unsigned>,
                     protected TestExecutor {
protected:
  static void SetUpTestSuite() { initializeTarget(); }

  void SetUp() override {
    Opts.Threshold = 10;
    Opts.LoopFactor = 10;
    Opts.BatchWindow = 0;
    LLJITBuilder Builder;
    Builder.setCompileFunctionCreator(
        [](JITTargetMachineBuilder JTMB)
            -> Expected<std::unique_ptr<IRCompileLayer::IRCompiler>> {
          return std::make_unique<TierZeroCompiler>(std::move(JTMB));
        });
    start(Where::InProcess, std::move(Builder));
    cantFail(jd().define(absoluteSymbols(
        {{name("has_moved"),
          {ExecutorAddr::fromPtr(&hasMoved),
           JITSymbolFlags::Exported | JITSymbolFlags::Callable}},
         {name("has_thread_moved"),
          {ExecutorAddr::fromPtr(&hasThreadMoved),
           JITSymbolFlags::Exported | JITSymbolFlags::Callable}}})));
    auto Place = cantFail(ReOptimizeLayer::in(*J));
    Place.Workers = GetParam();
    auto NewPolicy = std::make_unique<PolicyWithOnce>(
        Opts, cantFail(JITTargetMachineBuilder::detectHost()));
    P = NewPolicy.get();
    L = cantFail(
        ReOptimizeLayer::Create(std::move(Place), std::move(NewPolicy), Opts));
    FirstCaller = nullptr;
  }
  void TearDown() override {
    L.reset();
    stop();
  }

  ResourceTrackerSP add(StringRef Text) {
    auto Ctx = std::make_unique<LLVMContext>();
    auto M = parseIR(Text, *Ctx);
    M->setModuleIdentifier("input" + std::to_string(++Inputs));
    M->setDataLayout(J->getDataLayout());
    auto RT = jd().createResourceTracker();
    cantFail(L->add(RT, ThreadSafeModule(std::move(M), std::move(Ctx))));
    return RT;
  }
  /// A function that loops until it has moved, and then until \p n is reached.
  static std::string loop(StringRef Name, StringRef Linkage = "") {
    return ("declare i1 @has_moved()\n"
            "declare i32 @g(i32)\n"
            "define " +
            Linkage + " i32 @" + Name +
            "(i32 %n) {\n"
            "  %i = alloca i32\n"
            "  store i32 0, ptr %i\n"
            "  br label %loop\n"
            "loop:\n"
            "  %old = load i32, ptr %i\n"
            "  %new = call i32 @g(i32 %old)\n"
            "  store i32 %new, ptr %i\n"
            "  %moved = call i1 @has_moved()\n"
            "  %enough = icmp sge i32 %new, %n\n"
            "  %stop = and i1 %moved, %enough\n"
            "  br i1 %stop, label %out, label %loop\n"
            "out:\n"
            "  %more = icmp sgt i32 %new, %n\n"
            "  %one = zext i1 %more to i32\n"
            "  ret i32 %one\n"
            "}\n")
        .str();
  }
  /// @f loops until it has moved, and calls nothing that could trip.
  static constexpr const char *Trips = R"(
    declare i1 @has_moved()
    define i32 @f(i32 %n) {
      br label %loop
    loop:
      %moved = call i1 @has_moved()
      br i1 %moved, label %out, label %loop
    out:
      ret i32 %n
    }
  )";
  /// A loop up to \p Bound in a function with an array of variable length.
  static std::string withArray(StringRef Name, StringRef Bound) {
    return ("define i32 @" + Name +
            "(i32 %n) {\n"
            "  %i = alloca i32\n"
            "  %a = alloca i32, i32 %n\n"
            "  store i32 0, ptr %i\n"
            "  br label %loop\n"
            "loop:\n"
            "  %old = load i32, ptr %i\n"
            "  %more = icmp slt i32 %old, " +
            Bound +
            "\n"
            "  br i1 %more, label %body, label %out\n"
            "body:\n"
            "  store i32 %old, ptr %a\n"
            "  %new = add i32 %old, 1\n"
            "  store i32 %new, ptr %i\n"
            "  br label %loop\n"
            "out:\n"
            "  %r = load i32, ptr %a\n"
            "  ret i32 %r\n"
            "}\n")
        .str();
  }
  static std::string adder(int By) {
    return "define i32 @g(i32 %x) {\n  %y = add i32 %x, " + std::to_string(By) +
           "\n  ret i32 %y\n}\n";
  }

  int call(StringRef Name, int N) {
    return cantFail(J->lookup(Name)).toPtr<int(int)>()(N);
  }
  /// @f loops until it has moved; its loop does not trip, but @g in it does.
  void callLoopWhoseCalleeTrips() {
    Opts.LoopFactor = 1000000;
    add(adder(1));
    add(loop("f"));
    call("f", 1000);
    L->wait(std::nullopt);
  }
  FunctionInfo info(StringRef Name) {
    for (FunctionInfo &F : L->list())
      if (F.Name == Name)
        return F;
    ADD_FAILURE() << Name.str() << " is not listed";
    return {};
  }

  bool isListed(StringRef Name) {
    return llvm::any_of(L->list(),
                        [&](const FunctionInfo &F) { return F.Name == Name; });
  }

  Options Opts;
  std::unique_ptr<ReOptimizeLayer> L;
  /// The layer's.
  PolicyWithOnce *P = nullptr;
  unsigned Inputs = 0;
};

} // namespace reopt

#endif // REOPT_TEST_LAYEROSRTEST_H
