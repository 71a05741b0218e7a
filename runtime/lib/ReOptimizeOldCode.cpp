//===-- ReOptimizeOldCode.cpp ---------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Machine code that nothing leads to any more, and how it goes.
//
// Replaced code. Its stubs lead elsewhere when it comes here, and so it is
// retired at once: Reclaimer.h has the proof.
//
// Removed code. Somebody may run in it, or in what was retired before and came
// with it, or in code of others that has a function of it inside. All of these
// may call functions that were removed, and use data that were. Nobody else
// calls these functions, which is what it means that they are removed. So:
//
//   1. Stubs stay as they are. An object that goes because its functions were
//      removed is given to the Reclaimer as if it were retired. It is not, as
//      stubs lead into it; but when the steps of the proof succeed nobody was
//      in it at one moment, and whoever comes back comes from other code that
//      is held.
//   2. Each object holds the HeldCalls of the inputs that it has to do with,
//      and lets go of them when it passed 1, or when it was freed. What is
//      removed together may call each other. So when nobody holds those of any
//      input that went with a tracker, nobody is left who calls its functions:
//      their stubs become traps, unless the functions were defined anew. In
//      that case the code that called them calls the new ones; when these are
//      removed too it holds their calls, and they make the traps (noteRemoved).
//   3. Now the objects that passed 1 are retired, for good.
//   4. Each object holds the HeldData of the same inputs until it is unmapped.
//      The data go with the last of them.
//
// A batch may stay, since other functions have bodies in it. It is watched as
// in 1, and then lets go of what it holds of the removed inputs: of their calls
// at once, of their data when the calls have ended.
//
// Step 1 need not be right for the rest to be safe: memory is freed by 3, after
// a proof with all that it asks for. Were a caller overlooked in 1, it would
// meet a trap.
//
// A function that nobody had called when it was removed has no body that its
// stub leads to; nor has one that lost its last body, since that was made with
// something that was removed before, and was not called since. If it was
// compiled along with a caller, its first call finds that body (answerRemoved).
// Else it cannot be compiled any more, since what it mentions by name may be
// gone, and the call fails as one that cannot be compiled.
//
//===----------------------------------------------------------------------===//

#include "RemovedCode.h"
#include "reopt/StackScan.h"
#include "reopt/ThreadObserver.h"
#include "reopt/TierZero.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

/// Retired with the last of the RemovedCalls that it waits for.
class ReOptimizeLayer::LastObject {
public:
  LastObject(ReOptimizeLayer &L, CodeObject Object)
      : L(L), Object(std::move(Object)) {}
  ~LastObject() {
    if (!L.Ending)
      L.retire(std::move(Object));
  }
  LastObject(const LastObject &) = delete;
  LastObject &operator=(const LastObject &) = delete;

private:
  ReOptimizeLayer &L;
  CodeObject Object;
};

void ReOptimizeLayer::startReclaiming() {
  if (Place.Old == OldCode::Keep)
    return;
  if (!Hook->isInProcess()) {
    Place.Old = OldCode::Keep;
    WhyKept = "the executor is another process, whose threads are not observed";
    return;
  }
  auto Proof = ThreadObserver::Create({});
  if (!Proof) {
    Place.Old = OldCode::Keep;
    WhyKept = toString(Proof.takeError());
    return;
  }
  ObservedBy = (*Proof)->getSignal();
  Reclaim =
      std::make_unique<Reclaimer>(ES, std::move(*Proof), Reclaimer::Settings());
}

size_t ReOptimizeLayer::collect() {
  if (!Reclaim)
    return 0;
  auto GetFreed = [this] {
    std::lock_guard<std::mutex> Lock(M);
    return FreedObjects;
  };
  const uint64_t Before = GetFreed();
  Reclaim->collect();
  return GetFreed() - Before;
}

bool ReOptimizeLayer::mayGoEarly(const CodeObject &Object) const {
  return Place.Old == OldCode::Observe ||
         (Place.Old == OldCode::Count && Object.ActiveCount);
}

void ReOptimizeLayer::takeUnusedGroup(uint64_t Number,
                                      std::vector<CodeObject> &Unused) {
  auto I = TierZeroGroups.find(Number);
  if (I == TierZeroGroups.end() || I->second.Lookups)
    return;
  // A member that was never called for, since its callers got it inlined, does
  // not keep the others.
  bool HasMembers = false;
  for (FunctionId Id : I->second.Members) {
    const Record &F = Functions[Id];
    if (F.St == Stage::Removed || F.TierZeroGroup != Number)
      continue;
    if (F.Tier0Compiled && !F.Body)
      return;
    HasMembers = true;
  }
  if (HasMembers && !mayGoEarly(I->second))
    return;
  for (FunctionId Id : I->second.Members) {
    Record &F = Functions[Id];
    if (F.TierZeroGroup != Number)
      continue;
    F.TierZeroGroup = 0;
    F.Tier0Compiled = false;
    F.Tier0Entry = F.LazyEntry;
  }
  Unused.push_back(std::move(I->second));
  TierZeroGroups.erase(I);
}

void ReOptimizeLayer::takeUnusedBatch(uint64_t Number,
                                      std::vector<CodeObject> &Unused) {
  auto I = Batches.find(Number);
  if (I == Batches.end())
    return;
  bool HasMembers = false;
  for (FunctionId Id : I->second.Members) {
    const Record &F = Functions[Id];
    if (F.St == Stage::Removed)
      continue;
    if (F.PublishedBatch == Number || F.ContinuationBatch == Number)
      return;
    HasMembers = true;
  }
  if (HasMembers && !mayGoEarly(I->second))
    return;
  Unused.push_back(std::move(I->second));
  Batches.erase(I);
}

Error ReOptimizeLayer::unmap(CodeObject &Object) {
  // It may have gone with its JITDylib.
  Error Result =
      Object.RT->isDefunct() ? Error::success() : Object.RT->remove();
  if (Object.ActiveCount)
    ActiveCounts->release(Object.ActiveCount);
  Object.Calls.clear();
  Object.Data.clear();
  return Result;
}

Error ReOptimizeLayer::discard(std::vector<CodeObject> Unused) {
  Error Result = Error::success();
  std::vector<CodeObject> Replaced, Removed;
  for (CodeObject &Object : Unused) {
    if (!Reclaim || describe(Object).Ranges.empty()) {
      Result = joinErrors(std::move(Result), unmap(Object));
      continue;
    }
    std::lock_guard<std::mutex> Lock(M);
    ++RetiredObjects;
    (any_of(
         Object.Members,
         [this](FunctionId Id) { return Functions[Id].St == Stage::Removed; })
         ? Removed
         : Replaced)
        .push_back(std::move(Object));
  }
  for (CodeObject &Object : Replaced)
    retire(std::move(Object));
  for (CodeObject &Object : Removed)
    retireRemoved(std::move(Object));
  // The caller's next frames lie where the addresses were looked up.
  if (Reclaim)
    clearDeadStack();
  return Result;
}

/// Without M: asks ORC.
RetiredCode ReOptimizeLayer::describe(const CodeObject &Object) const {
  RetiredCode Code;
  consumeError(Object.RT->withResourceKeyDo(
      [&](ResourceKey K) { Code.Ranges = Extents->find(K); }));
  if (Object.ActiveCount)
    Code.Counts.push_back(Object.ActiveCount);
  Code.InTables = Object.InTables;
  return Code;
}

void ReOptimizeLayer::reclaim(CodeObject Object,
                              unique_function<Error(CodeObject)> Then) {
  RetiredCode Code = describe(Object);
  Reclaim->retire(std::move(Code), [Then = std::move(Then),
                                    Object = std::move(Object)]() mutable {
    return Then(std::move(Object));
  });
}

void ReOptimizeLayer::retire(CodeObject Object) {
  reclaim(std::move(Object), [this](CodeObject Free) {
    Error Err = unmap(Free);
    std::lock_guard<std::mutex> Lock(M);
    --RetiredObjects;
    ++FreedObjects;
    return Err;
  });
}

void ReOptimizeLayer::retireRemoved(CodeObject Object) {
  reclaim(std::move(Object), [this](CodeObject Left) {
    auto Calls = std::exchange(Left.Calls, {});
    auto Last = std::make_shared<LastObject>(*this, std::move(Left));
    std::lock_guard<std::mutex> Lock(M);
    for (auto &Held : Calls)
      if (Held->Removed)
        Held->Removed->Then.push_back(Last);
    return Error::success();
  });
}

std::vector<uint64_t> ReOptimizeLayer::findBatchesWithRemoved() const {
  std::vector<uint64_t> Numbers;
  for (auto &[Number, B] : Batches)
    if (any_of(B.Calls, [](auto &Held) { return bool(Held->Removed); }))
      Numbers.push_back(Number);
  return Numbers;
}

/// The batch may be freed meanwhile. Then this waits for nobody to be in
/// whatever is there by then, and finds nothing to do.
void ReOptimizeLayer::watch(uint64_t Number) {
  CodeObject Seen;
  {
    std::lock_guard<std::mutex> Lock(M);
    auto I = Batches.find(Number);
    if (I == Batches.end())
      return;
    Seen.RT = I->second.RT;
    Seen.ActiveCount = I->second.ActiveCount;
    Seen.InTables = I->second.InTables;
  }
  Reclaim->retire(describe(Seen), [this, Number] {
    // Let go of when M is not held.
    std::vector<std::shared_ptr<HeldCalls>> Calls;
    std::lock_guard<std::mutex> Lock(M);
    auto I = Batches.find(Number);
    if (I == Batches.end())
      return Error::success();
    CodeObject &B = I->second;
    for (auto &Held : B.Calls)
      if (Held->Removed)
        Calls.push_back(Held);
    for (auto &Held : B.Data)
      if (Held->IsRemoved)
        for (auto &Callers : Calls)
          Callers->Removed->Then.push_back(Held);
    llvm::erase_if(B.Calls, [](auto &Held) { return bool(Held->Removed); });
    llvm::erase_if(B.Data, [](auto &Held) { return Held->IsRemoved; });
    return Error::success();
  });
}

void ReOptimizeLayer::holdCalls(Input &In,
                                const std::shared_ptr<RemovedCalls> &Removed) {
  if (In.Memory)
    In.Memory->IsRemoved = true;
  if (!In.Calls)
    return;
  In.Calls->Removed = Removed;
  append_range(Removed->Functions, In.Functions);
  for (FunctionId Id : In.Functions)
    if (const Record &F = Functions[Id]; F.Stub && !F.Tier0Compiled && !F.Body)
      UncalledRemoved[Id] = F.TierZeroGroup;
}

/// Each holds the next one only, so that a function which is defined and
/// removed for ever while somebody stays in its first definition costs a little
/// each time, and not more each time.
void ReOptimizeLayer::noteRemoved(
    const std::shared_ptr<RemovedCalls> &Removed,
    std::vector<std::shared_ptr<RemovedCalls>> &LetGo) {
  SmallPtrSet<const RemovedCalls *, 4> Holders;
  for (FunctionId Id : Removed->Functions) {
    const Record &F = Functions[Id];
    if (!F.Stub)
      continue;
    Space::LastRemoval &Last = Removed->From->LastRemoved[F.Name];
    auto Earlier = Last.IfNotEnded.lock();
    Last = {Removed.get(), Removed};
    if (!Earlier)
      continue;
    if (Holders.insert(Earlier.get()).second)
      Earlier->Then.push_back(Removed);
    // It may be the last by now that holds it.
    LetGo.push_back(std::move(Earlier));
  }
}

bool ReOptimizeLayer::answerRemoved(FunctionId Id) {
  if (!Reclaim)
    return false;
  auto IsDefinedAnew = [](const Record &F) {
    return F.Home->ByName.count(*F.Name) != 0;
  };
  JITDylib *JD;
  SymbolStringPtr Body;
  {
    std::lock_guard<std::mutex> Lock(M);
    // A thread may come here long after it left the stub. That leads to a body,
    // or to the next definition.
    auto I = UncalledRemoved.find(Id);
    const Record &F = Functions[Id];
    if (I == UncalledRemoved.end() || IsDefinedAnew(F))
      return true;
    if (!I->second)
      return false;
    JD = &F.Home->JD;
    Body = ES.intern(getTierZeroName(*F.Name, I->second));
  }
  auto Found = ES.lookup(
      makeJITDylibSearchOrder(JD, JITDylibLookupFlags::MatchAllSymbols), Body);
  if (!Found) {
    ES.reportError(Found.takeError());
    return false;
  }
  std::lock_guard<std::mutex> Lock(M);
  const Record &F = Functions[Id];
  if (UncalledRemoved.erase(Id) && !IsDefinedAnew(F) && !ExecutorGone)
    noteAccess(Stubs->redirect(*JD, {{F.Name, Found->getAddress()}}));
  return true;
}

//===----------------------------------------------------------------------===//
// What removed code goes on with
//===----------------------------------------------------------------------===//

/// They may hold each other in a long row: not by recursion, then.
LayerRecords::RemovedCalls::~RemovedCalls() {
  static thread_local std::vector<std::shared_ptr<void>> *ToLetGo = nullptr;
  if (!L.Ending)
    L.endCalls(*this);
  if (ToLetGo) {
    append_range(*ToLetGo, std::exchange(Then, {}));
    return;
  }
  ToLetGo = &Then;
  while (!Then.empty()) {
    std::shared_ptr<void> Next = std::move(Then.back());
    Then.pop_back();
  }
  ToLetGo = nullptr;
}

void ReOptimizeLayer::endCalls(RemovedCalls &Calls) {
  Space &S = *Calls.From;
  std::lock_guard<std::mutex> OneByOne(S.Adding);
  std::lock_guard<std::mutex> Lock(M);
  std::vector<StubTable::Request> Traps;
  for (FunctionId Id : Calls.Functions) {
    const Record &F = Functions[Id];
    if (!F.Stub)
      continue;
    UncalledRemoved.erase(Id);
    Entries->release(F.LazyEntry);
    // Only who removed it last knows that nobody is left to call it.
    auto Last = S.LastRemoved.find(F.Name);
    if (Last == S.LastRemoved.end() || Last->second.Calls != &Calls)
      continue;
    S.LastRemoved.erase(Last);
    if (!S.ByName.count(*F.Name))
      Traps.push_back({F.Name, ExecutorAddr()});
  }
  if (!S.IsGone && !ExecutorGone)
    noteAccess(Stubs->redirect(S.JD, Traps));
}

LayerRecords::HeldData::~HeldData() {
  if (IsRemoved && !L.Ending)
    L.endData(*this);
}

void ReOptimizeLayer::endData(HeldData &Data) {
  if (!Data.Cells.empty()) {
    std::lock_guard<std::mutex> Lock(M);
    for (ExecutorAddr Cell : Data.Cells)
      if (!ExecutorGone)
        Cells->release(Cell);
  }
  if (!Data.RT || Data.RT->isDefunct())
    return;
  // Initialisers, and functions without stubs.
  RetiredCode Code;
  consumeError(Data.RT->withResourceKeyDo(
      [&](ResourceKey K) { Code.Ranges = Extents->find(K); }));
  auto Free = [RT = std::move(Data.RT)] {
    return RT->isDefunct() ? Error::success() : RT->remove();
  };
  if (!Code.Ranges.empty())
    return Reclaim->retire(std::move(Code), std::move(Free));
  if (auto Err = Free())
    ES.reportError(std::move(Err));
}

} // namespace reopt
