//===- LayerTest.h - A JIT with a ReOptimizeLayer ------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Functions come from IR. They run in this process, or in every kind of
// executor (LayerPlacesTest). @which_tier() tells machine code in which tier it
// is: 0 for tier 0.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_LAYERTEST_H
#define REOPT_TEST_LAYERTEST_H

#include "reopt/ReOptimizeLayer.h"
#include "reopt/StackScan.h"
#include "reopt/TierZeroCompiler.h"

#include "TestExecutor.h"
#include "TestMemory.h"
#include "TestPolicy.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ExecutionEngine/Orc/SelfExecutorProcessControl.h"
#include "llvm/Support/Process.h"

#include <ostream>

namespace reopt {

// How GoogleTest prints them.
inline void PrintTo(Stage S, std::ostream *OS) { *OS << getStageName(S); }
inline void PrintTo(Reason R, std::ostream *OS) { *OS << getReasonText(R); }

class LayerTest : public testing::Test, protected TestExecutor {
protected:
  static void SetUpTestSuite() {
    initializeTarget();
    // There is a worker.
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    // A remote executor that dies is an error, not our end.
    signal(SIGPIPE, SIG_IGN);
  }

  void SetUp() override {
    // No time is lost with waiting for more trips.
    Opts.BatchWindow = 0;
    Opts.Threshold = 10;
    Opts.LoopFactor = 10;

    llvm::orc::LLJITBuilder Builder;
    Builder.setCompileFunctionCreator(
        [](llvm::orc::JITTargetMachineBuilder JTMB)
            -> llvm::Expected<
                std::unique_ptr<llvm::orc::IRCompileLayer::IRCompiler>> {
          return std::make_unique<TierZeroCompiler>(std::move(JTMB));
        });
    if (Place == Where::InProcess) {
      const uint64_t PageSize = cantFail(llvm::sys::Process::getPageSize());
      if (!Memory)
        Memory =
            std::make_unique<llvm::jitlink::InProcessMemoryManager>(PageSize);
      auto Counting =
          std::make_unique<CountingMemoryManager>(*Memory, PageSize);
      MemMgr = Counting.get();
      Builder.setExecutorProcessControl(
          cantFail(llvm::orc::SelfExecutorProcessControl::Create(
              nullptr, nullptr, std::move(Counting))));
    } else {
      Builder.setPlatformSetUp(llvm::orc::setUpInactivePlatform);
    }
    start(Place, std::move(Builder));
    es().setErrorReporter([this](llvm::Error Err) {
      if (ReOptimizeLayer::noteBackgroundError(Err))
        return consumeError(std::move(Err));
      std::lock_guard<std::mutex> Lock(ReportedMutex);
      const std::string Text = toString(std::move(Err)) + "\n";
      // Now: the process may be about to end.
      llvm::errs() << "reported: " << Text;
      Reported += Text;
    });
    if (Place == Where::InProcess)
      define("which_tier", llvm::orc::ExecutorAddr::fromPtr(
                               static_cast<int (*)()>([] { return 0; })));
    else
      addIR("define i32 @which_tier() { ret i32 0 }");
    auto NewPolicy = std::make_unique<TestPolicy>(Opts);
    P = NewPolicy.get();
    ReOptimizeLayer::Setup S = cantFail(ReOptimizeLayer::in(*J));
    S.CheckReferences = true;
    S.Workers = Workers;
    S.Old = Old;
    S.Clock = Clock;
    L = cantFail(
        ReOptimizeLayer::Create(std::move(S), std::move(NewPolicy), Opts));
  }

  void TearDown() override {
    P->WorkerGate.open();
    P->SpareGate.open();
    L.reset();
    stop();
    EXPECT_EQ(Reported, "");
  }

  //===--------------------------------------------------------------------===//
  // Modules
  //===--------------------------------------------------------------------===//

  llvm::Error tryAdd(llvm::orc::ResourceTrackerSP RT, llvm::StringRef Text) {
    auto Ctx = std::make_unique<llvm::LLVMContext>();
    auto M = parseIR(Text, *Ctx);
    M->setModuleIdentifier("input" + std::to_string(++Inputs));
    M->setDataLayout(J->getDataLayout());
    return L->add(RT,
                  llvm::orc::ThreadSafeModule(std::move(M), std::move(Ctx)));
  }

  /// Adds a module that must be fine, under a tracker of its own.
  llvm::orc::ResourceTrackerSP add(llvm::StringRef Text) {
    auto RT = jd().createResourceTracker();
    cantFail(tryAdd(RT, Text));
    return RT;
  }

  /// Adds a module that must be refused, takes it back, and returns the error.
  std::string refuse(llvm::StringRef Text) {
    auto RT = jd().createResourceTracker();
    std::string Message = toString(tryAdd(RT, Text));
    EXPECT_NE(Message, "");
    cantFail(RT->remove());
    return Message;
  }

  /// Functions that return the tier that they run in.
  static std::string tierFunctions(llvm::ArrayRef<llvm::StringRef> Names) {
    std::string Text = "declare i32 @which_tier()\n";
    for (llvm::StringRef Name : Names)
      Text += ("define i32 @" + Name +
               "() {\n"
               "  %tier = call i32 @which_tier()\n"
               "  ret i32 %tier\n"
               "}\n")
                  .str();
    return Text;
  }
  static std::string tierFunction(llvm::StringRef Name) {
    return tierFunctions(Name);
  }

  //===--------------------------------------------------------------------===//
  // Functions
  //===--------------------------------------------------------------------===//

  /// For this process.
  template <typename Fn> Fn *get(llvm::StringRef Name) {
    return addr(Name).toPtr<Fn *>();
  }
  /// Calls it in the executor. One without parameters ignores the argument.
  int call(llvm::StringRef Name, int Arg = 0) {
    const int Result = TestExecutor::call(addr(Name), Arg);
    // A return address that it left would lie in the next frame of this thread
    // for as long as that lives, and keep code.
    clearDeadStack();
    return Result;
  }
  void callTimes(llvm::StringRef Name, unsigned Times) {
    const llvm::orc::ExecutorAddr F = addr(Name);
    while (Times--)
      TestExecutor::call(F, 0);
  }

  /// The pointer that lies at \p At in the executor.
  llvm::orc::ExecutorAddr readPointer(llvm::orc::ExecutorAddr At) {
    return llvm::orc::ExecutorAddr(
        cantFail(epc().getMemoryAccess().readUInt64s({At})).front());
  }
  /// What call() returns of a function that returns \p A.
  static int lowHalf(llvm::orc::ExecutorAddr A) { return int(A.getValue()); }

  std::optional<FunctionInfo> find(llvm::StringRef Name) {
    for (FunctionInfo &Info : L->list())
      if (Info.Name == Name)
        return Info;
    return std::nullopt;
  }
  FunctionInfo info(llvm::StringRef Name) {
    auto Info = find(Name);
    EXPECT_TRUE(Info) << Name.str() << " is not listed";
    return Info.value_or(FunctionInfo{});
  }
  Stage stage(llvm::StringRef Name) { return info(Name).St; }
  Reason reason(llvm::StringRef Name) { return info(Name).Why; }

  bool defines(llvm::StringRef Name) { return L->defines(jd(), Name); }

  void promote(llvm::ArrayRef<llvm::StringRef> Names) {
    std::vector<FunctionId> Ids;
    for (llvm::StringRef Name : Names)
      Ids.push_back(info(Name).Id);
    L->promote(Ids);
  }
  void wait() { EXPECT_TRUE(L->wait(std::nullopt)); }
  void promoteAndWait(llvm::ArrayRef<llvm::StringRef> Names) {
    promote(Names);
    wait();
  }

  /// Has the worker held in a batch of a function of its own. Whatever is
  /// queued from now on stays queued until letWorkerGo().
  void holdWorker() {
    const std::string Name = "busy" + std::to_string(++Holds);
    add("define i32 @" + Name + "() { ret i32 0 }");
    P->WorkerGate.close();
    promote({Name});
    P->WorkerGate.waitForArrival();
  }
  void letWorkerGo() { P->WorkerGate.open(); }
  /// Has the worker, which is held, held again in the batch after this one.
  void holdWorkerInNextBatch() {
    P->WorkerGate.letHeldGo();
    P->WorkerGate.waitForArrival();
  }

  /// The names of each batch's functions; those that were left to their
  /// callers in brackets.
  std::vector<std::string> batches() {
    std::vector<std::string> Result;
    for (const Batch &B : P->getBatches()) {
      std::string Names;
      for (auto &Member : B.Members)
        Names += (Names.empty() ? "" : " ") +
                 (Member.LeaveToCaller ? "(" + Member.Name + ")" : Member.Name);
      Result.push_back(Names);
    }
    return Result;
  }

  /// Errors that reached the session's reporter since the last call.
  std::string takeReported() {
    std::lock_guard<std::mutex> Lock(ReportedMutex);
    return std::exchange(Reported, "");
  }

  Options Opts;
  /// From the next SetUp() on.
  Where Place = Where::InProcess;
  unsigned Workers = 1;
  std::function<std::chrono::steady_clock::time_point()> Clock;
  ReOptimizeLayer::OldCode Old = ReOptimizeLayer::OldCode::Keep;
  /// What code and data are in; one of its own unless it is set before SetUp().
  std::unique_ptr<llvm::jitlink::JITLinkMemoryManager> Memory;
  CountingMemoryManager *MemMgr = nullptr;
  TestPolicy *P = nullptr;
  std::unique_ptr<ReOptimizeLayer> L;

private:
  unsigned Inputs = 0, Holds = 0;
  std::mutex ReportedMutex;
  std::string Reported;
};

/// Runs each test with an executor here and with one in another process.
class LayerPlacesTest : public LayerTest,
                        public testing::WithParamInterface<Where> {
protected:
  void SetUp() override {
    Place = GetParam();
    LayerTest::SetUp();
  }
};

} // namespace reopt

#endif // REOPT_TEST_LAYERTEST_H
