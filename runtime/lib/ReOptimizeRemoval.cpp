//===-- ReOptimizeRemoval.cpp ---------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Modules that go, and what had their definitions inside.
//
//===----------------------------------------------------------------------===//

#include "RemovedCode.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

Error ReOptimizeLayer::removeJITDylib(JITDylib &JD) {
  // Nothing of ours may refer to the space any more.
  if (auto Err = JD.clear())
    return Err;
  // From now on no function of it is chosen; one may be in the batch that is
  // compiled while the program waits, which wait() says nothing of.
  if (Spare)
    Spare->waitForStep();
  std::shared_ptr<Space> S;
  {
    std::lock_guard<std::mutex> Lock(M);
    auto I = Spaces.find(&JD);
    if (I == Spaces.end())
      return Error::success();
    S = std::move(I->second);
    Spaces.erase(I);
  }
  std::lock_guard<std::mutex> NoneAdds(S->Adding);
  S->IsGone = true;
  return Stubs->removeAll(JD);
}

Error ReOptimizeLayer::handleRemoveResources(JITDylib &JD, ResourceKey K) {
  return removeInputs(JD, K, std::nullopt);
}

Error ReOptimizeLayer::removeInputs(JITDylib &JD, ResourceKey K,
                                    std::optional<uint64_t> Addition) {
  std::vector<CodeObject> Unused;
  std::vector<uint64_t> Watched;
  // Let go of when M is not held.
  std::vector<std::shared_ptr<ThreadSafeModule>> DoomedIR;
  std::vector<std::shared_ptr<RemovedCalls>> Removed;
  std::vector<std::shared_ptr<HeldCalls>> Calls;
  std::vector<std::shared_ptr<HeldData>> Data;
  Error Result = Error::success();
  {
    std::lock_guard<std::mutex> Lock(M);
    auto Begin = Inputs.lower_bound({K, Addition.value_or(0)});
    auto End = Addition ? Inputs.upper_bound({K, *Addition})
                        : Inputs.lower_bound({K + 1, 0});
    if (Begin == End)
      return Result;
    Space &S = *Begin->second.Home;
    if (Reclaim) {
      Removed.push_back(std::make_shared<RemovedCalls>(*this));
      Removed.front()->From = S.shared_from_this();
    }
    std::vector<StubTable::Request> Traps;
    DenseSet<uint64_t> Groups;
    // Whether other code may have something of it inside, or mention it. What
    // ran once and was not compiled again is nowhere else.
    bool OthersCare = false;
    for (auto Next = Begin; Next != End;) {
      auto I = Next++;
      OthersCare |= I->second.IsShared;
      for (auto &Name : I->second.Data) {
        // A definition that was refused does not take the first one along.
        auto Mine = S.Data.find(Name);
        if (Mine == S.Data.end() || Mine->second.Owner != I->first.Addition)
          continue;
        S.Data.erase(Mine);
        S.Tables.erase(Mangle(Name));
      }
      for (FunctionId Id : I->second.Functions) {
        Record &F = Functions[Id];
        F.In = nullptr;
        if (F.St == Stage::Removed)
          continue;
        OthersCare |= !F.RunsOnce ||
                      (F.St != Stage::Lazy && F.St != Stage::Tier0) ||
                      F.ContinuationBatch;
        F.transition(Stage::Removed);
        F.Why = Reason::Undone;
        Ahead.forget(Id);
        if (!F.Stub)
          continue;
        pointTablesToStub(F);
        CallSlots.erase(Id);
        // It may have lost its name to another definition.
        if (auto Mine = S.ByName.find(*F.Name);
            Mine != S.ByName.end() && Mine->second == Id)
          S.ByName.erase(Mine);
        if (!Reclaim) {
          Entries->release(F.LazyEntry);
          Traps.push_back({F.Name, ExecutorAddr()});
        }
        // Its code may run on, and must not find what goes with it.
        dropContinuations(F, F.ContinuationBatch);
        if (Reclaim)
          I->second.Memory->Cells.push_back(F.Cell);
        else if (!ExecutorGone)
          Cells->release(F.Cell);
        if (F.TierZeroGroup)
          Groups.insert(F.TierZeroGroup);
      }
      holdCalls(I->second, Reclaim ? Removed.front() : nullptr);
      DoomedIR.push_back(std::move(I->second.TSM));
      Calls.push_back(std::move(I->second.Calls));
      Data.push_back(std::move(I->second.Memory));
      Inputs.erase(I);
    }
    if (Reclaim)
      noteRemoved(std::shared_ptr(Removed.front()), Removed);
    for (auto I = CallSlots.begin(); OthersCare && I != CallSlots.end();)
      I = I->second.Home != &S || S.Data.count(*I->second.Table)
              ? std::next(I)
              : CallSlots.erase(I);
    Queue.eraseIf(
        [&](FunctionId Id) { return Functions[Id].St == Stage::Removed; });
    if (!ExecutorGone)
      Result = Stubs->redirect(JD, Traps);
    if (Result)
      ExecutorGone = true; // Who removes is told.
    if (OthersCare) {
      ++Removals;
      for (Record &F : Functions)
        F.ReferencesChecked = false;
      for (auto &[Name, D] : S.Data)
        for (Space::Mentions *Mentions : {D.Own.get(), D.Shared.get()})
          if (Mentions)
            Mentions->Checked = false;
    }
    auto IsGone = [&](FunctionId Id) {
      return Functions[Id].St == Stage::Removed;
    };
    std::vector<uint64_t> Numbers;
    if (OthersCare)
      for (auto &[Number, B] : Batches) {
        Numbers.push_back(Number);
        if (none_of(B.Uses, IsGone))
          continue;
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
    if (Reclaim)
      Watched = findBatchesWithRemoved();
    Idle->notify_all();
  }
  for (uint64_t Number : Watched)
    watch(Number);
  return joinErrors(std::move(Result), discard(std::move(Unused)));
}

void ReOptimizeLayer::handleTransferResources(JITDylib &, ResourceKey Dst,
                                              ResourceKey Src) {
  std::lock_guard<std::mutex> Lock(M);
  for (auto I = Inputs.lower_bound({Src, 0});
       I != Inputs.end() && I->first.Key == Src;) {
    auto Moved = Inputs.extract(I++);
    Moved.key().Key = Dst;
    Inputs.insert(std::move(Moved));
  }
}

} // namespace reopt
