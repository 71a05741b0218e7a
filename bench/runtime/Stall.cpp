//===- Stall.cpp - How long a hot caller waits ----------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A thread calls a function over and over while the function gets hot, is
// compiled again at -O3 and replaced, and for some time after. Each call is
// timed. The function's *stall* is the longest of these calls, less the median
// of the last ones, which run the new body. The first call of all, which
// compiles the function, is left out. So the stall has all that re-optimisation
// does to the caller: the trip, waiting for a compile or a lock, what the
// linker does to the memory that is executed, and the first execution of the
// new body. Of many functions, one after the other, the percentiles of their
// stalls are taken.
//
// Both layers get the same modules, one function in each (LLVM's layer counts
// the calls of a module), in one LLJIT each, without ORC's runtime, and run the
// same pipeline on the same IR: -O3, after `noinline` and `optnone` are taken
// off. Ours has one worker and its default options. LLVM's has its own
// defaults: a function is compiled again at its 11th call, on the thread that
// makes it.
//
// What else stops a thread is not the layer's doing. A call in which the kernel
// took the processor away (an involuntary context switch of this thread, see
// getrusage) does not count, for either layer; where the thread waits by
// itself, for a lock say, the switch is voluntary, and counts. Interrupts and a
// hypervisor cannot be told from the layer. So each function is called once
// more, as often as before, when all is quiet: the *floor* is what the stall
// would be if nothing were compiled.
//
//===----------------------------------------------------------------------===//

#include "BenchJIT.h"
#include "reopt/IRReoptimizer.h"
#include "reopt/ReOptimizeLayer.h"
#include "llvm/ExecutionEngine/Orc/JITLinkRedirectableSymbolManager.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/ExecutionEngine/Orc/ReOptimizeLayer.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"
#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <sys/resource.h>

using namespace llvm;
using namespace llvm::orc;

namespace reopt::bench {

namespace {

using Nanoseconds = int64_t;
using Samples = std::vector<Nanoseconds>;

Nanoseconds readClock() {
  return std::chrono::steady_clock::now().time_since_epoch() /
         std::chrono::nanoseconds(1);
}

/// The value that \p PerMille of a thousand samples stay below.
Nanoseconds getPercentile(Samples S, unsigned PerMille) {
  std::sort(S.begin(), S.end());
  return S[std::min(S.size() - 1, S.size() * PerMille / 1000)];
}

long countPreemptions() {
  rusage Usage;
  getrusage(RUSAGE_THREAD, &Usage);
  return Usage.ru_nivcsw;
}

/// Calls functions and keeps the longest call.
class HotCaller {
public:
  /// Calls between two questions whether it is done.
  static constexpr unsigned Chunk = 1000;

  explicit HotCaller(HashFunction *F) : F(F), Preemptions(countPreemptions()) {}

  void callChunk() {
    for (Nanoseconds &Duration : Last) {
      const Nanoseconds Start = readClock();
      benchmark::DoNotOptimize(F(Argument));
      Duration = readClock() - Start;
      // Asking the kernel about every call would be slower than the call.
      if (Duration > Longest && !wasPreempted())
        Longest = Duration;
    }
    ++Chunks;
  }

  unsigned getChunks() const { return Chunks; }
  Nanoseconds getSteady() const { return getPercentile(Last, 500); }
  Nanoseconds getStall() const {
    return std::max<Nanoseconds>(Longest - getSteady(), 0);
  }
  unsigned getDiscounted() const { return Discounted; }

private:
  bool wasPreempted() {
    const long Now = countPreemptions();
    if (Now == Preemptions)
      return false;
    Preemptions = Now;
    ++Discounted;
    return true;
  }

  static constexpr int64_t Argument = 16;
  HashFunction *const F;
  long Preemptions;
  Nanoseconds Longest = 0;
  unsigned Chunks = 0, Discounted = 0;
  Samples Last = Samples(Chunk);
};

/// The stalls of many functions.
class Stalls {
public:
  /// Calls \p F until \p IsDone, and on. \p IsDone is asked between calls, once
  /// F has been called often enough to have tripped.
  template <typename Fn> void measure(HashFunction *F, Fn IsDone) {
    F(0);
    HotCaller Hot(F);
    do
      Hot.callChunk();
    while (!IsDone());
    for (unsigned I = 0; I != 3; ++I)
      Hot.callChunk();
    Stall.push_back(Hot.getStall());
    Steady.push_back(Hot.getSteady());
    Discounted += Hot.getDiscounted();

    HotCaller Quiet(F);
    while (Quiet.getChunks() != Hot.getChunks())
      Quiet.callChunk();
    Floor.push_back(Quiet.getStall());
  }

  void report(benchmark::State &S) const {
    S.counters["functions"] = double(Stall.size());
    S.counters["stall_p50_ns"] = double(getPercentile(Stall, 500));
    S.counters["stall_p99_ns"] = double(getPercentile(Stall, 990));
    S.counters["stall_p999_ns"] = double(getPercentile(Stall, 999));
    S.counters["stall_max_ns"] = double(getPercentile(Stall, 1000));
    S.counters["floor_p50_ns"] = double(getPercentile(Floor, 500));
    S.counters["floor_p999_ns"] = double(getPercentile(Floor, 999));
    S.counters["steady_p50_ns"] = double(getPercentile(Steady, 500));
    S.counters["discounted"] = double(Discounted);
  }

private:
  Samples Stall, Floor, Steady;
  unsigned Discounted = 0;
};

/// Above a percentile of 99.9 there are two of 2,000 functions. A hundred show
/// that all works.
void numbersOfFunctions(benchmark::internal::Benchmark *B) {
  B->Arg(100)->Arg(2000)->Iterations(1)->Unit(benchmark::kMillisecond);
}

void stallOfOurs(benchmark::State &S) {
  const unsigned NumFunctions = S.range(0);
  for (auto _ : S) {
    Options Opts;
    auto J = makeJIT(Compiler::TierZero);
    auto Layer = ExitOnErr(ReOptimizeLayer::Create(
        ReOptimizeLayer::in(*J),
        std::make_unique<IRReoptimizer>(Opts, hostMachine()), Opts));
    Stalls Result;
    for (unsigned I = 0; I != NumFunctions; ++I) {
      ExitOnErr(Layer->add(J->getMainJITDylib(),
                           parse(*J, hashFunction(functionName(I), I))));
      Result.measure(lookUp<HashFunction>(*J, functionName(I)),
                     [&] { return Layer->wait(std::chrono::milliseconds(0)); });
    }
    if (Layer->getStatus().Tier1 != NumFunctions)
      S.SkipWithError("not all functions were compiled again");
    Result.report(S);
    Layer->shutdown();
  }
}
BENCHMARK(stallOfOurs)->Name("stall/ours")->Apply(numbersOfFunctions);

/// What IRReoptimizer does to a module.
class Pipeline {
public:
  void run(Module &M) {
    for (Function &F : M) {
      F.removeFnAttr(Attribute::OptimizeNone);
      F.removeFnAttr(Attribute::NoInline);
    }
    PassBuilder PB(TM.get());
    LoopAnalysisManager LAM;
    FunctionAnalysisManager FAM;
    CGSCCAnalysisManager CGAM;
    ModuleAnalysisManager MAM;
    PB.registerModuleAnalyses(MAM);
    PB.registerCGSCCAnalyses(CGAM);
    PB.registerFunctionAnalyses(FAM);
    PB.registerLoopAnalyses(LAM);
    PB.crossRegisterProxies(LAM, FAM, CGAM, MAM);
    PB.buildPerModuleDefaultPipeline(OptimizationLevel::O3).run(M, MAM);
  }

private:
  std::unique_ptr<TargetMachine> TM =
      ExitOnErr(hostMachine().createTargetMachine());
};

void stallOfLLVMs(benchmark::State &S) {
  const unsigned NumFunctions = S.range(0);
  for (auto _ : S) {
    auto J = makeJIT(Compiler::Default);
    JITDylib &JD = J->getMainJITDylib();
    DataLayout Layout = J->getDataLayout();
    auto Stubs = ExitOnErr(JITLinkRedirectableSymbolManager::Create(
        cast<ObjectLinkingLayer>(J->getObjLinkingLayer())));
    llvm::orc::ReOptimizeLayer Layer(J->getExecutionSession(), Layout,
                                     J->getIRCompileLayer(), *Stubs);
    ExitOnErr(Layer.addOrcRTLiteSupport(JD, Layout));
    ExitOnErr(Layer.registerRuntimeFunctions(JD));
    Pipeline O3;
    unsigned Compiled = 0;
    using Id = llvm::orc::ReOptimizeLayer::ReOptMaterializationUnitID;
    Layer.setReoptimizeFunc([&](llvm::orc::ReOptimizeLayer &, Id, unsigned,
                                ResourceTrackerSP, ThreadSafeModule &TSM) {
      TSM.withModuleDo([&](Module &M) { O3.run(M); });
      ++Compiled;
      return Error::success();
    });
    Stalls Result;
    for (unsigned I = 0; I != NumFunctions; ++I) {
      ExitOnErr(Layer.add(JD, parse(*J, hashFunction(functionName(I), I))));
      Result.measure(lookUp<HashFunction>(*J, functionName(I)),
                     [&] { return Compiled == I + 1; });
    }
    Result.report(S);
  }
}
BENCHMARK(stallOfLLVMs)->Name("stall/llvm")->Apply(numbersOfFunctions);

} // namespace

} // namespace reopt::bench
