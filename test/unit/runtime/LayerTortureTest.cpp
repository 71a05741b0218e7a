//===- LayerTortureTest.cpp - Modules that come and go under fire ---------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Threads call functions of many modules, which call each other, themselves and
// the host, and throw, while the layer takes them up three tiers and modules
// are removed and added again. Freed memory is inaccessible, and its addresses
// are never used again, so a late use ends the test. REOPT_TORTURE_REMOVALS
// says how many units are removed; the whole of the torture is 500.
//
//===----------------------------------------------------------------------===//

#include "LayerTortureHost.h"
#include "SealingMemoryManager.h"
#include "TortureShapes.h"
#include "WaitingCallTest.h"

#include "llvm/Support/FormatVariadic.h"

#include <chrono>
#include <random>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;
using namespace reopt::layertorture;

namespace {

using OldCode = ReOptimizeLayer::OldCode;

constexpr unsigned SteadyThreads = 6, BriefThreads = 2, ChurningThreads = 2;
constexpr unsigned long DefaultRemovals = 8;

/// What the functions of one module share. Answers are right as long as they
/// see their own.
const char *const Shared = R"(
  @_ZTIi = external constant ptr
  @_ZTId = external constant ptr
  declare i32 @__gxx_personality_v0(...)
  declare ptr @__cxa_begin_catch(ptr)
  declare void @__cxa_end_catch()
  declare void @__cxa_rethrow()
  declare ptr @__cxa_allocate_exception(i64)
  declare void @__cxa_throw(ptr, ptr, ptr)
  declare void @inside()
  declare i64 @check_text(ptr, i64)
  declare i64 @call_next(i64, i64, i64, i64)
  @salt_MODULE = global i64 SALT
  @visits_MODULE = internal global i64 0
  @.text = private unnamed_addr constant [8 x i8] c"SALT\00"
  define internal void @raise(i64 %x) uwtable {
    %e = call ptr @__cxa_allocate_exception(i64 4)
    %n = trunc i64 %x to i32
    store i32 %n, ptr %e
    call void @__cxa_throw(ptr %e, ptr @_ZTIi, ptr null)
    unreachable
  }
  define internal i64 @compute(i64 %x) uwtable {
    %old = atomicrmw add ptr @visits_MODULE, i64 1 monotonic
    %v = load i64, ptr @salt_MODULE
    %zero = sub i64 %v, SALT
    %bad = call i64 @check_text(ptr @.text, i64 SALT)
    %m = mul i64 %x, 3
    %s = add i64 %m, %zero
    %r = add i64 %s, %bad
    ret i64 %r
  }
)";

/// How each function begins.
const char *const Beginning = R"(
  define i64 @OWN_NAME(i64 %x, i64 %depth, i64 %mode) uwtable
      personality ptr @__gxx_personality_v0 {
    call void @inside()
    %less = sub i64 %depth, 1
    %isdeep = icmp sgt i64 %depth, 0
    br i1 %isdeep, label %deep, label %bottom
  bottom:
    %throws = icmp eq i64 %mode, 1
    br i1 %throws, label %throw, label %answer
  throw:
    call void @raise(i64 %x)
    unreachable
  answer:
    %m = call i64 @compute(i64 %x)
    %a = add i64 %m, OWN_ADDEND
    ret i64 %a
  deep:
)";

std::string functionName(unsigned U, unsigned I) {
  return "f" + std::to_string(I) + "_" + std::to_string(U);
}
std::string keeperName(unsigned U) { return "keeper_" + std::to_string(U); }

class LayerTorture : public WaitingCallTest,
                     public testing::WithParamInterface<OldCode> {
protected:
  LayerTorture() {
    Old = GetParam();
    Workers = 2;
  }

  void SetUp() override {
    if (const char *Text = getenv("REOPT_TORTURE_REMOVALS"))
      Removals = strtoul(Text, nullptr, 10);
    auto NewMemory = std::make_unique<SealingMemoryManager>(
        cantFail(sys::Process::getPageSize()));
    Sealing = NewMemory.get();
    Memory = std::move(NewMemory);
    WaitingCallTest::SetUp();
    Opts.Threshold = 20;
    P->CountedTiers = 2;
    define("inside", ExecutorAddr::fromPtr(inside));
    define("check_text", ExecutorAddr::fromPtr(checkText));
    define("call_next", ExecutorAddr::fromPtr(callNext));
    Stop = false;
    for (auto *N : {&Calls, &Caught, &Nested, &Switches, &WrongAnswers})
      *N = 0;
  }

  /// Functions \p Begin to \p End of unit \p U. Each calls the next one; the
  /// last calls the first of the second module.
  static std::string getModule(unsigned U, unsigned Begin, unsigned End,
                               unsigned Salt) {
    std::string IR = Shared;
    for (unsigned I = Begin; I != End; ++I) {
      const unsigned Callee = I + 1 == NumFunctions ? NumFunctions / 2 : I + 1;
      if (Callee == End)
        IR += "declare i64 @" + functionName(U, Callee) + "(i64, i64, i64)\n";
      IR += torture::substitute(std::string(Beginning) + torture::Ends[I],
                                {{"OWN_NAME", functionName(U, I)},
                                 {"%self", "@" + functionName(U, Callee)},
                                 {"OWN_INDEX", std::to_string(U)},
                                 {"OWN_ADDEND", std::to_string(addend(U))}});
    }
    return torture::substitute(
        std::move(IR),
        {{"SALT", std::to_string(Salt)},
         {"MODULE", std::to_string(U) + (Begin ? "_second" : "_first")}});
  }

  /// Adds a unit, two modules with one tracker, and lets threads in. Code of an
  /// earlier one may run yet, and call this one instead from now on: so the
  /// callee comes first.
  void addUnit(unsigned U) {
    const unsigned Salt = 1000000 + ++LastSalt;
    auto RT = jd().createResourceTracker();
    for (unsigned Half : {1, 0}) {
      auto Ctx = std::make_unique<LLVMContext>();
      auto M = parseIR(getModule(U, Half * NumFunctions / 2,
                                 (Half + 1) * NumFunctions / 2, Salt),
                       *Ctx);
      M->setModuleIdentifier("unit" + std::to_string(Salt) + "." +
                             std::to_string(Half));
      M->setDataLayout(J->getDataLayout());
      cantFail(L->add(RT, ThreadSafeModule(std::move(M), std::move(Ctx))));
    }
    for (unsigned I = 0; I != NumFunctions; ++I)
      Units[U].Functions[I] = addr(functionName(U, I)).toPtr<FunctionPtr>();
    Trackers[U] = std::move(RT);
    warmUp(U);
    // Its keeper is added later, the first time.
    Units[U].Present = Units[U].Keeper != nullptr;
  }

  /// One after the other: a removal takes bodies away from functions that were
  /// compiled along with what goes, and what has none when it is removed itself
  /// cannot be compiled any more.
  void removeUnit(unsigned U) {
    std::lock_guard<std::mutex> OneByOne(Removing);
    close(U);
    warmUp(U);
    cantFail(std::exchange(Trackers[U], nullptr)->remove());
  }

  /// Whether the layer has less than \p Batches behind it, and more to do.
  bool isBefore(uint64_t Batches) const {
    const LayerStatus S = L->getStatus();
    return S.Batches < Batches && (S.Queued || S.Compiling);
  }

  /// Removes and adds units of its own: before their functions get hot, while
  /// they are compiled, or when they have their last bodies.
  void churn(unsigned Mine) {
    std::minstd_rand Random(Mine + 1);
    while (Removed < Removals) {
      const uint64_t Until = Calls + Random() % 4000;
      const uint64_t Batches = L->getStatus().Batches + Random() % 3;
      while (Calls < Until || isBefore(Batches))
        std::this_thread::yield();
      const unsigned U =
          Random() % (NumUnits / ChurningThreads) * ChurningThreads + Mine;
      if (Trackers[U]) {
        removeUnit(U);
        ++Removed;
      } else {
        addUnit(U);
      }
      if (Random() % 4 == 0)
        L->collect();
    }
  }

  unsigned long Removals = DefaultRemovals;
  std::mutex Removing;
  std::atomic<unsigned long> Removed{0};
  std::atomic<unsigned> LastSalt{0};
  ResourceTrackerSP Trackers[NumUnits];
  SealingMemoryManager *Sealing = nullptr;
};

INSTANTIATE_TEST_SUITE_P(OldCode, LayerTorture,
                         testing::Values(OldCode::Count, OldCode::Observe),
                         [](const testing::TestParamInfo<OldCode> &Info) {
                           return Info.param == OldCode::Count ? "Count"
                                                               : "Observe";
                         });

TEST_P(LayerTorture, NobodyIsEverInFreedMemory) {
  const auto Start = std::chrono::steady_clock::now();
  std::string Keepers;
  for (unsigned U = 0; U != NumUnits; ++U) {
    Units[U].Keeper = nullptr;
    addUnit(U);
    Keepers += "declare i64 @" + functionName(U, 0) +
               "(i64, i64, i64)\n"
               "define i64 @" +
               keeperName(U) +
               "(i64 %x, i64 %depth, i64 %mode) uwtable {\n"
               "  %r = call i64 @" +
               functionName(U, 0) +
               "(i64 %x, i64 %depth, i64 %mode)\n"
               "  ret i64 %r\n"
               "}\n";
  }
  auto KeepersTracker = add(Keepers);
  for (unsigned U = 0; U != NumUnits; ++U) {
    Units[U].Keeper = addr(keeperName(U)).toPtr<FunctionPtr>();
    Units[U].Present = true;
  }

  std::vector<std::thread> Threads;
  for (unsigned I = 0; I != SteadyThreads; ++I)
    Threads.emplace_back([I] { callFunctions(I, ~uint64_t(0)); });
  for (unsigned I = 0; I != BriefThreads; ++I)
    Threads.emplace_back([I] {
      for (uint64_t N = 1; !Stop; ++N)
        std::thread([&] { callFunctions(N << 8 | I, 500); }).join();
    });
  // What waits on fibers is only known by counts.
  if (GetParam() == OldCode::Count)
    Threads.emplace_back([] { callFunctionsOnFibers(99); });
  std::vector<std::thread> Churning;
  for (unsigned I = 0; I != ChurningThreads; ++I)
    Churning.emplace_back([this, I] { churn(I); });
  for (auto &T : Churning)
    T.join();
  Stop = true;
  for (auto &T : Threads)
    T.join();

  for (unsigned U = 0; U != NumUnits; ++U)
    if (Trackers[U])
      removeUnit(U);
  cantFail(KeepersTracker->remove());
  expectAllFreed();
  // Whatever has code of the units, or data of theirs.
  for (const std::string &Name : Sealing->getLive())
    EXPECT_EQ(StringRef(Name).find("unit"), StringRef::npos) << Name;
  EXPECT_EQ(WrongAnswers, 0u);
  EXPECT_GT(Caught, 0u);
  EXPECT_GT(Nested, 0u);
  if (GetParam() == OldCode::Count)
    EXPECT_GT(Switches, 0u);
  unsigned Swaps = 0;
  for (const Batch &B : P->getBatches())
    Swaps += B.Members.size();
  auto S = L->getStatus();
  // Two modules each, at least.
  EXPECT_GT(S.Freed, 2 * Removals);
  const std::chrono::duration<double> Took =
      std::chrono::steady_clock::now() - Start;
  outs() << formatv("{0} removals, {1} new bodies, {2} objects freed in "
                    "{3:f1} s; {4} calls, {5} of them from code, {6} "
                    "exceptions, {7} switches of fibers\n",
                    Removed.load(), Swaps, S.Freed, Took.count(), Calls.load(),
                    Nested.load(), Caught.load(), Switches.load());
  outs().flush();
}

} // namespace
