//===-- ReOptimizeRemoval.cpp ---------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Modules that go, what had their definitions inside, and machine code that
// nothing leads to any more.
//
//===----------------------------------------------------------------------===//

#include "reopt/ReOptimizeLayer.h"
#include "reopt/ThreadObserver.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

Error ReOptimizeLayer::removeJITDylib(JITDylib &JD) {
  // Nothing of ours may refer to the space any more.
  if (auto Err = JD.clear())
    return Err;
  {
    std::lock_guard<std::mutex> Lock(M);
    Spaces.erase(&JD);
  }
  return Stubs->removeAll(JD);
}

Error ReOptimizeLayer::handleRemoveResources(JITDylib &JD, ResourceKey K) {
  return removeInputs(JD, K, std::nullopt);
}

Error ReOptimizeLayer::removeInputs(JITDylib &JD, ResourceKey K,
                                    std::optional<uint64_t> Addition) {
  std::vector<CodeObject> Unused;
  std::vector<std::shared_ptr<ThreadSafeModule>> DoomedIR;
  Error Result = Error::success();
  {
    std::lock_guard<std::mutex> Lock(M);
    auto [Begin, End] = Inputs.equal_range(K);
    if (Begin == End)
      return Result;
    Space &S = *Begin->second.Home;
    std::vector<StubTable::Request> Traps;
    DenseSet<uint64_t> Groups;
    for (auto Next = Begin; Next != End;) {
      auto I = Next++;
      if (Addition && I->second.Addition != *Addition)
        continue;
      for (auto &Name : I->second.Data) {
        // A definition that was refused does not take the first one along.
        auto Mine = S.Data.find(Name);
        if (Mine == S.Data.end() || Mine->second.Owner != K)
          continue;
        S.Data.erase(Mine);
        S.Tables.erase(Mangle(Name));
      }
      for (FunctionId Id : I->second.Functions) {
        Record &F = Functions[Id];
        F.In = nullptr;
        if (F.St == Stage::Removed)
          continue;
        F.transition(Stage::Removed);
        F.Why = Reason::Undone;
        if (!F.Stub)
          continue;
        pointTablesToStub(F);
        CallSlots.erase(Id);
        Entries->release(F.LazyEntry);
        S.ByName.erase(*F.Name);
        Traps.push_back({F.Name, ExecutorAddr()});
        // Its code may run on, and must not find what goes with it.
        dropContinuations(F, F.ContinuationBatch);
        OldCells.push_back(F.Cell);
        if (F.TierZeroGroup)
          Groups.insert(F.TierZeroGroup);
      }
      DoomedIR.push_back(std::move(I->second.TSM));
      Inputs.erase(I);
    }
    for (auto I = CallSlots.begin(); I != CallSlots.end();)
      I = I->second.Home != &S || S.Data.count(*I->second.Table)
              ? std::next(I)
              : CallSlots.erase(I);
    llvm::erase_if(Queue, [&](FunctionId Id) {
      return Functions[Id].St == Stage::Removed;
    });
    if (!ExecutorGone)
      Result = Stubs->redirect(JD, Traps);
    if (Result)
      ExecutorGone = true; // Who removes is told.
    for (Record &F : Functions)
      F.ReferencesChecked = false;
    for (auto &Entry : S.Data)
      Entry.second.ReferencesChecked = false;
    auto IsGone = [&](FunctionId Id) {
      return Functions[Id].St == Stage::Removed;
    };
    std::vector<uint64_t> Numbers;
    for (auto &[Number, B] : Batches) {
      Numbers.push_back(Number);
      if (any_of(B.Uses, IsGone))
        for (FunctionId Id : B.Members) {
          if (IsGone(Id))
            continue;
          dropContinuations(Functions[Id], Number);
          if (Functions[Id].PublishedBatch == Number)
            demote(Functions[Id]);
        }
    }
    for (uint64_t Number : Numbers)
      takeUnusedBatch(Number, Unused);
    for (uint64_t Number : Groups)
      takeUnusedGroup(Number, Unused);
    Idle.notify_all();
  }
  return joinErrors(std::move(Result), discard(std::move(Unused)));
}

void ReOptimizeLayer::handleTransferResources(JITDylib &, ResourceKey Dst,
                                              ResourceKey Src) {
  std::lock_guard<std::mutex> Lock(M);
  auto [Begin, End] = Inputs.equal_range(Src);
  std::vector<Input> Moved;
  for (auto I = Begin; I != End; ++I)
    Moved.push_back(std::move(I->second));
  Inputs.erase(Begin, End);
  for (auto &From : Moved) {
    Input &In = Inputs.emplace(Dst, std::move(From))->second;
    for (FunctionId Id : In.Functions)
      Functions[Id].In = &In;
    auto &Data = In.Home->Data;
    for (auto &Name : In.Data)
      if (auto D = Data.find(Name); D != Data.end() && D->second.Owner == Src)
        D->second.Owner = Dst;
  }
}

//===----------------------------------------------------------------------===//
// Old code
//===----------------------------------------------------------------------===//

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

size_t ReOptimizeLayer::collect() { return Reclaim ? Reclaim->collect() : 0; }

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
  return Result;
}

/// Under M. Code of removed functions counted in them as long as it was mapped.
void ReOptimizeLayer::releaseOldCells() {
  if (!RetiredObjects && !ExecutorGone)
    for (ExecutorAddr Cell : std::exchange(OldCells, {}))
      Cells->release(Cell);
}

Error ReOptimizeLayer::discard(std::vector<CodeObject> Unused) {
  Error Result = Error::success();
  std::vector<std::pair<RetiredCode, CodeObject>> Retired;
  for (CodeObject &Object : Unused) {
    RetiredCode Code;
    if (Reclaim)
      consumeError(Object.RT->withResourceKeyDo(
          [&](ResourceKey K) { Code.Ranges = Extents->find(K); }));
    if (Code.Ranges.empty()) {
      Result = joinErrors(std::move(Result), unmap(Object));
      continue;
    }
    if (Object.ActiveCount)
      Code.Counts.push_back(Object.ActiveCount);
    Code.InTables = Object.InTables;
    Retired.push_back({std::move(Code), std::move(Object)});
  }
  {
    std::lock_guard<std::mutex> Lock(M);
    RetiredObjects += Retired.size();
    releaseOldCells();
  }
  for (auto &[Code, Object] : Retired)
    Reclaim->retire(std::move(Code),
                    [this, Object = std::move(Object)]() mutable {
                      Error Err = unmap(Object);
                      std::lock_guard<std::mutex> Lock(M);
                      --RetiredObjects;
                      releaseOldCells();
                      return Err;
                    });
  return Result;
}

} // namespace reopt
