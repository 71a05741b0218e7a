//===- ReclaimerTortureTest.cpp - Swapping and freeing under fire ---------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sixteen threads call 64 functions while their versions are swapped and
// freed. Freed code is inaccessible, and its addresses are never used again, so
// a late use ends the test. REOPT_TORTURE_SWAPS says how many versions; the
// whole of the torture is 1000000.
//
//===----------------------------------------------------------------------===//

#include "TortureCode.h"
#include "TortureHost.h"
#include "TortureShapes.h"

#include "reopt/ActiveCountTable.h"
#include "reopt/Reclaimer.h"
#include "reopt/StubTable.h"
#include "reopt/ThreadObserver.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;
using namespace reopt::torture;

namespace {

constexpr unsigned SteadyThreads = 12, BriefThreads = 4;
constexpr unsigned DefaultSwaps = 10000;
/// Retired versions that may wait: the swapping thread helps out then.
constexpr size_t MaxPending = 2000;

/// What all versions have in common: at the bottom, the answer or an exception.
const char *const Beginning = R"(
  @_ZTIi = external constant ptr
  @_ZTId = external constant ptr
  declare i32 @__gxx_personality_v0(...)
  declare ptr @__cxa_begin_catch(ptr)
  declare void @__cxa_end_catch()
  declare void @__cxa_rethrow()
  declare void @throw_int(i64)
  declare i64 @call_next(i64, i64, i64, i64)
  define i64 @f(i64 %x, i64 %depth, i64 %mode) uwtable
      personality ptr @__gxx_personality_v0 {
    %less = sub i64 %depth, 1
    %self = inttoptr i64 OWN_STUB to ptr
    %isdeep = icmp sgt i64 %depth, 0
    br i1 %isdeep, label %deep, label %bottom
  bottom:
    %throws = icmp eq i64 %mode, 1
    br i1 %throws, label %throw, label %answer
  throw:
    call void @throw_int(i64 %x)
    unreachable
  answer:
    %m = mul i64 %x, 3
    %a = add i64 %m, OWN_ADDEND
    ret i64 %a
  deep:
)";

std::string getIR(const char *End) {
  return substitute(std::string(Beginning) + End,
                    {{"OWN_STUB", std::to_string(OwnStub)},
                     {"OWN_INDEX", std::to_string(OwnIndex)},
                     {"OWN_ADDEND", std::to_string(OwnAddend)}});
}

class ReclaimerTorture : public testing::Test, protected TestExecutor {
protected:
  static void SetUpTestSuite() { initializeTarget(); }

  void SetUp() override {
    if (const char *Text = getenv("REOPT_TORTURE_SWAPS"))
      Swaps = strtoul(Text, nullptr, 10);
    size_t Largest = 0;
    TemplateLinker Linker;
    for (const char *End : Ends) {
      Templates.push_back(Linker.link(getIR(End)));
      Largest = std::max(Largest, Templates.back().Image.size());
    }
    // The arena may have to leave out some places.
    Arena = std::make_unique<CodeArena>((Swaps + NumFunctions + 16) * Largest);

    start(Where::InProcess);
    Stubs = cantFail(StubTable::Create(es(), epc().getMemMgr()));
    Counts = std::make_unique<ActiveCountTable>(es(), epc().getMemMgr());
    auto Observer = cantFail(ThreadObserver::Create({}));
    Reclaimer::Settings S;
    S.Nice = 0;
    S.Interval = std::chrono::milliseconds(1);
    Old = std::make_unique<Reclaimer>(es(), std::move(Observer), S);
    for (unsigned I = 0; I != NumFunctions; ++I) {
      std::vector<StubTable::Request> Requests = {
          {name(std::to_string(I)), {}}};
      Functions[I] =
          cantFail(Stubs->create(jd(), Requests)).front().toPtr<FunctionPtr>();
    }
    for (unsigned I = 0; I != NumFunctions; ++I)
      swap(I);
  }

  void TearDown() override {
    EXPECT_EQ(Old->shutdown(), 0u);
    Old.reset();
    cantFail(Counts->shutdown());
    Counts.reset();
    Stubs.reset();
    stop();
  }

  /// Gives function \p I another version, and retires the one it has.
  LLVM_ATTRIBUTE_NOINLINE void swap(unsigned I) {
    const Template &T = Templates[Versions++ % Templates.size()];
    ExecutorAddr Count = cantFail(Counts->create());
    char *Copy = Arena->place(T, {Count.getValue(), Count.getValue() + 8,
                                  reinterpret_cast<uint64_t>(Functions[I]), I,
                                  static_cast<uint64_t>(addend(I))});
    redirect(I, ExecutorAddr::fromPtr(Copy + T.EntryPoint));
    retireCurrent(I);
    Current[I] = {Copy, &T, Count};
  }

  void redirect(unsigned I, ExecutorAddr Target) {
    cantFail(Stubs->redirect(jd(), {{name(std::to_string(I)), Target}}));
  }

  LLVM_ATTRIBUTE_NOINLINE void retireCurrent(unsigned I) {
    Version V = Current[I];
    if (!V.Copy)
      return;
    RetiredCode Code;
    ExecutorAddr Begin = ExecutorAddr::fromPtr(V.Copy);
    Code.Ranges.push_back({Begin, Begin + V.T->Image.size()});
    Code.Counts.push_back(V.Count);
    Old->retire(std::move(Code), [this, V] {
      Arena->seal(V.Copy, *V.T);
      Counts->release(V.Count);
      return Error::success();
    });
    Current[I] = {};
  }

  struct Version {
    char *Copy = nullptr;
    const Template *T = nullptr;
    ExecutorAddr Count;
  };

  unsigned long Swaps = DefaultSwaps;
  unsigned long Versions = 0;
  std::vector<Template> Templates;
  std::unique_ptr<CodeArena> Arena;
  std::unique_ptr<StubTable> Stubs;
  std::unique_ptr<ActiveCountTable> Counts;
  std::unique_ptr<Reclaimer> Old;
  Version Current[NumFunctions];
};

TEST_F(ReclaimerTorture, NoThreadIsEverInFreedCode) {
  struct sigaction Action = {};
  Action.sa_handler = callInHandler;
  Action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &Action, nullptr);

  auto Start = std::chrono::steady_clock::now();
  std::vector<std::thread> Threads;
  for (unsigned I = 0; I != SteadyThreads; ++I)
    Threads.emplace_back([I] { callFunctions(I, ~uint64_t(0)); });
  for (unsigned I = 0; I != BriefThreads; ++I)
    Threads.emplace_back([I] {
      for (uint64_t N = 0; !Stop; ++N)
        std::thread([&] { callFunctions(N << 8 | I, 500); }).join();
    });

  uint64_t Random = 1;
  for (unsigned long N = 0; N != Swaps; ++N) {
    Random = Random * 6364136223846793005 + 1442695040888963407;
    swap(Random >> 33 & (NumFunctions - 1));
    if (N % 64 == 0)
      pthread_kill(Threads[(N / 64) % SteadyThreads].native_handle(), SIGUSR1);
    while (Old->pending() > MaxPending)
      Old->collect();
  }
  Stop = true;
  for (auto &T : Threads)
    T.join();
  for (unsigned I = 0; I != NumFunctions; ++I) {
    redirect(I, ExecutorAddr());
    retireCurrent(I);
  }
  Old->waitUntilEmpty();

  Reclaimer::Status Status = Old->getStatus();
  EXPECT_EQ(Status.Freed, Swaps + NumFunctions);
  EXPECT_EQ(WrongAnswers, 0u);
  EXPECT_GT(Caught, 0u);
  EXPECT_GT(Handled, 0u);
  std::chrono::duration<double> Took = std::chrono::steady_clock::now() - Start;
  printf("%lu swaps in %.1f s; %llu observations; %llu calls, %llu of them in "
         "signal handlers, %llu exceptions\n",
         Swaps, Took.count(), (unsigned long long)Status.Observations,
         (unsigned long long)Calls, (unsigned long long)Handled,
         (unsigned long long)Caught);
}

} // namespace
