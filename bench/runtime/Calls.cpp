//===- Calls.cpp - What a call costs --------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calls by machine code of a function that adds 1, so that the call is what
// takes the time. Each depends on the result of the one before. Caller and
// function are separate objects; what is called is
//
//   direct   the function
//   stub     the function's stub
//   heat     the function, which counts its calls in a Cell, as tier 0 does
//   active   the function, which counts who is inside, as reclaimable code does
//
// and, for the cost of counting loop iterations, a function that loops.
//
//===----------------------------------------------------------------------===//

#include "BenchJIT.h"
#include "reopt/ActiveCountTable.h"
#include "reopt/CellTable.h"
#include "reopt/Hook.h"
#include "reopt/Instrumenter.h"
#include "reopt/StubTable.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/IR/Module.h"
#include <benchmark/benchmark.h>

using namespace llvm;
using namespace llvm::orc;

namespace reopt::bench {

namespace {

const char *const Caller = R"(
  declare i64 @callee(i64)
  define i64 @caller(i64 %calls) {
  entry:
    br label %loop
  loop:
    %i = phi i64 [ 0, %entry ], [ %next, %loop ]
    %x = phi i64 [ 0, %entry ], [ %y, %loop ]
    %y = call i64 @callee(i64 %x)
    %next = add i64 %i, 1
    %more = icmp ult i64 %next, %calls
    br i1 %more, label %loop, label %end
  end:
    ret i64 %y
  })";

const char *const AddsOne = R"(
  define i64 @callee(i64 %x) {
    %y = add i64 %x, 1
    ret i64 %y
  })";

/// Not to be folded: each iteration stores.
const char *const Loops = R"(
  define i64 @caller(i64 %iterations) {
  entry:
    %x = alloca i64
    store volatile i64 0, ptr %x
    br label %loop
  loop:
    %i = phi i64 [ 0, %entry ], [ %next, %loop ]
    %x1 = load volatile i64, ptr %x
    %x2 = add i64 %x1, 1
    store volatile i64 %x2, ptr %x
    %next = add i64 %i, 1
    %more = icmp ult i64 %next, %iterations
    br i1 %more, label %loop, label %end
  end:
    %y = load volatile i64, ptr %x
    ret i64 %y
  })";

enum class Counting { None, Heat, Active };

/// A JIT with a function named "caller", and what its code counts in.
class Program {
public:
  Program()
      : J(makeJIT(Compiler::Default)), ES(J->getExecutionSession()),
        MemMgr(ES.getExecutorProcessControl().getMemMgr()), Cells(ES, MemMgr),
        Counts(ES, MemMgr), Stubs(ExitOnErr(StubTable::Create(ES, MemMgr))) {
    Trip.Inbox = &Inbox;
    add(absoluteSymbols(
        at(*J, reinterpret_cast<void *>(&reopt_hook), {HookName})));
  }
  ~Program() {
    ExitOnErr(Stubs->shutdown());
    ExitOnErr(Cells.shutdown());
    ExitOnErr(Counts.shutdown());
  }

  /// Adds a module; its function \p Counted counts.
  void add(const char *Text, Counting Kind = Counting::None,
           const char *Counted = nullptr) {
    ThreadSafeModule TSM = parse(*J, Text);
    TSM.withModuleDo([&](Module &M) {
      if (Kind == Counting::Heat)
        instrument(*M.getFunction(Counted),
                   {ExitOnErr(Cells.create()), Trip.getHookId(), 0});
      else if (Kind == Counting::Active)
        ExitOnErr(
            countActive(*M.getFunction(Counted), ExitOnErr(Counts.create())));
    });
    ExitOnErr(J->addIRModule(std::move(TSM)));
  }

  /// Calls of "callee" go through a stub to "body".
  void addStub() {
    std::string Body(AddsOne);
    Body.replace(Body.find("callee"), strlen("callee"), "body");
    add(Body.c_str());
    auto Stub = ExitOnErr(Stubs->create(
        J->getMainJITDylib(),
        {{J->mangleAndIntern("callee"), ExitOnErr(J->lookup("body"))}}));
    add(absoluteSymbols(at(*J, Stub.front().toPtr<void *>(), {"callee"})));
  }

  /// The time of one call, or iteration, of "caller"'s.
  void measure(benchmark::State &S) {
    constexpr int64_t Batch = 1 << 14;
    auto *Run = lookUp<int64_t(int64_t)>(*J, "caller");
    while (S.KeepRunningBatch(Batch))
      if (Run(Batch) != Batch)
        return S.SkipWithError("a wrong answer");
  }

private:
  void add(std::unique_ptr<MaterializationUnit> MU) {
    ExitOnErr(J->getMainJITDylib().define(std::move(MU)));
  }

  std::unique_ptr<LLJIT> J;
  ExecutionSession &ES;
  jitlink::JITLinkMemoryManager &MemMgr;
  CellTable Cells;
  ActiveCountTable Counts;
  std::unique_ptr<StubTable> Stubs;
  TripInbox Inbox;
  TripRecord Trip;
};

void callDirect(benchmark::State &S) {
  Program P;
  P.add(Caller);
  P.add(AddsOne);
  P.measure(S);
}

void callStub(benchmark::State &S) {
  Program P;
  P.add(Caller);
  P.addStub();
  P.measure(S);
}

void callCounted(benchmark::State &S, Counting Kind) {
  Program P;
  P.add(Caller);
  P.add(AddsOne, Kind, "callee");
  P.measure(S);
}

void loop(benchmark::State &S, Counting Kind) {
  Program P;
  P.add(Loops, Kind, "caller");
  P.measure(S);
}

BENCHMARK(callDirect)->Name("call/direct")->Repetitions(Repetitions);
BENCHMARK(callStub)->Name("call/stub")->Repetitions(Repetitions);
BENCHMARK_CAPTURE(callCounted, heat, Counting::Heat)
    ->Name("call/heat")
    ->Repetitions(Repetitions);
BENCHMARK_CAPTURE(callCounted, active, Counting::Active)
    ->Name("call/active")
    ->Repetitions(Repetitions);
BENCHMARK_CAPTURE(loop, plain, Counting::None)
    ->Name("loop/plain")
    ->Repetitions(Repetitions);
BENCHMARK_CAPTURE(loop, heat, Counting::Heat)
    ->Name("loop/heat")
    ->Repetitions(Repetitions);

} // namespace

} // namespace reopt::bench
