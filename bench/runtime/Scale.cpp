//===- Scale.cpp - Many functions -----------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The processor time in which a number of functions is defined, looked up and
// given another body once, of the only thread that there is. What is linear has
// the same time for each function at 1,000 and at 10,000.
//
//   redefinable   RedefinableSymbols, each function a unit of its own and
//                 redefined by itself. The bodies are there already: the time
//                 of a compiler would hide what grows.
//   layer         ReOptimizeLayer: modules of ten functions, each called once,
//                 all compiled again
//
//===----------------------------------------------------------------------===//

#include "BenchJIT.h"
#include "reopt/IRReoptimizer.h"
#include "reopt/ReOptimizeLayer.h"
#include "reopt/RedefinableSymbols.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include <benchmark/benchmark.h>

using namespace llvm;
using namespace llvm::orc;

namespace reopt::bench {

namespace {

int64_t addOne(int64_t X) { return X + 1; }
int64_t addTwo(int64_t X) { return X + 2; }

void scaleOfRedefinable(benchmark::State &S) {
  const unsigned Count = S.range(0);
  for (auto _ : S) {
    S.PauseTiming();
    {
      auto J = makeJIT(Compiler::Default);
      auto &ES = J->getExecutionSession();
      JITDylib &JD = J->getMainJITDylib();
      auto Stubs = ExitOnErr(
          StubTable::Create(ES, ES.getExecutorProcessControl().getMemMgr()));
      auto Symbols = ExitOnErr(RedefinableSymbols::Create(ES, *Stubs));
      SymbolLookupSet Names;
      for (unsigned I = 0; I != Count; ++I)
        Names.add(J->mangleAndIntern(functionName(I)));
      auto Define = [&](unsigned I, int64_t (*F)(int64_t)) {
        return absoluteSymbols(
            at(*J, reinterpret_cast<void *>(F), {functionName(I)}));
      };
      S.ResumeTiming();
      for (unsigned I = 0; I != Count; ++I)
        ExitOnErr(Symbols->define(JD, Define(I, addOne)));
      auto Found = ExitOnErr(ES.lookup(
          makeJITDylibSearchOrder(&JD, JITDylibLookupFlags::MatchAllSymbols),
          std::move(Names)));
      unsigned Published = 0;
      for (unsigned I = 0; I != Count; ++I)
        Symbols->redefine(JD, Define(I, addTwo),
                          [&](Expected<RedefinableSymbols::Outcome> Result) {
                            Published += ExitOnErr(std::move(Result)) ==
                                         RedefinableSymbols::Outcome::Published;
                          });
      S.PauseTiming();
      if (Published != Count)
        S.SkipWithError("not all were published");
      for (auto &[Name, Symbol] : Found)
        if (Symbol.getAddress().toPtr<int64_t(int64_t)>()(1) != 3)
          S.SkipWithError("an old version is called");
      Symbols->shutdown();
    }
    S.ResumeTiming();
  }
  S.counters["functions"] = Count;
}
BENCHMARK(scaleOfRedefinable)
    ->Name("scale/redefinable")
    ->Arg(1000)
    ->Iterations(10)
    ->Repetitions(3)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(scaleOfRedefinable)
    ->Name("scale/redefinable")
    ->Arg(10000)
    ->Iterations(1)
    ->Repetitions(3)
    ->Unit(benchmark::kMillisecond);

void scaleOfLayer(benchmark::State &S) {
  const unsigned Count = S.range(0), PerModule = 10;
  for (auto _ : S) {
    S.PauseTiming();
    {
      auto J = makeJIT(Compiler::TierZero);
      Options Opts;
      ReOptimizeLayer::Setup Setup = cantFail(ReOptimizeLayer::in(*J));
      Setup.Workers = 0;
      auto Layer = ExitOnErr(ReOptimizeLayer::Create(
          std::move(Setup),
          std::make_unique<IRReoptimizer>(Opts, hostMachine()), Opts));
      std::vector<ThreadSafeModule> Modules;
      for (unsigned I = 0; I != Count; I += PerModule)
        Modules.push_back(parse(*J, smallFunctions(I, PerModule)));
      S.ResumeTiming();
      for (ThreadSafeModule &M : Modules)
        ExitOnErr(Layer->add(J->getMainJITDylib(), std::move(M)));
      for (unsigned I = 0; I != Count; ++I)
        lookUp<SmallFunction>(*J, functionName(I))(1);
      std::vector<FunctionId> Ids;
      for (const FunctionInfo &F : Layer->list())
        Ids.push_back(F.Id);
      Layer->promote(Ids);
      S.PauseTiming();
      if (Layer->getStatus().Tier1 != Count)
        S.SkipWithError("not all functions were compiled again");
      Layer->shutdown();
    }
    S.ResumeTiming();
  }
  S.counters["functions"] = Count;
}
BENCHMARK(scaleOfLayer)
    ->Name("scale/layer")
    ->Arg(1000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(scaleOfLayer)
    ->Name("scale/layer")
    ->Arg(10000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

} // namespace

} // namespace reopt::bench
