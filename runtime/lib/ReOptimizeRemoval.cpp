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

#include "reopt/ReOptimizeLayer.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

Error ReOptimizeLayer::removeJITDylib(JITDylib &JD) {
  {
    std::lock_guard<std::mutex> Lock(M);
    Spaces.erase(&JD);
  }
  return Stubs->removeAll(JD);
}

Error ReOptimizeLayer::handleRemoveResources(JITDylib &JD, ResourceKey K) {
  std::vector<ResourceTrackerSP> Doomed;
  std::vector<std::shared_ptr<ThreadSafeModule>> DoomedIR;
  Error Result = Error::success();
  {
    std::lock_guard<std::mutex> Lock(M);
    auto [Begin, End] = Inputs.equal_range(K);
    if (Begin == End)
      return Result;
    Space &S = *Begin->second.Home;
    std::vector<StubTable::Request> Traps;
    std::vector<ExecutorAddr> DoomedCells;
    for (auto I = Begin; I != End; ++I) {
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
        DoomedCells.push_back(F.Cell);
      }
      DoomedIR.push_back(std::move(I->second.TSM));
      if (I->second.TierZero)
        Doomed.push_back(std::move(I->second.TierZero));
    }
    Inputs.erase(Begin, End);
    for (auto I = CallSlots.begin(); I != CallSlots.end();)
      I = I->second.Home != &S || S.Data.count(*I->second.Table)
              ? std::next(I)
              : CallSlots.erase(I);
    llvm::erase_if(Queue, [&](FunctionId Id) {
      return Functions[Id].St == Stage::Removed;
    });
    if (!ExecutorGone)
      Result = Stubs->redirect(JD, Traps);
    // Each release is a write: none, if the executor is gone.
    if (!ExecutorGone && !Result)
      for (ExecutorAddr Cell : DoomedCells)
        Cells->release(Cell);
    for (Record &F : Functions)
      F.ReferencesChecked = false;
    for (auto &Entry : S.Data)
      Entry.second.ReferencesChecked = false;
    auto IsGone = [&](FunctionId Id) {
      return Functions[Id].St == Stage::Removed;
    };
    for (auto I = Batches.begin(); I != Batches.end();) {
      BatchRecord &B = I->second;
      if (any_of(B.Uses, IsGone))
        for (FunctionId Id : B.Members)
          if (!IsGone(Id) && Functions[Id].PublishedBatch == I->first)
            demote(Functions[Id]);
      if (!all_of(B.Members, IsGone)) {
        ++I;
        continue;
      }
      Doomed.push_back(std::move(B.RT));
      I = Batches.erase(I);
    }
    Idle.notify_all();
  }
  for (auto &RT : Doomed)
    Result = joinErrors(std::move(Result), RT->remove());
  return Result;
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

} // namespace reopt
