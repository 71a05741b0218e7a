//===-- ReOptimizeWorker.cpp ----------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The way of a function from its trip to its new body: what ReOptimizeLayer's
// worker does, and the requests that it serves.
//
//===----------------------------------------------------------------------===//

#include "reopt/ReOptimizeLayer.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"
#include "llvm/Support/raw_ostream.h"
#include <csignal>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

/// On a worker, what ORC reported since the batch began. ORC tells the causes
/// to the session's error reporter, and only the consequences to who looks up.
static thread_local std::string *BackgroundErrors = nullptr;

bool ReOptimizeLayer::noteBackgroundError(const Error &Err) {
  if (!BackgroundErrors)
    return false;
  raw_string_ostream OS(*BackgroundErrors);
  OS << (BackgroundErrors->empty() ? "" : "; ") << Err;
  return true;
}

/// See root(F) in Policy.h.
static constexpr unsigned MaxTimesServed = 2;

Heat ReOptimizeLayer::readHeat(const FunctionState &F) const {
  Heat H{F.PastCalls, F.PastLoops, F.Failures};
  if (!F.Armed)
    return H;
  if (auto Now = Cells->read(F.Cell)) {
    H.Calls += countsSince(F.ArmedCalls, Now->CallsLeft);
    H.Loops += countsSince(F.ArmedLoops, Now->LoopsLeft);
  } else {
    consumeError(Now.takeError());
  }
  return H;
}

void ReOptimizeLayer::armCell(FunctionState &F) {
  Heat H;
  if (F.Armed) {
    H = readHeat(F);
    F.PastCalls = H.Calls;
    F.PastLoops = H.Loops;
  }
  F.Armed = true;
  // Served: 8 times as much each time, see Policy.h.
  H.Failures = F.Failures + 3 * F.TimesServed;
  Arming A = P->arm(H);
  F.ArmedCalls = A.Calls;
  F.ArmedLoops = A.Loops;
  // An executor that is gone will be noticed by who has to tell the user.
  consumeError(Cells->arm(F.Cell, A.Calls, A.Loops));
}

void ReOptimizeLayer::enqueue(FunctionState &F, Reason Why) {
  F.transition(Stage::Queued);
  F.Why = Why;
  F.Detail.clear();
  Queue.push_back(F.Id);
}

void ReOptimizeLayer::demote(FunctionState &F) {
  F.Body = ExecutorAddr();
  F.PublishedBatch = 0;
  ++F.Version;
  F.transition(F.Tier0Compiled ? Stage::Tier0 : Stage::Lazy);
  F.Why = Reason::Superseded;
  armCell(F);
  pointTo(F, F.Tier0Entry);
  pointTablesToStub(F);
}

void ReOptimizeLayer::pointTablesToStub(FunctionState &F) {
  auto &Mem =
      J.getExecutionSession().getExecutorProcessControl().getMemoryAccess();
  for (auto [I, End] = CallSlots.equal_range(F.Id); I != End; ++I)
    if (ExecutorAddr Table = Tables.lookup(I->second.Table))
      consumeError(Mem.writePointers({{Table + I->second.Offset, F.Stub}}));
}

/// Makes calls of \p F go to \p Target. A caller sees the old or the new
/// address: StubTable.h argues it for the slot of a stub, and a place in a
/// table is an aligned pointer as well.
void ReOptimizeLayer::pointTo(FunctionState &F, ExecutorAddr Target) {
  auto &ES = J.getExecutionSession();
  if (auto Err = Stubs->redirect(J.getMainJITDylib(), {{F.Name, Target}}))
    ES.reportError(std::move(Err));
  if (!F.Body)
    return;
  for (auto [I, End] = CallSlots.equal_range(F.Id); I != End; ++I)
    if (ExecutorAddr Table = Tables.lookup(I->second.Table))
      if (auto Err =
              ES.getExecutorProcessControl().getMemoryAccess().writePointers(
                  {{Table + I->second.Offset, Target}}))
        ES.reportError(std::move(Err));
}

void ReOptimizeLayer::serve(FunctionState &F) {
  if (F.Asked)
    return enqueue(F, Reason::Requested);
  F.TimesServed = std::min<unsigned>(F.TimesServed + 1, MaxTimesServed);
  F.Why = Reason::Served;
  armCell(F);
}

void ReOptimizeLayer::startWorker() {
  if (Worker.joinable() || Stopping)
    return;
  // Signals are the program's: a new thread has its creator's mask.
  sigset_t All, Old;
  sigfillset(&All);
  pthread_sigmask(SIG_SETMASK, &All, &Old);
  Worker = std::thread([this] { runWorker(); });
  pthread_sigmask(SIG_SETMASK, &Old, nullptr);
}

bool ReOptimizeLayer::isIdle() const {
  return !WorkerBusy && Queue.empty() && Inbox.empty();
}

void ReOptimizeLayer::promote(ArrayRef<FunctionId> Ids) {
  std::lock_guard<std::mutex> Lock(M);
  for (FunctionId Id : Ids) {
    FunctionState &F = Functions[Id];
    if (F.Stub && (F.St == Stage::Lazy || F.St == Stage::Tier0 ||
                   F.St == Stage::Refused)) {
      F.Failures = 0;
      F.Asked = true;
      enqueue(F, Reason::Requested);
    } else if (F.St == Stage::Queued || F.St == Stage::Compiling) {
      // It may be on its way into its callers only.
      F.Asked = true;
      F.Why = Reason::Requested;
    }
  }
  startWorker();
  Inbox.wake();
}

bool ReOptimizeLayer::wait(std::optional<std::chrono::milliseconds> Limit) {
  std::unique_lock<std::mutex> Lock(M);
  if (!Worker.joinable())
    return true;
  auto Done = [this] { return Stopping || isIdle(); };
  if (Limit)
    return Idle.wait_for(Lock, *Limit, Done);
  Idle.wait(Lock, Done);
  return true;
}

bool ReOptimizeLayer::isEnabled() const {
  std::lock_guard<std::mutex> Lock(M);
  return Opts.Enabled;
}

void ReOptimizeLayer::setEnabled(bool On) {
  std::lock_guard<std::mutex> Lock(M);
  Opts.Enabled = On;
  if (!On) {
    for (FunctionId Id : Queue) {
      FunctionState &F = Functions[Id];
      F.transition(F.Tier0Compiled ? Stage::Tier0 : Stage::Lazy);
      F.Why = Reason::TieringOff;
    }
    Queue.clear();
    Idle.notify_all();
    return;
  }
  for (FunctionState &F : Functions)
    if (F.Why == Reason::TieringOff &&
        (F.St == Stage::Tier0 || F.St == Stage::Lazy))
      enqueue(F, Reason::Waiting);
  Inbox.wake();
}

void ReOptimizeLayer::setThreshold(int64_t Calls) {
  std::lock_guard<std::mutex> Lock(M);
  Opts.Threshold = Calls;
  for (FunctionState &F : Functions) {
    if ((F.St != Stage::Lazy && F.St != Stage::Tier0) || !F.Cell)
      continue;
    armCell(F);
    if (F.Failures || F.TimesServed)
      continue;
    // What was counted so far counts.
    F.ArmedCalls -= std::min<uint64_t>(F.PastCalls, F.ArmedCalls);
    F.ArmedLoops -= std::min<uint64_t>(F.PastLoops, F.ArmedLoops);
    consumeError(Cells->arm(F.Cell, F.ArmedCalls, F.ArmedLoops));
  }
}

void ReOptimizeLayer::shutdown() {
  {
    std::lock_guard<std::mutex> Lock(M);
    Stopping = true;
    Idle.notify_all();
  }
  Inbox.wake();
  if (Worker.joinable())
    Worker.join();
}

void ReOptimizeLayer::unlockAfterFork(bool InChild) {
  if (InChild && Worker.joinable()) {
    // A handle of a thread that this process does not have.
    Worker.detach();
    Stopping = true;
    WorkerBusy = false;
  }
  M.unlock();
}

FunctionState &ReOptimizeLayer::findRoot(FunctionState &F) {
  constexpr unsigned MaxDepth = 8;
  FunctionState *Root = &F;
  SmallVector<FunctionId, MaxDepth> Path;
  while (Root->Size <= uint64_t(Opts.SmallFunction) &&
         Root->TimesServed < MaxTimesServed && Root->LastCaller &&
         Path.size() < MaxDepth) {
    FunctionState &Caller = Functions[*Root->LastCaller];
    if (is_contained(Path, Caller.Id) || Caller.St == Stage::Removed ||
        Caller.St == Stage::Refused || &Caller == Root)
      break;
    Path.push_back(Root->Id);
    Root = &Caller;
  }
  return *Root;
}

void ReOptimizeLayer::takeTrips() {
  Inbox.drain([this](FunctionId Id, uint64_t CallerAddr) {
    FunctionState &F = Functions[Id];
    F.LastCaller.reset();
    if (CallerAddr)
      if (auto Name = TierZeroCode->find(ExecutorAddr(CallerAddr)))
        if (auto I = ByName.find(*Name); I != ByName.end())
          F.LastCaller = I->second;
    // Lazy: the first call trips before compileTierZero() has noted the body.
    if (F.St != Stage::Tier0 && F.St != Stage::Lazy)
      return;
    Decision D = P->decide(readHeat(F));
    switch (D.Kind) {
    case Decision::Compile: {
      FunctionState &Root = findRoot(F);
      if (&Root == &F) {
        enqueue(F, D.Why);
        break;
      }
      switch (Root.St) {
      case Stage::Lazy:
      case Stage::Tier0:
        enqueue(Root, D.Why);
        [[fallthrough]];
      case Stage::Queued:
        enqueue(F, Reason::LeftToCaller);
        break;
      default:
        // Its root is compiled or being compiled; F is called from a frame
        // that has not ended yet, or the next trip will say more.
        serve(F);
        break;
      }
      break;
    }
    case Decision::Wait:
      F.Why = D.Why;
      // Turning tiering on queues it; else it is asked about again.
      if (D.Why != Reason::TieringOff)
        armCell(F);
      break;
    case Decision::Refuse:
      F.transition(Stage::Refused);
      F.Why = D.Why;
      break;
    }
  });
}

std::optional<Batch> ReOptimizeLayer::nextBatch() {
  if (Queue.empty() || Stopping)
    return std::nullopt;
  Batch B;
  B.Number = ++LastBatch;
  int64_t Roots = 0;
  while (!Queue.empty()) {
    FunctionState &F = Functions[Queue.front()];
    const bool LeaveToCaller = F.Why == Reason::LeftToCaller;
    // Leaves are queued behind their root, and go with it.
    if (!LeaveToCaller && Roots++ >= Opts.MaxBatch)
      break;
    Queue.pop_front();
    F.transition(Stage::Compiling);
    B.Members.push_back({F.Id, (*F.Name).str(), LeaveToCaller});
    if (F.Why != Reason::Requested)
      F.Why = Reason::BeingCompiled;
  }
  return B;
}

void ReOptimizeLayer::runWorker() {
  // Best effort: a worker that is not nice is merely less polite.
  setpriority(PRIO_PROCESS, id_t(syscall(SYS_gettid)), int(Opts.Nice));
  std::unique_lock<std::mutex> Lock(M);
  while (!Stopping) {
    WorkerBusy = true;
    takeTrips();
    if (!Queue.empty() && Opts.BatchWindow) {
      bool Asked = any_of(Queue, [this](FunctionId Id) {
        return Functions[Id].Why == Reason::Requested;
      });
      if (!Asked) {
        Idle.wait_for(Lock, std::chrono::milliseconds(Opts.BatchWindow),
                      [this] { return Stopping; });
        takeTrips();
      }
    }
    if (auto B = nextBatch()) {
      Lock.unlock();
      compileBatch(std::move(*B));
      Lock.lock();
      continue;
    }
    WorkerBusy = false;
    Idle.notify_all();
    Lock.unlock();
    Inbox.waitForWork();
    Lock.lock();
  }
  WorkerBusy = false;
  Idle.notify_all();
}

void ReOptimizeLayer::compileBatch(Batch B) {
  auto Start = std::chrono::steady_clock::now();
  std::string Reported;
  BackgroundErrors = &Reported;
  scope_exit Restore([] { BackgroundErrors = nullptr; });
  auto FailAll = [&](Reason Why, Error Err) {
    std::string Text = toString(std::move(Err));
    if (!Reported.empty())
      Text = Reported;
    std::lock_guard<std::mutex> Lock(M);
    ++FailedBatches;
    for (auto &Member : B.Members)
      fail(Member.Id, Why, Text, /*ForGood=*/false);
  };

  auto Code = P->reoptimize(B, *this);
  if (!Code)
    return FailAll(Reason::EmissionFailed, Code.takeError());
  {
    std::lock_guard<std::mutex> Lock(M);
    for (auto &R : Code->Refused)
      fail(R.Id, R.Why, R.Detail, /*ForGood=*/true);
    if (Stopping)
      return;
  }
  if (!Code->Object) {
    std::lock_guard<std::mutex> Lock(M);
    finishWithoutBodies(B, *Code);
    return;
  }

  auto &ES = J.getExecutionSession();
  auto &JD = J.getMainJITDylib();
  auto RT = JD.createResourceTracker();
  if (auto Err = J.addObjectFile(RT, std::move(Code->Object)))
    return FailAll(Reason::LinkFailed, std::move(Err));
  SymbolLookupSet Names;
  for (auto &[Id, Name] : Code->Bodies)
    Names.add(ES.intern(Name));
  auto Found = ES.lookup(
      makeJITDylibSearchOrder(&JD, JITDylibLookupFlags::MatchAllSymbols),
      std::move(Names));
  if (!Found) {
    Error Err = joinErrors(Found.takeError(), RT->remove());
    return FailAll(Reason::LinkFailed, std::move(Err));
  }
  std::vector<ExecutorAddr> Addresses;
  for (auto &[Id, Name] : Code->Bodies)
    Addresses.push_back((*Found)[ES.intern(Name)].getAddress());

  findTables(*Code);
  auto Time = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - Start);
  if (!publish(B, *Code, RT, Addresses, Time))
    if (auto Err = RT->remove())
      ES.reportError(std::move(Err));
}

void ReOptimizeLayer::findTables(const NewCode &Code) {
  SymbolLookupSet Wanted;
  {
    std::lock_guard<std::mutex> Lock(M);
    DenseSet<SymbolStringPtr> Names;
    for (auto &[Id, Name] : Code.Bodies)
      for (auto [I, End] = CallSlots.equal_range(Id); I != End; ++I)
        if (!Tables.count(I->second.Table))
          Names.insert(I->second.Table);
    for (auto &Name : Names)
      Wanted.add(Name, SymbolLookupFlags::WeaklyReferencedSymbol);
  }
  if (Wanted.empty())
    return;
  auto &ES = J.getExecutionSession();
  auto Found =
      ES.lookup(makeJITDylibSearchOrder(&J.getMainJITDylib(),
                                        JITDylibLookupFlags::MatchAllSymbols),
                std::move(Wanted));
  // A table that cannot be had is called through stubs.
  if (!Found)
    return consumeError(Found.takeError());
  std::lock_guard<std::mutex> Lock(M);
  for (auto &[Name, Symbol] : *Found)
    if (Data.count(*Name))
      Tables[Name] = Symbol.getAddress();
}

bool ReOptimizeLayer::publish(const Batch &B, NewCode &Code,
                              ResourceTrackerSP RT,
                              const std::vector<ExecutorAddr> &Bodies,
                              std::chrono::microseconds Time) {
  std::lock_guard<std::mutex> Lock(M);
  if (Stopping)
    return false;
  // Code that has a definition inside which was taken back meanwhile must not
  // run. Its members try again; the next emission sees what holds now.
  if (any_of(Code.Uses, [this](FunctionId Id) {
        return Functions[Id].St == Stage::Removed;
      })) {
    for (auto &Member : B.Members)
      if (Functions[Member.Id].St == Stage::Compiling)
        enqueue(Functions[Member.Id], Reason::Superseded);
    return false;
  }

  BatchRecord Record{std::move(RT), {}, std::move(Code.Uses)};
  TotalCompileTime += Time;
  for (size_t I = 0; I < Bodies.size(); ++I) {
    FunctionState &F = Functions[Code.Bodies[I].first];
    const bool IsMember = F.St == Stage::Compiling;
    if (F.St == Stage::Removed || F.St == Stage::Tier1)
      continue;
    if (F.St == Stage::Queued)
      llvm::erase(Queue, F.Id);
    Heat H = readHeat(F);
    F.PastCalls = H.Calls;
    F.PastLoops = H.Loops;
    F.ArmedCalls = F.ArmedLoops = RearmedCount;
    consumeError(Cells->arm(F.Cell, RearmedCount, RearmedCount));
    F.transition(Stage::Tier1);
    if (!IsMember)
      F.Why = Reason::WarmCallee;
    else if (F.Why != Reason::Requested)
      F.Why = Reason::Hot;
    F.Detail.clear();
    F.Asked = false;
    F.Body = Bodies[I];
    F.PublishedBatch = B.Number;
    F.CompileTime = Time;
    ++F.Version;
    Record.Members.push_back(F.Id);
    pointTo(F, F.Body);
  }
  finishWithoutBodies(B, Code);
  Batches[B.Number] = std::move(Record);
  return true;
}

void ReOptimizeLayer::finishWithoutBodies(const Batch &B, const NewCode &Code) {
  for (auto &Member : B.Members) {
    FunctionState &F = Functions[Member.Id];
    if (F.St != Stage::Compiling)
      continue;
    // Others were asked to have a body: serving them would ask again, for ever.
    if (Member.LeaveToCaller && is_contained(Code.Served, F.Id)) {
      F.transition(F.Tier0Compiled ? Stage::Tier0 : Stage::Lazy);
      serve(F);
    } else {
      fail(F.Id, Reason::EmissionFailed, "no body was made",
           /*ForGood=*/false);
    }
  }
}

void ReOptimizeLayer::fail(FunctionId Id, Reason Why, StringRef Detail,
                           bool ForGood) {
  FunctionState &F = Functions[Id];
  if (F.St != Stage::Compiling)
    return;
  ++F.Failures;
  F.Asked = false;
  F.Why = Why;
  F.Detail = Detail.str();
  if (ForGood || F.Failures > uint64_t(Opts.MaxRetries)) {
    F.transition(Stage::Refused);
    return;
  }
  F.transition(F.Tier0Compiled ? Stage::Tier0 : Stage::Lazy);
  armCell(F);
}

} // namespace reopt
