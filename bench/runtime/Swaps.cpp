//===- Swaps.cpp - What another body costs --------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A swap by itself: StubTable::redirect. And from the request to the answer:
// RedefinableSymbols::redefine, once for code that is there, which is what the
// protocol costs, and once for an object, which is linked. The replaced version
// is freed by Retire each time, so that nothing piles up.
//
//===----------------------------------------------------------------------===//

#include "BenchJIT.h"
#include "reopt/RedefinableSymbols.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/CompileUtils.h"
#include "llvm/ExecutionEngine/Orc/ObjectFileInterface.h"
#include "llvm/Target/TargetMachine.h"
#include <benchmark/benchmark.h>

using namespace llvm;
using namespace llvm::orc;

namespace reopt::bench {

namespace {

int64_t addOne(int64_t X) { return X + 1; }
int64_t addTwo(int64_t X) { return X + 2; }

class Program {
public:
  Program() : J(makeJIT(Compiler::Default)) {
    auto &ES = J->getExecutionSession();
    Stubs = ExitOnErr(
        StubTable::Create(ES, ES.getExecutorProcessControl().getMemMgr()));
    RedefinableSymbols::Setup S;
    S.Retire = [](JITDylib &, ResourceTrackerSP Code) {
      ExitOnErr(Code->remove());
    };
    Symbols = ExitOnErr(RedefinableSymbols::Create(ES, *Stubs, std::move(S)));
  }

  std::unique_ptr<MaterializationUnit> there(bool Two) {
    return absoluteSymbols(
        at(*J, reinterpret_cast<void *>(Two ? &addTwo : &addOne), {"f"}));
  }

  std::unique_ptr<MaterializationUnit> object(MemoryBufferRef Object) {
    return ExitOnErr(BasicObjectLayerMaterializationUnit::Create(
        J->getObjLinkingLayer(), MemoryBuffer::getMemBuffer(Object)));
  }

  /// An answer comes before this returns: tasks run in place. False if it was
  /// not that the definition was published.
  bool redefine(std::unique_ptr<MaterializationUnit> Definition) {
    bool Published = false;
    Symbols->redefine(J->getMainJITDylib(), std::move(Definition),
                      [&](Expected<RedefinableSymbols::Outcome> Result) {
                        Published = ExitOnErr(std::move(Result)) ==
                                    RedefinableSymbols::Outcome::Published;
                      });
    return Published;
  }

  std::unique_ptr<LLJIT> J;
  std::unique_ptr<StubTable> Stubs;
  std::unique_ptr<RedefinableSymbols> Symbols;
};

/// Of \p S.range(0) stubs at a time.
void redirect(benchmark::State &S) {
  Program P;
  JITDylib &JD = P.J->getMainJITDylib();
  std::vector<StubTable::Request> Requests;
  for (int64_t I = 0; I != S.range(0); ++I)
    Requests.push_back({P.J->mangleAndIntern(functionName(I)),
                        ExecutorAddr::fromPtr(&addOne)});
  auto Addresses = ExitOnErr(P.Stubs->create(JD, Requests));
  bool Two = false;
  while (S.KeepRunningBatch(S.range(0))) {
    Two = !Two;
    for (StubTable::Request &R : Requests)
      R.InitialTarget = ExecutorAddr::fromPtr(Two ? &addTwo : &addOne);
    ExitOnErr(P.Stubs->redirect(JD, Requests));
  }
  for (ExecutorAddr A : Addresses)
    if (A.toPtr<int64_t(int64_t)>()(1) != (Two ? 3 : 2))
      return S.SkipWithError("a stub leads elsewhere");
}
BENCHMARK(redirect)
    ->Name("swap/redirect")
    ->Arg(1)
    ->Arg(64)
    ->Repetitions(Repetitions);

void redefineThere(benchmark::State &S) {
  Program P;
  ExitOnErr(P.Symbols->define(P.J->getMainJITDylib(), P.there(false)));
  auto *F = lookUp<int64_t(int64_t)>(*P.J, "f");
  bool Two = false;
  for (auto _ : S)
    if (!P.redefine(P.there(Two = !Two)))
      return S.SkipWithError("not published");
  if (F(1) != (Two ? 3 : 2))
    S.SkipWithError("another version is called");
}
BENCHMARK(redefineThere)->Name("swap/redefine")->Repetitions(Repetitions);

void redefineObject(benchmark::State &S) {
  Program P;
  auto TM = ExitOnErr(hostMachine().createTargetMachine());
  auto Object = parse(*P.J, hashFunction("f", 7)).withModuleDo([&](Module &M) {
    return ExitOnErr(SimpleCompiler(*TM)(M));
  });
  ExitOnErr(P.Symbols->define(P.J->getMainJITDylib(), P.there(false)));
  auto *F = lookUp<HashFunction>(*P.J, "f");
  for (auto _ : S)
    if (!P.redefine(P.object(*Object)))
      return S.SkipWithError("not published");
  if (F(0) != 7)
    S.SkipWithError("another version is called");
}
BENCHMARK(redefineObject)
    ->Name("swap/redefine-object")
    ->Repetitions(Repetitions);

} // namespace

} // namespace reopt::bench
