//===-- ReOptimizeTierZero.cpp --------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// First calls: which bodies of tier 0 are made together, and when.
//
//===----------------------------------------------------------------------===//

#include "ModulePartition.h"
#include "reopt/ActiveCount.h"
#include "reopt/OnStackReplacement.h"
#include "reopt/ReOptimizeLayer.h"
#include "reopt/TierZero.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/Support/thread.h"
#include <cstdlib>
#include <pthread.h>
#include <unistd.h>

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

namespace {

/// Where a first call goes whose function cannot be compiled. The program
/// cannot go on: there is no code to run and nothing to return.
[[noreturn]] void callWithoutCode() {
  static constexpr char Text[] =
      "reopt: a function was called that could not be compiled (see above)\n";
  (void)!::write(2, Text, sizeof(Text) - 1);
  std::abort();
}

/// Stack that a compile is sure to get by with.
constexpr size_t CompileStack = 8 << 20, EnoughStack = 512 << 10;

/// Whether the caller's stack, which may be a small thread's or a coroutine's,
/// has room for a compile of tier 0.
bool hasRoomToCompile() {
  struct Bounds {
    char *Low = nullptr;
    size_t Size = 0;
    Bounds() {
      pthread_attr_t Attr;
      if (pthread_getattr_np(pthread_self(), &Attr))
        return;
      void *Base;
      if (!pthread_attr_getstack(&Attr, &Base, &Size))
        Low = static_cast<char *>(Base);
      pthread_attr_destroy(&Attr);
    }
  };
  static thread_local const Bounds Stack;
  char *Here = static_cast<char *>(__builtin_frame_address(0));
  return Here > Stack.Low + EnoughStack && Here < Stack.Low + Stack.Size;
}

} // namespace

ExecutorAddr ReOptimizeLayer::getCodeForFailedCalls() {
  return ExecutorAddr::fromPtr(&callWithoutCode);
}

Error ReOptimizeLayer::compileEarly(Space &S, ModulePartition &Parts) {
  auto Find = [&](StringRef Name) -> std::optional<FunctionId> {
    std::lock_guard<std::mutex> Lock(M);
    auto I = S.ByName.find(Name);
    return I == S.ByName.end() ? std::nullopt : std::optional(I->second);
  };
  StringSet<> Seen;
  while (!Parts.EagerWithCallees.empty()) {
    std::string Name = std::move(Parts.EagerWithCallees.back());
    Parts.EagerWithCallees.pop_back();
    if (!Seen.insert(Name).second)
      continue;
    if (auto Id = Find(Name)) {
      Parts.Eager.push_back(std::move(Name));
      withTierZero(*Id, [&](const Function &IR) {
        append_range(Parts.EagerWithCallees, getMentionedNames(IR));
      });
    }
  }
  for (auto &Name : Parts.Eager)
    if (auto Id = Find(Name); Id && !compileTierZero(*Id))
      return createStringError(inconvertibleErrorCode(),
                               "cannot compile " + demangle(Name));
  return Error::success();
}

Error ReOptimizeLayer::defineGroup(FunctionId Id, uint64_t Number,
                                   unsigned Limit, Space &S,
                                   std::shared_ptr<ThreadSafeModule> TSM) {
  const bool Counting = Place.Old == OldCode::Count;
  std::vector<TierZeroUnit::Body> Bodies;
  ExecutorAddr ActiveCount;
  Error Err = TSM->withModuleDo([&](llvm::Module &Mod) -> Error {
    // Root first, then its like.
    SmallVector<std::string, 4> Names;
    {
      std::lock_guard<std::mutex> Lock(M);
      const Record &F = Functions[Id];
      Names.push_back((*F.Name).str());
      // Removed meanwhile: it has no input any more.
      if (F.In && is_contained(S.SoonCalled, Id))
        for (FunctionId Other : S.SoonCalled)
          if (Other != Id && Functions[Other].In == F.In &&
              Functions[Other].St == Stage::Lazy)
            Names.push_back((*Functions[Other].Name).str());
    }
    SmallVector<Function *, 4> Roots;
    for (auto &Name : Names)
      Roots.push_back(Mod.getFunction(Name));
    Function &Root = *Roots.front();
    // What cannot be counted is a group by itself, which is never freed before
    // its function is removed.
    const bool RootCounts = Counting && whyNotCounted(Root).empty();
    if (RootCounts) {
      auto Count = ActiveCounts->create();
      if (!Count)
        return Count.takeError();
      ActiveCount = *Count;
      std::lock_guard<std::mutex> Lock(M);
      TierZeroGroups[Number].ActiveCount = ActiveCount;
    }
    auto Take = [&](Function &F) {
      if (&F != &Root && Counting && (!RootCounts || !whyNotCounted(F).empty()))
        return false;
      std::lock_guard<std::mutex> Lock(M);
      auto I = S.ByName.find(F.getName());
      if (I == S.ByName.end())
        return false;
      Record &Known = Functions[I->second];
      if (Known.TierZeroGroup || Known.In != Functions[Id].In)
        return false;
      Known.TierZeroGroup = Number;
      TierZeroGroups[Number].Members.push_back(Known.Id);
      Bodies.push_back(
          {&F,
           F.getName().str(),
           {Opts.Count ? Known.Cell : ExecutorAddr(), Hook->getId(Known.Trip),
            /*Version=*/0, bool(Opts.Osr)}});
      return true;
    };
    selectTierZeroGroup(Roots, Limit, Take);
    return Error::success();
  });
  // None: removed meanwhile.
  if (Err || Bodies.empty())
    return Err;
  ResourceTrackerSP RT;
  {
    std::lock_guard<std::mutex> Lock(M);
    RT = TierZeroGroups[Number].RT;
  }
  return S.JD.define(
      std::make_unique<TierZeroUnit>(ES, Place.Base, std::move(TSM),
                                     std::move(Bodies), Number, ActiveCount),
      std::move(RT));
}

Error ReOptimizeLayer::leaveGroup(uint64_t Number, bool Failed) {
  std::vector<CodeObject> Unused;
  {
    std::lock_guard<std::mutex> Lock(M);
    CodeObject &Group = TierZeroGroups.find(Number)->second;
    --Group.Lookups;
    Group.Failed |= Failed;
    // The next call tries again: what was missing may be defined by then. While
    // others look bodies of it up, these may be found yet.
    if (Group.Failed && !Group.Lookups)
      for (FunctionId Id : Group.Members)
        if (Record &F = Functions[Id];
            F.TierZeroGroup == Number && !F.Tier0Compiled)
          F.TierZeroGroup = 0;
    takeUnusedGroup(Number, Unused);
  }
  return discard(std::move(Unused));
}

Expected<std::optional<ReOptimizeLayer::TierZeroLookup>>
ReOptimizeLayer::beginTierZero(FunctionId Id, unsigned Limit) {
  std::shared_ptr<std::mutex> Grouping;
  {
    std::lock_guard<std::mutex> Lock(M);
    if (Functions[Id].St == Stage::Removed)
      return std::nullopt;
    Grouping = Functions[Id].In->Grouping;
  }
  std::lock_guard<std::mutex> OneByOne(*Grouping);
  Space *S = nullptr;
  std::shared_ptr<ThreadSafeModule> TSM;
  auto Begin = [&]() -> std::optional<TierZeroLookup> {
    std::lock_guard<std::mutex> Lock(M);
    Record &F = Functions[Id];
    if (F.St == Stage::Removed || F.Body || F.Tier0Compiled)
      return std::nullopt;
    S = F.Home;
    TSM = F.In->TSM;
    auto Group = TierZeroGroups.find(F.TierZeroGroup);
    if (Group == TierZeroGroups.end())
      return TierZeroLookup();
    ++Group->second.Lookups;
    return TierZeroLookup{&S->JD,
                          ES.intern(getTierZeroName(*F.Name, Group->first)),
                          Group->first};
  };
  auto Wanted = Begin();
  if (!Wanted || Wanted->Group)
    return Wanted;
  // Whoever forms a group holds it, as a lookup would.
  uint64_t Number;
  ResourceTrackerSP RT = S->JD.createResourceTracker();
  {
    std::lock_guard<std::mutex> Lock(M);
    Number = ++LastGroup;
    CodeObject &Group = TierZeroGroups[Number];
    Group.RT = std::move(RT);
    Group.Lookups = 1;
    if (Input *In = Functions[Id].In) {
      if (In->Calls)
        Group.Calls.push_back(In->Calls);
      if (In->Memory)
        Group.Data.push_back(In->Memory);
    }
  }
  Error Err = defineGroup(Id, Number, Limit, *S, std::move(TSM));
  const bool Failed = bool(Err);
  Wanted = Failed ? std::nullopt : Begin();
  Err = joinErrors(std::move(Err), leaveGroup(Number, Failed));
  if (Err)
    return std::move(Err);
  return Wanted;
}

Error ReOptimizeLayer::endTierZero(FunctionId Id, const TierZeroLookup &Wanted,
                                   Expected<ExecutorSymbolDef> Found) {
  if (Found) {
    std::lock_guard<std::mutex> Lock(M);
    if (Record &F = Functions[Id]; F.St != Stage::Removed) {
      F.Tier0Entry = Found->getAddress();
      F.Tier0Compiled = true;
      if (F.St == Stage::Lazy) {
        F.transition(Stage::Tier0);
        if (F.Why == Reason::NotCalledYet)
          F.Why = Reason::NotHotYet;
      }
      if (!F.Body)
        pointTo(F, F.Tier0Entry);
    }
  }
  Error Err = leaveGroup(Wanted.Group, !Found);
  return Found ? std::move(Err) : joinErrors(Found.takeError(), std::move(Err));
}

/// The caller waits for a worker, without a lock. What the worker needs is the
/// policy's to know: it says no where the caller may keep that, and the wait
/// ends in any case. It ends when F is neither queued nor compiled any more,
/// which is changed under M by publish(), failures, removal, shutdown and
/// tiering being turned off, each of which notifies Idle after. Several callers
/// may wait: the first has queued F, and all look at F again then.
ExecutorAddr ReOptimizeLayer::answerFirstCall(FunctionId Id) {
  constexpr std::chrono::seconds Longest(1);
  auto IsUncalled = [&] {
    return Functions[Id].St == Stage::Lazy && Opts.Enabled && !Stopping;
  };
  bool Wanted = false, RunsOnce = false;
  {
    std::lock_guard<std::mutex> Lock(M);
    RunsOnce = Functions[Id].RunsOnce;
    // A child after a fork has no workers, and a policy that calls what it
    // compiles for would wait for itself.
    Wanted =
        IsUncalled() && !isCompiling() && (!Place.Workers || !Workers.empty());
  }
  if (Wanted) {
    Wanted = false;
    withTierZero(Id, [&](const Function &F) {
      Wanted = P->compilesFirst(F) &&
               (!RunsOnce || findReasonAgainst(const_cast<Function &>(F)));
    });
  }
  if (Wanted) {
    std::unique_lock<std::mutex> Lock(M);
    if (IsUncalled()) {
      Functions[Id].Asked = true;
      enqueue(Functions[Id], Reason::BeforeFirstCall);
      wakeWorkers(Lock);
    }
    if (Place.Workers) {
      if (!Lock.owns_lock())
        Lock.lock();
      Idle->wait_for(Lock, Longest, [&] {
        const Record &F = Functions[Id];
        return Stopping || (F.St != Stage::Queued && F.St != Stage::Compiling);
      });
      // What runs once has no use for a body that comes later.
      if (Record &F = Functions[Id]; F.RunsOnce) {
        F.Asked = false;
        if (F.St == Stage::Queued) {
          Queue.erase(Id);
          F.transition(F.getRunningStage());
          F.explain(Reason::NotCalledYet);
        }
      }
    }
  }
  return compileTierZero(Id);
}

ExecutorAddr ReOptimizeLayer::compileTierZero(FunctionId Id) {
  auto CompileAmong = [this, Id](unsigned Limit) -> Error {
    auto Wanted = beginTierZero(Id, Limit);
    if (!Wanted)
      return Wanted.takeError();
    if (!*Wanted)
      return Error::success();
    return endTierZero(
        Id, **Wanted,
        ES.lookup(makeJITDylibSearchOrder((*Wanted)->JD,
                                          JITDylibLookupFlags::MatchAllSymbols),
                  (*Wanted)->Body));
  };
  bool IsCompiled = true;
  auto Compile = [&] {
    Error Err = CompileAmong(Opts.TierZeroGroup);
    if (!Err)
      return;
    // What was wrong may be wrong with another of its group.
    consumeError(std::move(Err));
    Err = CompileAmong(1);
    if (!Err)
      return;
    IsCompiled = false;
    ES.reportError(std::move(Err));
  };
  // Whether there is nothing to do, and what to answer then.
  auto FindDone = [&]() -> std::optional<ExecutorAddr> {
    std::unique_lock<std::mutex> Lock(M);
    const Record &F = Functions[Id];
    const ExecutorAddr Stub = F.Stub;
    if (F.St == Stage::Removed) {
      Lock.unlock();
      return answerRemoved(Id) ? Stub : ExecutorAddr();
    }
    return F.Body || F.Tier0Compiled ? std::optional(Stub) : std::nullopt;
  };
  // Most calls of an entry that come late find the work done.
  if (auto Answer = FindDone())
    return *Answer;
  if (hasRoomToCompile())
    Compile();
  else
    llvm::thread(std::optional<unsigned>(CompileStack), Compile).join();
  if (auto Answer = FindDone())
    return *Answer;
  // If it was compiled it has lost its body again since, and the stub leads
  // here.
  std::lock_guard<std::mutex> Lock(M);
  return IsCompiled ? Functions[Id].Stub : ExecutorAddr();
}

} // namespace reopt
