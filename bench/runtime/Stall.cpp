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
// In the milliseconds of a compile other things happen to a thread, too. So the
// same is measured of those calls only that are near to where the layer acts on
// the caller: the first thousand, in which it trips, and some thousand around
// the swap.
//
// Both layers get the same modules, one function in each (LLVM's layer counts
// the calls of a module), in one LLJIT each, without ORC's runtime, and run the
// same pipeline on the same IR: -O3, after `noinline` and `optnone` are taken
// off. Ours has one worker and its default options. LLVM's has its own
// defaults: a function is compiled again at its 11th call, on the thread that
// makes it.
//
// What else stops a thread is not the layer's doing. A call's time is what its
// thread spent on a processor. Linux leaves out of that what a hypervisor gave
// to others (CONFIG_PARAVIRT_TIME_ACCOUNTING), which is milliseconds at times.
// That is taken off the longest of each twenty calls.
// If the thread waited by itself, for a lock say, the call's time is all of the
// wall time, but for that in which it could have run and the kernel ran another
// thread (the run queue's delay, see /proc/thread-self/schedstat). Interrupts
// count, since those that the layer's changes to memory send to other
// processors cannot be told from the timer's. So each function is called once
// more, as often as before, when all is quiet: the *floor* is what the stall
// would be if nothing were compiled.
//
//===----------------------------------------------------------------------===//

#include "BenchJIT.h"
#include "reopt/IRReoptimizer.h"
#include "reopt/OptimizeModule.h"
#include "reopt/ReOptimizeLayer.h"
#include "llvm/ExecutionEngine/Orc/JITLinkRedirectableSymbolManager.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/ExecutionEngine/Orc/ReOptimizeLayer.h"
#include "llvm/IR/Module.h"
#include "llvm/Passes/OptimizationLevel.h"
#include "llvm/Target/TargetMachine.h"
#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace llvm;
using namespace llvm::orc;

namespace reopt::bench {

namespace {

using Nanoseconds = int64_t;
using Samples = std::vector<Nanoseconds>;

/// The value that \p PerMille of a thousand samples stay below.
Nanoseconds getPercentile(Samples S, unsigned PerMille) {
  std::sort(S.begin(), S.end());
  return S[std::min(S.size() - 1, S.size() * PerMille / 1000)];
}

/// Times calls on the thread that made it.
class CallTimer {
public:
  CallTimer()
      : File(open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)) {
    if (File < 0)
      ExitOnErr(createStringError("no /proc/thread-self/schedstat"));
  }
  ~CallTimer() { close(File); }
  CallTimer(const CallTimer &) = delete;
  CallTimer &operator=(const CallTimer &) = delete;

  /// What happened to the thread so far is not the next calls' doing.
  void begin() {
    Waits = readWaits();
    Delay = readDelay();
  }

  /// Times each of \p Calls, which are as many calls of \p Call. Asking for the
  /// processor time of each would take longer than the call.
  template <typename Fn>
  void measure(MutableArrayRef<Nanoseconds> Calls, Fn Call) {
    const Nanoseconds UsedBefore = readClock(CLOCK_THREAD_CPUTIME_ID);
    const Nanoseconds Start = readClock(CLOCK_MONOTONIC);
    Nanoseconds Now = Start;
    for (Nanoseconds &Duration : Calls) {
      Call();
      const Nanoseconds Before = std::exchange(Now, readClock(CLOCK_MONOTONIC));
      Duration = Now - Before;
    }
    const Nanoseconds Used = readClock(CLOCK_THREAD_CPUTIME_ID) - UsedBefore;
    Nanoseconds NotOurs = Now - Start - Used;
    // No switch to something else and back is shorter than this.
    if (NotOurs < 1000)
      return;
    if (readWaits() != Waits) {
      ++TimesWaited;
      const Nanoseconds DelayBefore = Delay;
      begin();
      NotOurs = Delay - DelayBefore;
    }
    Nanoseconds &Longest = *std::max_element(Calls.begin(), Calls.end());
    Longest -= std::min(NotOurs, Longest);
  }

  unsigned getTimesWaited() const { return TimesWaited; }

private:
  static Nanoseconds readClock(clockid_t Clock) {
    timespec T;
    clock_gettime(Clock, &T);
    return T.tv_sec * Nanoseconds(1000000000) + T.tv_nsec;
  }
  static long readWaits() {
    rusage R;
    getrusage(RUSAGE_THREAD, &R);
    return R.ru_nvcsw;
  }
  Nanoseconds readDelay() const {
    // Time on a processor, time waiting for one, times on a processor.
    char Text[64] = {};
    if (pread(File, Text, sizeof(Text) - 1, 0) <= 0)
      ExitOnErr(createStringError("/proc/thread-self/schedstat: no answer"));
    char *Rest;
    std::strtoll(Text, &Rest, 10);
    return std::strtoll(Rest, nullptr, 10);
  }

  const int File;
  unsigned TimesWaited = 0;
  long Waits = 0;
  Nanoseconds Delay = 0;
};

/// Calls functions and keeps the longest call.
class HotCaller {
public:
  /// Calls between two questions whether it is done.
  static constexpr unsigned Chunk = 1000;

  explicit HotCaller(HashFunction *F) : F(F) {}

  void callChunk() {
    Timer.begin();
    for (size_t I = 0; I != Chunk; I += TimedAtOnce)
      Timer.measure(MutableArrayRef(Last).slice(I, TimedAtOnce),
                    [this] { benchmark::DoNotOptimize(F(Argument)); });
    Chunks.push_back(*std::max_element(Last.begin(), Last.end()));
  }

  unsigned getTimesWaited() const { return Timer.getTimesWaited(); }
  size_t getChunks() const { return Chunks.size(); }
  Nanoseconds getSteady() const { return getPercentile(Last, 500); }
  Nanoseconds getStall() const {
    return overSteady(*std::max_element(Chunks.begin(), Chunks.end()));
  }
  /// Of the first chunk, and of the three around the end of number \p Swap.
  Nanoseconds getStallNear(size_t Swap) const {
    Nanoseconds Longest = Chunks.front();
    for (size_t I = Swap - std::min<size_t>(Swap, 1); I != Swap + 2; ++I)
      Longest = std::max(Longest, Chunks[I]);
    return overSteady(Longest);
  }

private:
  static constexpr int64_t Argument = 16;
  static constexpr size_t TimedAtOnce = 20;

  Nanoseconds overSteady(Nanoseconds Duration) const {
    return std::max<Nanoseconds>(Duration - getSteady(), 0);
  }

  HashFunction *const F;
  CallTimer Timer;
  Samples Chunks; ///< The longest call of each.
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
    const size_t Swap = Hot.getChunks() - 1;
    for (unsigned I = 0; I != 3; ++I)
      Hot.callChunk();
    Stall.push_back(Hot.getStall());
    Near.push_back(Hot.getStallNear(Swap));
    Steady.push_back(Hot.getSteady());
    TimesWaited += Hot.getTimesWaited();

    HotCaller Quiet(F);
    while (Quiet.getChunks() != Hot.getChunks())
      Quiet.callChunk();
    Floor.push_back(Quiet.getStall());
    FloorNear.push_back(Quiet.getStallNear(Swap));
  }

  void report(benchmark::State &S) const {
    S.counters["functions"] = double(Stall.size());
    S.counters["waits"] = TimesWaited;
    for (const auto &[Name, Of] :
         {std::pair<const char *, const Samples *>{"stall", &Stall},
          {"near", &Near},
          {"floor", &Floor},
          {"floor_near", &FloorNear}})
      for (auto [Percentile, PerMille] :
           {std::pair<const char *, unsigned>{"p50", 500},
            {"p99", 990},
            {"p999", 999},
            {"max", 1000}})
        S.counters[std::string(Name) + "_" + Percentile + "_ns"] =
            double(getPercentile(*Of, PerMille));
    S.counters["steady_p50_ns"] = double(getPercentile(Steady, 500));
  }

private:
  Samples Stall, Near, Floor, FloorNear, Steady;
  unsigned TimesWaited = 0;
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
        ExitOnErr(ReOptimizeLayer::in(*J)),
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
    optimizeModule(M, *TM, OptimizationLevel::O3);
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
