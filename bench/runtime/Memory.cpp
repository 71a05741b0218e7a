//===- Memory.cpp - What a function takes beside its code -----------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Real memory: the bytes that malloc has given out and not got back, headers
// and padding of its own included, and the pages that the executor's memory
// manager has given to anything but linked objects: stubs, slots, cells,
// entries of lazy functions.
//
// A program that uses ORC has symbols, trackers and IR in any case. What that
// takes is measured too, by plain ORC that holds the same: the same names, in
// as many JITDylibs, with as many trackers, the same objects, the same modules
// kept. What is *ours* is the difference.
//
// Everything happens on one thread, so no other heap is involved.
//
//===----------------------------------------------------------------------===//

#include "BenchJIT.h"
#include "CountingMemoryManager.h"
#include "reopt/Hook.h"
#include "reopt/IRReoptimizer.h"
#include "reopt/Instrumenter.h"
#include "reopt/ModuleExtractor.h"
#include "reopt/ReOptimizeLayer.h"
#include "reopt/RedefinableSymbols.h"
#include "reopt/TierZero.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Process.h"
#include <benchmark/benchmark.h>
#include <malloc.h>

using namespace llvm;
using namespace llvm::orc;

namespace reopt::bench {

namespace {

/// Large blocks, which malloc maps by themselves, included.
size_t heapInUse() {
  const auto Info = mallinfo2();
  return Info.uordblks + Info.hblkhd;
}

/// A JIT whose memory is counted from when it is there.
class Program {
public:
  explicit Program(Compiler C) {
    auto Counting = std::make_unique<CountingMemoryManager>(
        Pages, sys::Process::getPageSizeEstimate());
    Tables = Counting.get();
    J = makeJIT(C, std::move(Counting));
    start();
  }

  void start() { Before = heapInUse() + Tables->Bytes; }
  /// Bytes taken since start(), for each of \p Count functions.
  double takenBy(unsigned Count) const {
    return double(heapInUse() + Tables->Bytes - Before) / Count;
  }

  JITDylib &dylib() { return J->getMainJITDylib(); }
  ExecutionSession &session() { return J->getExecutionSession(); }

private:
  jitlink::InProcessMemoryManager Pages{sys::Process::getPageSizeEstimate()};
  CountingMemoryManager *Tables = nullptr; ///< The JIT's.
  size_t Before = 0;

public:
  std::unique_ptr<LLJIT> J;
};

void report(benchmark::State &S, double Total, double OfOthers) {
  S.counters["total"] = Total;
  S.counters["of_orc"] = OfOthers;
  S.counters["ours"] = Total - OfOthers;
}

int64_t addOne(int64_t X) { return X + 1; }
int64_t addTwo(int64_t X) { return X + 2; }
[[noreturn]] void noBody() { std::abort(); }

//===----------------------------------------------------------------------===//
// RedefinableSymbols
//===----------------------------------------------------------------------===//

constexpr unsigned NumSymbols = 10000;

std::unique_ptr<MaterializationUnit> definition(Program &P, unsigned I,
                                                int64_t (*F)(int64_t)) {
  return absoluteSymbols(
      at(*P.J, reinterpret_cast<void *>(F), {functionName(I)}));
}

/// The names are the program's; interned here, they cost nothing later.
SymbolLookupSet allNames(Program &P) {
  SymbolLookupSet Names;
  for (unsigned I = 0; I != NumSymbols; ++I)
    Names.add(P.J->mangleAndIntern(functionName(I)));
  return Names;
}

void lookUpAll(Program &P, JITDylib &JD, SymbolLookupSet Names) {
  ExitOnErr(P.session().lookup(
      makeJITDylibSearchOrder(&JD, JITDylibLookupFlags::MatchAllSymbols),
      std::move(Names)));
}

/// What ORC takes for the symbols in the user's JITDylib and, with a tracker
/// for each, in a shadow; and when those of the shadow have gone to another
/// one. With When::OnFirstCall there is nothing in a shadow: each symbol has a
/// tracker and a unit that nobody has asked for.
struct PlainSymbols {
  double Defined = 0, Redefined = 0; // Bytes for each symbol.

  explicit PlainSymbols(RedefinableSymbols::When W) {
    Program P(Compiler::Default);
    SymbolLookupSet Names = allNames(P);
    auto &User = P.session().createBareJITDylib("user");
    std::vector<ResourceTrackerSP> Trackers(NumSymbols);
    std::vector<std::unique_ptr<MaterializationUnit>> Waiting(NumSymbols);
    auto DefineAll = [&](const char *Shadow, int64_t (*F)(int64_t)) {
      auto &JD = P.session().createBareJITDylib(Shadow);
      for (unsigned I = 0; I != NumSymbols; ++I) {
        ResourceTrackerSP Old = Trackers[I];
        Trackers[I] = JD.createResourceTracker();
        if (W == RedefinableSymbols::When::Now)
          ExitOnErr(JD.define(definition(P, I, F), Trackers[I]));
        else
          Waiting[I] = definition(P, I, F);
        if (Old)
          ExitOnErr(Old->remove());
      }
      if (W == RedefinableSymbols::When::Now)
        lookUpAll(P, JD, Names);
    };
    P.start();
    for (unsigned I = 0; I != NumSymbols; ++I)
      ExitOnErr(User.define(definition(P, I, addOne)));
    lookUpAll(P, User, Names);
    DefineAll("first", addOne);
    Defined = P.takenBy(NumSymbols);
    DefineAll("second", addTwo);
    Redefined = P.takenBy(NumSymbols);
  }
};

/// Defined one by one, looked up, and redefined once; the first version is
/// freed then. With When::OnFirstCall nothing is called, so all of it is there
/// that a first call needs.
void memoryOfRedefinable(benchmark::State &S, RedefinableSymbols::When W) {
  for (auto _ : S) {
    const PlainSymbols Plain(W);
    Program P(Compiler::Default);
    auto Stubs = ExitOnErr(StubTable::Create(
        P.session(), P.session().getExecutorProcessControl().getMemMgr()));
    RedefinableSymbols::Setup Setup;
    Setup.Retire = [](JITDylib &, ResourceTrackerSP Code) {
      ExitOnErr(Code->remove());
    };
    Setup.LazyErrorHandler = ExecutorAddr::fromPtr(&noBody);
    auto Symbols = ExitOnErr(
        RedefinableSymbols::Create(P.session(), *Stubs, std::move(Setup)));
    SymbolLookupSet Names = allNames(P);
    P.start();
    for (unsigned I = 0; I != NumSymbols; ++I)
      ExitOnErr(Symbols->define(P.dylib(), definition(P, I, addOne), W));
    lookUpAll(P, P.dylib(), std::move(Names));
    S.counters["ours_when_defined"] = P.takenBy(NumSymbols) - Plain.Defined;
    for (unsigned I = 0; I != NumSymbols; ++I)
      Symbols->redefine(
          P.dylib(), definition(P, I, addTwo),
          [](Expected<RedefinableSymbols::Outcome> Result) {
            ExitOnErr(std::move(Result));
          },
          W);
    report(S, P.takenBy(NumSymbols), Plain.Redefined);
    if (Symbols->usage().Requests)
      S.SkipWithError("not all requests have ended");
    Symbols->shutdown();
  }
}
BENCHMARK_CAPTURE(memoryOfRedefinable, now, RedefinableSymbols::When::Now)
    ->Name("memory/redefinable")
    ->Iterations(1);
BENCHMARK_CAPTURE(memoryOfRedefinable, lazy,
                  RedefinableSymbols::When::OnFirstCall)
    ->Name("memory/redefinable-lazy")
    ->Iterations(1);

//===----------------------------------------------------------------------===//
// ReOptimizeLayer
//===----------------------------------------------------------------------===//

constexpr unsigned NumFunctions = 2000, PerModule = 10;

/// Modules that are not compiled yet, in a plain LLJIT.
double plainModules() {
  Program P(Compiler::TierZero);
  for (unsigned I = 0; I != NumFunctions; I += PerModule)
    ExitOnErr(P.J->addIRModule(P.dylib().createResourceTracker(),
                               parse(*P.J, smallFunctions(I, PerModule))));
  return P.takenBy(NumFunctions);
}

/// What a JIT with the layer holds when every function runs its second body, in
/// a plain LLJIT: the modules, with a tracker each; each function's name; two
/// bodies under names of their own, one in an object by itself and one in an
/// object for each batch, with a tracker for each object. Tier 0 is taken out
/// of the module and instrumented as the layer does it: the constants that this
/// leaves in the module's context are IR.
double plainBodies() {
  const unsigned PerBatch = Options().MaxBatch;
  Program P(Compiler::TierZero);
  std::vector<ThreadSafeModule> Kept;
  std::vector<ResourceTrackerSP> Trackers;
  Kept.reserve(NumFunctions / PerModule);
  Trackers.reserve(NumFunctions / PerModule + NumFunctions +
                   NumFunctions / PerBatch + 1);
  ExitOnErr(P.dylib().define(absoluteSymbols(
      at(*P.J, reinterpret_cast<void *>(&reopt_hook), {HookName}))));
  P.start();
  auto AddTierZero = [&](unsigned I) {
    // Addresses as a JIT has them. The code never runs.
    const auto Base = ExecutorAddr::fromPtr(&P);
    const InstrumentationSite Site{Base + sizeof(Cell) * I,
                                   Base.getValue() + 256 * I, 0};
    auto Body = Kept.back().withModuleDo([&](Module &M) {
      const std::string Name = functionName(I);
      auto Part =
          extractModule(M, "tier0." + Name, {M.getFunction(Name)},
                        [&](StringRef Old) { return getTierZeroName(Old, I); });
      instrument(*Part->getFunction(getTierZeroName(Name, I)), Site);
      return Part;
    });
    Trackers.push_back(P.dylib().createResourceTracker());
    ExitOnErr(P.J->addIRModule(
        Trackers.back(),
        ThreadSafeModule(std::move(Body), Kept.back().getContext())));
    lookUp<SmallFunction>(*P.J, getTierZeroName(functionName(I), I));
    lookUp<SmallFunction>(*P.J, functionName(I));
  };
  for (unsigned I = 0; I != NumFunctions; I += PerModule) {
    Trackers.push_back(P.dylib().createResourceTracker());
    Kept.push_back(parse(*P.J, smallFunctions(I, PerModule)));
    std::vector<std::string> Names;
    for (unsigned K = I; K != I + PerModule; ++K)
      Names.push_back(functionName(K));
    ExitOnErr(P.dylib().define(
        absoluteSymbols(at(*P.J, reinterpret_cast<void *>(&addOne), Names)),
        Trackers.back()));
    for (unsigned K = I; K != I + PerModule; ++K)
      AddTierZero(K);
  }
  for (unsigned I = 0, Batch = 0; I < NumFunctions; I += PerBatch) {
    const unsigned Count = std::min(PerBatch, NumFunctions - I);
    const std::string Suffix = ".tier1." + std::to_string(++Batch);
    Trackers.push_back(P.dylib().createResourceTracker());
    ExitOnErr(P.J->addIRModule(Trackers.back(),
                               parse(*P.J, smallFunctions(I, Count, Suffix))));
    for (unsigned K = I; K != I + Count; ++K)
      lookUp<SmallFunction>(*P.J, functionName(K) + Suffix);
  }
  return P.takenBy(NumFunctions);
}

void memoryOfLayer(benchmark::State &S) {
  for (auto _ : S) {
    const double PlainModules = plainModules(), PlainBodies = plainBodies();
    Program P(Compiler::TierZero);
    Options Opts;
    ReOptimizeLayer::Setup Setup = cantFail(ReOptimizeLayer::in(*P.J));
    Setup.Workers = 0;
    // Both bodies are there, as in plain ORC.
    Setup.Old = ReOptimizeLayer::OldCode::Keep;
    auto Layer = ExitOnErr(ReOptimizeLayer::Create(
        std::move(Setup), std::make_unique<IRReoptimizer>(Opts, hostMachine()),
        Opts));
    P.start();
    for (unsigned I = 0; I != NumFunctions; I += PerModule)
      ExitOnErr(Layer->add(P.dylib().createResourceTracker(),
                           parse(*P.J, smallFunctions(I, PerModule))));
    S.counters["ours_when_defined"] = P.takenBy(NumFunctions) - PlainModules;
    for (unsigned I = 0; I != NumFunctions; ++I)
      lookUp<SmallFunction>(*P.J, functionName(I))(1);
    std::vector<FunctionId> Ids;
    for (const FunctionInfo &F : Layer->list())
      Ids.push_back(F.Id);
    Layer->promote(Ids);
    Ids = std::vector<FunctionId>();
    report(S, P.takenBy(NumFunctions), PlainBodies);
    if (Layer->getStatus().Tier1 != NumFunctions)
      S.SkipWithError("not all functions were compiled again");
    Layer->shutdown();
  }
}
BENCHMARK(memoryOfLayer)->Name("memory/layer")->Iterations(1);

} // namespace

} // namespace reopt::bench
