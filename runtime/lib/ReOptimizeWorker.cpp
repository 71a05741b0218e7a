//===-- ReOptimizeWorker.cpp ----------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The way of a function from its trip into a batch: heat, requests, the queue,
// and the threads that empty it. What becomes of a batch is in
// ReOptimizeBatch.cpp.
//
//===----------------------------------------------------------------------===//

#include "Lifetime.h"
#include "reopt/OnStackReplacement.h"
#include "reopt/ReOptimizeLayer.h"
#include "reopt/StackScan.h"
#include "reopt/ThreadObserver.h"
#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"
#include <csignal>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

/// See root(F) in Policy.h.
static constexpr unsigned MaxTimesServed = 2;

void ReOptimizeLayer::noteAccess(Error Err) const {
  if (!Err)
    return;
  if (std::exchange(ExecutorGone, true))
    return consumeError(std::move(Err));
  ES.reportError(createStringError(
      "the executor is gone (%s): nothing more is re-optimised",
      toString(std::move(Err)).c_str()));
}

Heat ReOptimizeLayer::readHeat(const FunctionState &F) const {
  Heat H{F.PastCalls, F.PastLoops, F.Failures, F.Tier};
  if (!F.Armed || ExecutorGone)
    return H;
  if (auto Now = Cells->read(F.Cell)) {
    H.Calls += countsSince(F.ArmedCalls, Now->CallsLeft);
    H.Loops += loopsSince(F.ArmedLoops, *Now);
  } else {
    noteAccess(Now.takeError());
  }
  return H;
}

void ReOptimizeLayer::armCell(Record &F) {
  Heat H = readHeat(F);
  F.PastCalls = H.Calls;
  F.PastLoops = H.Loops;
  F.Armed = true;
  // Served: 8 times as much each time, see Policy.h.
  H.Failures = F.Failures + 3 * F.TimesServed;
  Arming A = P->arm(H);
  F.ArmedCalls = A.Calls;
  F.ArmedLoops = A.Loops;
  // In stress, at the first back-edge, or at some back-edge.
  if (Opts.OsrStress == 1)
    F.ArmedLoops = 0;
  else if (Opts.OsrStress == 2)
    F.ArmedLoops = int32_t(StressedLoops() % 200);
  writeCell(F);
}

void ReOptimizeLayer::enqueue(Record &F, Reason Why) {
  F.transition(Stage::Queued);
  F.explain(Why);
  Queue.push(F.Id);
}

void ReOptimizeLayer::demote(Record &F) {
  F.Body = ExecutorAddr();
  F.BodyCounts = false;
  F.PublishedBatch = 0;
  ++F.Version;
  F.Tier = 0;
  if (F.St == Stage::Queued)
    Queue.erase(F.Id);
  // What is being compiled will notice.
  if (F.St != Stage::Compiling)
    F.transition(F.getRunningStage());
  F.explain(Reason::Superseded);
  Ahead.giveUp(F.Id);
  armCell(F);
  pointTo(F, F.Tier0Entry);
  pointTablesToStub(F);
}

void ReOptimizeLayer::pointTablesToStub(Record &F) {
  auto &Mem = ES.getExecutorProcessControl().getMemoryAccess();
  for (auto [I, End] = CallSlots.equal_range(F.Id); I != End; ++I)
    if (ExecutorAddr Table = I->second.Home->Tables.lookup(I->second.Table);
        Table && !ExecutorGone)
      noteAccess(Mem.writePointers({{Table + I->second.Offset, F.Stub}}));
}

/// Makes calls of \p F go to \p Target. A caller sees the old or the new
/// address: StubTable.h argues it for the slot of a stub, and a place in a
/// table is an aligned pointer as well.
void ReOptimizeLayer::pointTo(Record &F, ExecutorAddr Target) {
  if (!ExecutorGone)
    noteAccess(Stubs->redirect(F.Home->JD, {{F.Name, Target}}));
  if (!F.Body)
    return;
  auto &Mem = ES.getExecutorProcessControl().getMemoryAccess();
  for (auto [I, End] = CallSlots.equal_range(F.Id); I != End; ++I)
    if (ExecutorAddr Table = I->second.Home->Tables.lookup(I->second.Table);
        Table && !ExecutorGone)
      noteAccess(Mem.writePointers({{Table + I->second.Offset, Target}}));
}

void ReOptimizeLayer::serve(Record &F) {
  if (F.Asked)
    return enqueue(F, Reason::Requested);
  F.TimesServed = std::min<unsigned>(F.TimesServed + 1, MaxTimesServed);
  F.explain(Reason::Served);
  armCell(F);
}

void ReOptimizeLayer::startWorkers() {
  if (!Workers.empty() || Stopping)
    return;
  // Signals are the program's, but for the one that threads are observed by: a
  // new thread has its creator's mask.
  sigset_t All, Old;
  sigfillset(&All);
  if (ObservedBy)
    sigdelset(&All, ObservedBy);
  pthread_sigmask(SIG_SETMASK, &All, &Old);
  for (unsigned I = 0; I < Place.Workers; ++I)
    Workers.emplace_back([this] { runWorker(); });
  pthread_sigmask(SIG_SETMASK, &Old, nullptr);
}

bool ReOptimizeLayer::isIdle() const {
  return !Busy && !Linking && Queue.empty() && Inbox.empty();
}

void ReOptimizeLayer::promote(ArrayRef<FunctionId> Ids) {
  std::unique_lock<std::mutex> Lock(M);
  for (FunctionId Id : Ids) {
    Record &F = Functions[Id];
    if (F.RunsOnce)
      continue;
    if (F.Stub && (F.St == Stage::Lazy || F.St == Stage::Tier0 ||
                   F.St == Stage::Refused)) {
      F.Failures = 0;
      F.Asked = true;
      enqueue(F, Reason::Requested);
    } else if (F.St == Stage::Queued || F.St == Stage::Compiling) {
      // It may be on its way into its callers only.
      F.Asked = true;
      F.explain(Reason::Requested);
    }
  }
  wakeWorkers(Lock);
}

void ReOptimizeLayer::wakeWorkers(std::unique_lock<std::mutex> &Lock) {
  if (Place.Workers) {
    startWorkers();
    return Inbox.wake();
  }
  Lock.unlock();
  compileHere();
}

bool ReOptimizeLayer::wait(std::optional<std::chrono::milliseconds> Limit) {
  if (!Place.Workers)
    compileHere();
  std::unique_lock<std::mutex> Lock(M);
  // After a fork there is nobody to wait for.
  if (Place.Workers && Workers.empty())
    return true;
  auto Done = [this] { return Stopping || isIdle(); };
  if (Limit)
    return Idle->wait_for(Lock, *Limit, Done);
  Idle->wait(Lock, Done);
  return true;
}

bool ReOptimizeLayer::isEnabled() const {
  std::lock_guard<std::mutex> Lock(M);
  return Opts.Enabled;
}

void ReOptimizeLayer::setEnabled(bool On) {
  std::unique_lock<std::mutex> Lock(M);
  Opts.Enabled = On;
  if (!On) {
    for (FunctionId Id : Queue) {
      Record &F = Functions[Id];
      F.transition(F.getRunningStage());
      F.explain(Reason::TieringOff);
    }
    Queue.clear();
    Idle->notify_all();
    return;
  }
  for (Record &F : Functions)
    if (F.Why == Reason::TieringOff &&
        (F.St == Stage::Tier0 || F.St == Stage::Lazy || F.St == Stage::Tier1))
      enqueue(F, Reason::Waiting);
  wakeWorkers(Lock);
}

void ReOptimizeLayer::setThreshold(int64_t Calls) {
  std::lock_guard<std::mutex> Lock(M);
  Opts.Threshold = Calls;
  for (Record &F : Functions) {
    if ((F.St != Stage::Lazy && F.St != Stage::Tier0 &&
         !(F.St == Stage::Tier1 && F.BodyCounts)) ||
        !F.Cell)
      continue;
    armCell(F);
    if (F.Failures || F.TimesServed)
      continue;
    // What was counted so far counts.
    F.ArmedCalls -= std::min<uint64_t>(F.PastCalls, F.ArmedCalls);
    F.ArmedLoops -= std::min<uint64_t>(F.PastLoops, F.ArmedLoops);
    writeCell(F);
  }
}

void ReOptimizeLayer::shutdown() {
  std::vector<std::thread> Last;
  {
    std::lock_guard<std::mutex> Lock(M);
    Stopping = true;
    Last.swap(Workers);
    Idle->notify_all();
    More->notify_all();
  }
  Inbox.wake();
  if (Spare)
    Spare->shutdown();
  for (std::thread &Worker : Last) {
    // LLVM's fatal errors may end in exit(), on the worker that has one.
    if (Worker.get_id() == std::this_thread::get_id())
      Worker.detach();
    else
      Worker.join();
  }
}

void ReOptimizeLayer::lockForFork() {
  M.lock();
  if (Spare)
    Spare->lockForFork();
}

void ReOptimizeLayer::unlockAfterFork(bool InChild) {
  if (Spare)
    Spare->unlockAfterFork(InChild);
  if (InChild) {
    // Handles of threads that this process does not have.
    for (std::thread &Worker : Workers)
      Worker.detach();
    Workers.clear();
    Stopping = true;
    Busy = Linking = 0;
    Idle.abandonAfterFork();
    More.abandonAfterFork();
    Life->abandonAfterFork();
  }
  M.unlock();
}

ReOptimizeLayer::Record &ReOptimizeLayer::findRoot(Record &F) {
  constexpr unsigned MaxDepth = 8;
  Record *Root = &F;
  SmallVector<FunctionId, MaxDepth> Path;
  while (!Root->Body && Root->Size <= uint64_t(Opts.SmallFunction) &&
         Root->TimesServed < MaxTimesServed && Root->LastCaller &&
         Path.size() < MaxDepth) {
    Record &Caller = Functions[*Root->LastCaller];
    if (Caller.Home != F.Home || is_contained(Path, Caller.Id) ||
        Caller.St == Stage::Removed || Caller.St == Stage::Refused ||
        &Caller == Root)
      break;
    Path.push_back(Root->Id);
    Root = &Caller;
  }
  return *Root;
}

void ReOptimizeLayer::takeTrips() {
  Inbox.drain([this](FunctionId Id, uint64_t CallerAddr, uint64_t Loops) {
    Record &F = Functions[Id];
    F.LastCaller.reset();
    if (!isLoopTrip(CallerAddr)) {
      if (auto Name = TierZeroCode->find(ExecutorAddr(CallerAddr)))
        if (auto I = F.Home->ByName.find(*Name);
            I != F.Home->ByName.end() && !Functions[I->second].RunsOnce)
          F.LastCaller = I->second;
    }
    if (Loops || isLoopTrip(CallerAddr))
      askForContinuations(F, Loops);
    // A call that trips is the only one. Its loops are what can be compiled,
    // and they trip themselves.
    if (F.RunsOnce && !F.InLoop)
      return;
    if (F.St == Stage::Queued)
      Queue.noteTrip(F.Id);
    // Lazy: the first call trips before compileTierZero() has noted the body.
    if (F.St != Stage::Tier0 && F.St != Stage::Lazy &&
        !(F.St == Stage::Tier1 && (F.BodyCounts || F.InLoop)))
      return;
    Heat H = readHeat(F);
    // Where a loop runs, time is spent for sure.
    if (!Loops && !isLoopTrip(CallerAddr))
      H.Scale = getThresholdScale();
    Decision D = P->decide(H);
    switch (D.Kind) {
    case Decision::Compile: {
      Record &Root = findRoot(F);
      if (&Root == &F) {
        enqueue(F, D.Why);
        F.explain(D.Why, D.Detail);
        break;
      }
      // It called F, so it runs.
      askForContinuations(Root, 0);
      switch (Root.St) {
      case Stage::Lazy:
      case Stage::Tier0:
        enqueue(Root, D.Why);
        Root.explain(D.Why, D.Detail);
        enqueue(F, Reason::LeftToCaller);
        break;
      case Stage::Queued:
        Queue.noteTrip(Root.Id);
        enqueue(F, Reason::LeftToCaller);
        break;
      default:
        // Its root is compiled or being compiled; F is called from a frame
        // that has not ended yet, or the next trip will say more.
        armAgainIfUndone(Root);
        serve(F);
        break;
      }
      break;
    }
    case Decision::Wait:
      F.explain(D.Why, D.Detail);
      // Turning tiering on queues it; else it is asked about again.
      if (D.Why != Reason::TieringOff)
        armCell(F);
      break;
    case Decision::Refuse:
      if (!F.Body)
        F.transition(Stage::Refused);
      F.BodyCounts = false;
      F.explain(D.Why, D.Detail);
      break;
    }
  });
}

/// Whether a frame of \p F waits for a continuation. What failed once had
/// better get a body alone.
bool ReOptimizeLayer::isRunning(const Record &F) {
  return F.InLoop && (F.RunsOnce || !F.Failures);
}

/// What is left to its caller goes with that one, and is no work of its own.
size_t ReOptimizeLayer::countQueuedRoots() const {
  return count_if(Queue, [this](FunctionId Id) {
    return Functions[Id].Why != Reason::LeftToCaller;
  });
}

uint32_t ReOptimizeLayer::getThresholdScale() const {
  const size_t Many =
      size_t(Opts.LoadFeedback * Opts.MaxBatch) * std::max(1u, Place.Workers);
  return uint32_t(1 + countQueuedRoots() / Many);
}

/// See CompileQueue.h. What one batch holds is left as it is: nothing waits in
/// it for anything else of it.
void ReOptimizeLayer::orderQueue() {
  if (countQueuedRoots() <= size_t(Opts.MaxBatch))
    return;
  auto GetHeat = [this](FunctionId Id) {
    return reopt::getHeat(readHeat(Functions[Id]), Opts);
  };
  auto GetLeader = [this](FunctionId Id) {
    Record &F = Functions[Id];
    if (F.Why != Reason::LeftToCaller)
      return Id;
    const Record &Root = findRoot(F);
    return Root.St == Stage::Queued ? Root.Id : Id;
  };
  auto IsUrgent = [this](FunctionId Id) {
    const Record &F = Functions[Id];
    return F.Asked || F.isOnRequest() || isRunning(F);
  };
  const auto Now =
      Place.Clock ? Place.Clock() : std::chrono::steady_clock::now();
  for (FunctionId Id : Queue.look(Now, {GetHeat, GetLeader, IsUrgent})) {
    Record &F = Functions[Id];
    F.transition(F.getRunningStage());
    F.explain(Reason::Cooled);
    armCell(F);
  }
}

std::optional<std::pair<Batch, ReOptimizeLayer::Space *>>
ReOptimizeLayer::nextBatch() {
  if (Queue.empty() || Stopping)
    return std::nullopt;
  if (ExecutorGone) {
    for (FunctionId Id : Queue) {
      Record &F = Functions[Id];
      F.transition(F.getRunningStage());
      F.explain(Reason::ExecutorGone);
    }
    Queue.clear();
    return std::nullopt;
  }
  orderQueue();
  if (Queue.empty())
    return std::nullopt;
  Batch B;
  B.Number = ++LastBatch;
  // What runs once and waits for its body waits for nobody else's, and has no
  // second try: it goes first, and alone.
  auto Alone = find_if(Queue, [this](FunctionId Id) {
    return Functions[Id].RunsOnce && Functions[Id].Asked;
  });
  const bool IsAlone = Alone != Queue.end();
  if (IsAlone)
    Queue.moveToFront(*Alone);
  // A batch is one object, which belongs to one JITDylib.
  Space &S = *Functions[Queue.front()].Home;
  // A frame in a long loop waits for that, and for nothing else: what will be
  // called comes after. A call that comes meanwhile goes on in the loop's code,
  // too. A loop is long if it tripped by itself, and not what it calls. What
  // was called more than once will be called again soon; and bodies that one
  // batch of loops was preferred to are not put off a second time.
  bool LoopsOnly = false, BodiesWait = false;
  for (FunctionId Id : Queue) {
    const Record &F = Functions[Id];
    if (F.Home != &S)
      continue;
    LoopsOnly |= isRunning(F) &&
                 (F.RunsOnce || (F.WantedLoops && readHeat(F).Calls <= 1));
    BodiesWait |= F.Continuations && !F.Body && !F.RunsOnce && !F.InLoop;
  }
  LoopsOnly &= !BodiesWait && !IsAlone;
  int64_t Roots = 0;
  bool IsFull = false;
  Queue.eraseIf([&](FunctionId Id) {
    Record &F = Functions[Id];
    if (IsFull || F.Home != &S)
      return false;
    // Leaves are queued behind their root, and go with it.
    const bool LeaveToCaller = F.Why == Reason::LeftToCaller;
    if (LoopsOnly && !isRunning(F) &&
        !(LeaveToCaller && findRoot(F).St == Stage::Compiling))
      return false;
    IsFull = IsAlone ? !B.Members.empty()
                     : !LeaveToCaller && Roots++ >= Opts.MaxBatch;
    if (IsFull)
      return false;
    F.transition(Stage::Compiling);
    const bool WantsBody =
        (!F.RunsOnce || F.Asked) && (!F.Body || F.BodyCounts);
    B.Members.push_back({F.Id, (*F.Name).str(), LeaveToCaller, F.Tier,
                         WantsBody && (!LoopsOnly || LeaveToCaller),
                         isRunning(F), WantsBody && LoopsOnly && !LeaveToCaller,
                         F.RunsOnce});
    F.InLoop = false;
    if (!F.isOnRequest())
      F.Why = Reason::BeingCompiled;
    return true;
  });
  return std::make_pair(std::move(B), &S);
}

void ReOptimizeLayer::runWorker() {
  // Best effort: a worker that is not nice is merely less polite.
  setpriority(PRIO_PROCESS, id_t(syscall(SYS_gettid)), int(Opts.Nice));
  ThreadObserver::Wakeable Self;
  std::unique_lock<std::mutex> Lock(M);
  ++Busy;
  while (!Stopping) {
    takeTrips();
    if (!Queue.empty() && Opts.BatchWindow) {
      // Who asked waits, and so does a loop that runs.
      const bool Waited = any_of(Queue, [this](FunctionId Id) {
        return Functions[Id].isOnRequest() || isRunning(Functions[Id]);
      });
      if (!Waited) {
        Idle->wait_for(Lock, std::chrono::milliseconds(Opts.BatchWindow),
                       [this] { return Stopping; });
        takeTrips();
      }
    }
    if (auto Next = nextBatch()) {
      if (!Queue.empty())
        More->notify_one();
      Lock.unlock();
      compileBatch(std::move(Next->first), *Next->second);
      Lock.lock();
      continue;
    }
    // What it linked may be replaced while it sleeps.
    clearDeadStack();
    --Busy;
    Idle->notify_all();
    if (InboxIsWatched) {
      More->wait(Lock, [this] {
        return Stopping || !Queue.empty() || !InboxIsWatched;
      });
    } else {
      InboxIsWatched = true;
      Lock.unlock();
      Inbox.waitForWork();
      Lock.lock();
      InboxIsWatched = false;
      More->notify_one();
    }
    ++Busy;
  }
  --Busy;
  Idle->notify_all();
}

/// The single-threaded mode. Who finds that somebody compiles leaves his trip
/// to that thread, which may be his own, further up: it looks at the inbox
/// after it has said that it compiles no more, and the trip was pushed before
/// it was asked whether it does, all in one order (seq_cst). So one of the two
/// sees it.
void ReOptimizeLayer::compileHere() {
  while (!CompilingHere.exchange(true)) {
    std::unique_lock<std::mutex> Lock(M);
    ++Busy;
    takeTrips();
    while (auto Next = nextBatch()) {
      Lock.unlock();
      compileBatch(std::move(Next->first), *Next->second);
      Lock.lock();
      takeTrips();
    }
    --Busy;
    Idle->notify_all();
    const bool Stop = Stopping;
    Lock.unlock();
    CompilingHere.store(false);
    if (Stop || Inbox.empty())
      return;
  }
}

} // namespace reopt
