//===-- ReferenceCheck.cpp ------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a module mentions and nobody defines: what a static linker would say,
// and a lazy function has nobody to tell.
//
//===----------------------------------------------------------------------===//

#include "ModulePartition.h"
#include "reopt/ReOptimizeLayer.h"
#include "llvm/Demangle/Demangle.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

void ReOptimizeLayer::noteFailed(Space &S, Owner By) {
  std::lock_guard<std::mutex> Lock(M);
  auto In = Inputs.find(By);
  if (In == Inputs.end())
    return;
  for (auto &Name : In->second.Data)
    S.FailedDefinitions.insert(Name);
  for (FunctionId Id : In->second.Functions)
    S.FailedDefinitions.insert(*Functions[Id].Name);
}

Error ReOptimizeLayer::checkReferences(Space &S,
                                       std::vector<std::string> Roots) {
  SymbolLookupSet Outside;
  std::vector<FunctionId> Reached;
  std::vector<std::string> ReachedData;
  while (!Roots.empty()) {
    std::string Name = std::move(Roots.back());
    Roots.pop_back();
    std::unique_lock<std::mutex> Lock(M);
    auto I = S.ByName.find(Name);
    if (I == S.ByName.end()) {
      StringRef Defined = Name;
      Defined.consume_front(EmulatedTLSPrefix);
      if (auto D = S.Data.find(Defined); D != S.Data.end()) {
        for (Space::Mentions *Mentions :
             {D->second.Own.get(), D->second.Shared.get()}) {
          if (!Mentions || Mentions->Checked)
            continue;
          Mentions->Checked = true;
          ReachedData.push_back(Defined.str());
          append_range(Roots, Mentions->Names);
        }
      } else if (S.KnownOutside.insert(Name).second) {
        Outside.add(Mangle(Name), SymbolLookupFlags::WeaklyReferencedSymbol);
      }
      continue;
    }
    Record &F = Functions[I->second];
    if (F.ReferencesChecked)
      continue;
    F.ReferencesChecked = true;
    Reached.push_back(F.Id);
    Lock.unlock();
    withTierZero(F.Id, [&](const Function &IR) {
      for (auto &Mentioned : getMentionedNames(IR))
        Roots.push_back(std::move(Mentioned));
    });
  }
  if (Outside.empty())
    return Error::success();

  std::vector<SymbolStringPtr> Names;
  for (auto &[Name, Flags] : Outside)
    Names.push_back(Name);
  JITDylibSearchOrder Order;
  S.JD.withLinkOrderDo(
      [&](const JITDylibSearchOrder &LinkOrder) { Order = LinkOrder; });
  auto Found = ES.lookup(Order, std::move(Outside));
  if (!Found)
    return Found.takeError();
  std::vector<std::string> Missing;
  std::lock_guard<std::mutex> Lock(M);
  for (auto &Name : Names)
    if (!Found->count(Name)) {
      StringRef Text = *Name;
      const bool IsThreadLocal = Text.consume_front(EmulatedTLSPrefix);
      Missing.push_back(
          (IsThreadLocal ? "thread-local " : "") + demangle(Text) +
          (S.FailedDefinitions.contains(Text) ? " (its definition failed)"
                                              : ""));
      S.KnownOutside.erase(*Name);
    }
  if (Missing.empty())
    return Error::success();
  for (FunctionId Id : Reached)
    Functions[Id].ReferencesChecked = false;
  for (auto &Name : ReachedData)
    if (auto D = S.Data.find(Name); D != S.Data.end())
      for (Space::Mentions *Mentions :
           {D->second.Own.get(), D->second.Shared.get()})
        if (Mentions)
          Mentions->Checked = false;
  llvm::sort(Missing);
  return createStringError(inconvertibleErrorCode(),
                           "undefined: " + join(Missing, ", "));
}

} // namespace reopt
