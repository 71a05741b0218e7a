//===- RedefinableTest.h - A JIT with redefinable symbols -------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tests decide when a version goes from state to state: a held version is
// resolved, emitted and failed by hand, a gated one is compiled when its gate
// opens, and the dispatcher can keep what ORC has queued. Nothing waits for
// time: a test waits for an answer, for the session's tasks, or for a state
// that must come.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_REDEFINABLETEST_H
#define REOPT_TEST_REDEFINABLETEST_H

#include "reopt/RedefinableSymbols.h"

#include "TestExecutor.h"
#include "TestMemory.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"

#include <condition_variable>
#include <deque>
#include <future>
#include <thread>

namespace reopt {

/// Runs each task on a thread of its own; materialisations only when told, if
/// they are to be kept.
class TestDispatcher : public llvm::orc::TaskDispatcher {
public:
  void dispatch(std::unique_ptr<llvm::orc::Task> T) override {
    std::lock_guard<std::mutex> Lock(M);
    if (Keep && llvm::isa<llvm::orc::MaterializationTask>(*T)) {
      Kept.push_back(std::move(T));
      return;
    }
    ++Running;
    std::thread([this, T = std::move(T)]() mutable {
      T->run();
      T.reset();
      std::lock_guard<std::mutex> Lock(M);
      if (--Running == 0)
        Idle.notify_all();
    }).detach();
  }

  void shutdown() override {
    std::deque<std::unique_ptr<llvm::orc::Task>> Dropped;
    std::unique_lock<std::mutex> Lock(M);
    std::swap(Dropped, Kept);
    Idle.wait(Lock, [&] { return Running == 0; });
  }

  void keepMaterializations() {
    std::lock_guard<std::mutex> Lock(M);
    Keep = true;
  }
  size_t numKept() {
    std::lock_guard<std::mutex> Lock(M);
    return Kept.size();
  }
  /// Runs on this thread, first in first out, what was kept, and keeps no more.
  void runKept() {
    std::unique_lock<std::mutex> Lock(M);
    Keep = false;
    while (!Kept.empty()) {
      auto T = std::move(Kept.front());
      Kept.pop_front();
      Lock.unlock();
      T->run();
      T.reset();
      Lock.lock();
    }
  }
  void waitUntilIdle() {
    std::unique_lock<std::mutex> Lock(M);
    Idle.wait(Lock, [&] { return Running == 0; });
  }

private:
  std::mutex M;
  std::condition_variable Idle;
  unsigned Running = 0;
  bool Keep = false;
  std::deque<std::unique_ptr<llvm::orc::Task>> Kept;
};

/// What a request was told.
class Answer {
public:
  RedefinableSymbols::DoneFn done() {
    return [S = S](llvm::Expected<RedefinableSymbols::Outcome> Result) {
      using Outcome = RedefinableSymbols::Outcome;
      EXPECT_EQ(++S->Times, 1) << "told more than once";
      if (!Result)
        return S->P.set_value(toString(Result.takeError()));
      S->P.set_value(*Result == Outcome::Published    ? "published"
                     : *Result == Outcome::Superseded ? "superseded"
                                                      : "cancelled");
    };
  }
  /// Waits for it.
  std::string get() { return S->F.get(); }
  bool isThere() const { return S->Times != 0; }

private:
  struct State {
    std::atomic<int> Times{0};
    std::promise<std::string> P;
    std::shared_future<std::string> F{P.get_future()};
  };
  std::shared_ptr<State> S = std::make_shared<State>();
};

/// A definition that does nothing by itself.
class Held {
public:
  bool isBegun() const { return S->Begun; }
  bool isDestroyed() const { return S->Destroyed; }
  void waitUntilBegun() const {
    while (!isBegun())
      std::this_thread::yield();
  }

  /// All its symbols are at \p A.
  void resolve(llvm::orc::ExecutorAddr A) {
    waitUntilBegun();
    llvm::orc::SymbolMap Symbols;
    for (auto &[N, F] : S->R->getSymbols())
      Symbols[N] = {A, F};
    cantFail(S->R->notifyResolved(Symbols));
  }
  /// If \p N is given, all its symbols depend on \p N of \p JD.
  void emit(llvm::orc::JITDylib *JD = nullptr,
            llvm::orc::SymbolStringPtr N = {}) {
    llvm::orc::SymbolDependenceGroup G;
    for (auto &[Name, F] : S->R->getSymbols())
      G.Symbols.insert(Name);
    if (N)
      G.Dependencies[JD] = {N};
    cantFail(S->R->notifyEmitted(G));
    S->R = nullptr;
  }
  void finish(llvm::orc::ExecutorAddr A) {
    resolve(A);
    emit();
  }
  void fail() {
    waitUntilBegun();
    S->R->failMaterialization();
    S->R = nullptr;
  }

  struct State {
    std::atomic<bool> Begun{false}, Destroyed{false};
    std::unique_ptr<llvm::orc::MaterializationResponsibility> R;
  };
  std::shared_ptr<State> S = std::make_shared<State>();
};

class HeldUnit : public llvm::orc::MaterializationUnit {
public:
  HeldUnit(Held H, llvm::orc::SymbolFlagsMap Flags)
      : MaterializationUnit(Interface(std::move(Flags), nullptr)),
        S(std::move(H.S)) {}
  ~HeldUnit() override { S->Destroyed = true; }
  llvm::StringRef getName() const override { return "<held>"; }
  void materialize(
      std::unique_ptr<llvm::orc::MaterializationResponsibility> R) override {
    S->R = std::move(R);
    S->Begun = true;
  }

private:
  void discard(const llvm::orc::JITDylib &,
               const llvm::orc::SymbolStringPtr &) override {}
  std::shared_ptr<Held::State> S;
};

/// Lets a definition through when it opens; for that it has to be begun.
class Gate {
public:
  void open() {
    while (!S->Begun)
      std::this_thread::yield();
    S->Inner->materialize(std::move(S->R));
  }

  struct State {
    std::atomic<bool> Begun{false};
    std::unique_ptr<llvm::orc::MaterializationUnit> Inner;
    std::unique_ptr<llvm::orc::MaterializationResponsibility> R;
  };
  std::shared_ptr<State> S = std::make_shared<State>();
};

class GatedUnit : public llvm::orc::MaterializationUnit {
public:
  GatedUnit(Gate G, std::unique_ptr<llvm::orc::MaterializationUnit> Inner)
      : MaterializationUnit(Interface(Inner->getSymbols(), nullptr)),
        S(std::move(G.S)) {
    S->Inner = std::move(Inner);
  }
  llvm::StringRef getName() const override { return "<gated>"; }
  void materialize(
      std::unique_ptr<llvm::orc::MaterializationResponsibility> R) override {
    S->R = std::move(R);
    S->Begun = true;
  }

private:
  void discard(const llvm::orc::JITDylib &JD,
               const llvm::orc::SymbolStringPtr &N) override {
    S->Inner->doDiscard(JD, N);
  }
  std::shared_ptr<Gate::State> S;
};

/// A JIT that knows @one(x) = x + 1 to @four(x) = x + 4.
class RedefinableJIT : protected TestExecutor {
protected:
  using When = RedefinableSymbols::When;

  void startJIT(Where W, bool InPlace = false) {
    std::unique_ptr<llvm::orc::TaskDispatcher> Dispatcher;
    if (InPlace) {
      Dispatcher = std::make_unique<llvm::orc::InPlaceTaskDispatcher>();
    } else {
      auto Threads = std::make_unique<TestDispatcher>();
      Tasks = Threads.get();
      Dispatcher = std::move(Threads);
    }
    llvm::orc::LLJITBuilder Builder;
    Builder.setSupportConcurrentCompilation(true)
        .setPlatformSetUp(llvm::orc::setUpInactivePlatform)
        .setObjectLinkingLayerCreator([this](llvm::orc::ExecutionSession &ES) {
          auto &EPC = ES.getExecutorProcessControl();
          Memory = std::make_unique<CountingMemoryManager>(EPC.getMemMgr(),
                                                           EPC.getPageSize());
          return std::make_unique<llvm::orc::ObjectLinkingLayer>(ES, *Memory);
        });
    start(W, std::move(Builder), std::move(Dispatcher));
    Stubs = cantFail(StubTable::Create(es(), epc().getMemMgr()));
    addIR(R"(
      define i32 @one(i32 %x) { %r = add i32 %x, 1 ret i32 %r }
      define i32 @two(i32 %x) { %r = add i32 %x, 2 ret i32 %r }
      define i32 @three(i32 %x) { %r = add i32 %x, 3 ret i32 %r }
      define i32 @four(i32 %x) { %r = add i32 %x, 4 ret i32 %r }
      define i32 @gone(i32 %x) { ret i32 -77 }
    )");
    One = addr("one");
    Two = addr("two");
    Three = addr("three");
    Four = addr("four");
    Gone = addr("gone");
    createSymbols();
  }

  void createSymbols(RedefinableSymbols::RetireFn Retire = nullptr) {
    RedefinableSymbols::Setup S;
    S.Retire = std::move(Retire);
    S.LazyErrorHandler = Gone;
    RS = cantFail(RedefinableSymbols::Create(es(), *Stubs, std::move(S)));
  }

  void stopJIT() {
    RS.reset();
    if (Tasks)
      Tasks->waitUntilIdle();
    Stubs.reset();
    stop();
    if (Memory)
      EXPECT_EQ(Memory->Allocs, Memory->Deallocs);
  }

  //===--------------------------------------------------------------------===//
  // Definitions
  //===--------------------------------------------------------------------===//

  llvm::orc::SymbolFlagsMap flags(llvm::ArrayRef<llvm::StringRef> Names) {
    llvm::orc::SymbolFlagsMap Flags;
    for (llvm::StringRef N : Names)
      Flags[name(N)] =
          llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable;
    return Flags;
  }
  std::unique_ptr<llvm::orc::MaterializationUnit>
  held(Held H, llvm::ArrayRef<llvm::StringRef> Names) {
    return std::make_unique<HeldUnit>(H, flags(Names));
  }
  /// Where \p A is.
  std::unique_ptr<llvm::orc::MaterializationUnit>
  at(llvm::orc::ExecutorAddr A, llvm::ArrayRef<llvm::StringRef> Names) {
    llvm::orc::SymbolMap Symbols;
    for (auto &[N, F] : flags(Names))
      Symbols[N] = {A, F};
    return llvm::orc::absoluteSymbols(std::move(Symbols));
  }
  std::unique_ptr<llvm::orc::MaterializationUnit> ir(llvm::StringRef Text) {
    auto Ctx = std::make_unique<llvm::LLVMContext>();
    auto M = parseIR(Text, *Ctx);
    M->setDataLayout(J->getDataLayout());
    M->setModuleIdentifier("version" + std::to_string(++Versions));
    llvm::orc::IRSymbolMapper::ManglingOptions MO;
    return std::make_unique<llvm::orc::BasicIRLayerMaterializationUnit>(
        J->getIRCompileLayer(), MO,
        llvm::orc::ThreadSafeModule(std::move(M), std::move(Ctx)));
  }
  /// Compiled code for x + \p N.
  std::unique_ptr<llvm::orc::MaterializationUnit> adds(llvm::StringRef Name,
                                                       int N) {
    return ir(("define i32 @" + Name + "(i32 %x) {\n  %r = add i32 %x, " +
               llvm::Twine(N) + "\n  ret i32 %r\n}\n")
                  .str());
  }

  //===--------------------------------------------------------------------===//
  // Requests
  //===--------------------------------------------------------------------===//

  /// Defines under a tracker of its own.
  llvm::orc::ResourceTrackerSP
  define(std::unique_ptr<llvm::orc::MaterializationUnit> Definition,
         When W = When::Now) {
    auto RT = jd().createResourceTracker();
    cantFail(RS->define(RT, std::move(Definition), W));
    return RT;
  }
  using TestExecutor::define;
  Answer redefine(std::unique_ptr<llvm::orc::MaterializationUnit> Definition,
                  When W = When::Now) {
    Answer A;
    RS->redefine(jd(), std::move(Definition), A.done(), W);
    return A;
  }

  /// Asks for a held definition, and waits until ORC has begun with it. (One
  /// that it has not begun may be cancelled.)
  Answer begin(Held H, llvm::ArrayRef<llvm::StringRef> Names) {
    auto A = redefine(held(H, Names));
    H.waitUntilBegun();
    return A;
  }

  /// @f, which is looked up and materialising when its next version is asked
  /// for. Both definitions are held, the old one is begun.
  struct Contest {
    Held Old, New;
    llvm::orc::ResourceTrackerSP RT; ///< Old's.
    std::future<std::string> F;      ///< The look-up.
    Answer A;                        ///< What New is told.
  };
  Contest beginContest() {
    Contest C;
    C.RT = define(held(C.Old, {"f"}));
    C.F = lookUp("f");
    C.Old.waitUntilBegun();
    C.A = redefine(held(C.New, {"f"}));
    return C;
  }

  /// Has the dispatcher keep materialisations from now on. An ORC runtime's
  /// platform needs some for a new JITDylib; so there are enough of them.
  void keepMaterializations() {
    if (es().getPlatform()) {
      auto RT = define(at(One, {"version"}));
      addr("version");
      for (int I = 0; I != 5; ++I)
        EXPECT_EQ(redefine(at(Two, {"version"})).get(), "published");
      cantFail(RT->remove());
    }
    Tasks->keepMaterializations();
  }

  /// Looks \p N up, here or later.
  std::future<std::string> lookUp(llvm::StringRef N) {
    auto P = std::make_shared<std::promise<std::string>>();
    es().lookup(
        llvm::orc::LookupKind::Static,
        {{&jd(), llvm::orc::JITDylibLookupFlags::MatchAllSymbols}},
        llvm::orc::SymbolLookupSet(name(N)), llvm::orc::SymbolState::Ready,
        [P](llvm::Expected<llvm::orc::SymbolMap> Result) {
          P->set_value(Result ? "ready" : toString(Result.takeError()));
        },
        llvm::orc::NoDependenciesToRegister);
    return P->get_future();
  }
  int callIt(llvm::StringRef N, int Arg = 0) { return call(addr(N), Arg); }

  template <typename Fn> void waitUntil(Fn Condition) {
    while (!Condition())
      std::this_thread::yield();
  }
  size_t numVersions() { return RS->usage().Versions; }
  /// Objects that are linked, but for the one that an ORC runtime's platform
  /// links for each JITDylib.
  size_t liveCode() {
    size_t Platform = es().getPlatform() ? RS->usage().Shadows : 0;
    return Memory->Allocs - Memory->Deallocs - Platform;
  }
  bool hasStub(llvm::StringRef N) { return !!Stubs->find(jd(), name(N)); }

  /// Expects no trace of any redefinable symbol but shadows.
  void expectNothingLeft(size_t CodeBefore) {
    waitUntil([&] { return numVersions() == 0; });
    Tasks->waitUntilIdle();
    EXPECT_EQ(RS->usage().Symbols, 0u);
    EXPECT_EQ(RS->usage().Requests, 0u);
    EXPECT_EQ(Stubs->usage().LiveStubs, 0u);
    EXPECT_EQ(liveCode(), CodeBefore);
  }

  TestDispatcher *Tasks = nullptr; ///< Null: tasks run in place.
  std::unique_ptr<CountingMemoryManager> Memory;
  std::unique_ptr<StubTable> Stubs;
  std::unique_ptr<RedefinableSymbols> RS;
  llvm::orc::ExecutorAddr One, Two, Three, Four, Gone;

private:
  std::atomic<unsigned> Versions{0};
};

class RedefinableTest : public testing::TestWithParam<Where>,
                        protected RedefinableJIT {
protected:
  static void SetUpTestSuite() {
    initializeTarget();
    signal(SIGPIPE, SIG_IGN);
  }
  void SetUp() override { startJIT(GetParam()); }
  void TearDown() override { stopJIT(); }
};

} // namespace reopt

#endif // REOPT_TEST_REDEFINABLETEST_H
