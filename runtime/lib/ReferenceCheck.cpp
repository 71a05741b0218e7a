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
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Demangle/Demangle.h"
#include <set>

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

/// What \p Name is called in the source's IR, if it is a thread-local variable.
static StringRef getVariable(StringRef Name) {
  Name.consume_front(EmulatedTLSPrefix);
  return Name;
}

/// Others may check the same meanwhile, and go by what is noted here. So that
/// is noted when all of it is known to be there.
Error ReOptimizeLayer::checkReferences(Space &S,
                                       std::vector<std::string> Roots) {
  StringSet<> Outside;
  DenseSet<FunctionId> Reached;
  std::set<std::shared_ptr<Space::Mentions>> ReachedData;
  std::unique_lock<std::mutex> Lock(M);
  const uint64_t Before = Removals;
  while (!Roots.empty()) {
    std::string Name = std::move(Roots.back());
    Roots.pop_back();
    auto I = S.ByName.find(Name);
    if (I == S.ByName.end()) {
      if (auto D = S.Data.find(getVariable(Name)); D != S.Data.end()) {
        for (auto &Mentions : {D->second.Own, D->second.Shared})
          if (Mentions && !Mentions->Checked &&
              ReachedData.insert(Mentions).second)
            append_range(Roots, Mentions->Names);
      } else if (!S.KnownOutside.contains(Name)) {
        Outside.insert(Name);
      }
      continue;
    }
    const Record &F = Functions[I->second];
    if (F.ReferencesChecked || !Reached.insert(F.Id).second)
      continue;
    Lock.unlock();
    withTierZero(F.Id, [&](const Function &IR) {
      for (auto &Mentioned : getMentionedNames(IR))
        Roots.push_back(std::move(Mentioned));
    });
    Lock.lock();
  }
  Lock.unlock();
  auto Missing = findMissing(S, Outside);
  if (!Missing)
    return Missing.takeError();

  Lock.lock();
  // What is removed has others checked again, and is outside no more than what
  // was added.
  const bool IsUpToDate = Removals == Before;
  for (auto &Name : *Missing)
    Outside.erase(Name);
  for (auto &Found : Outside)
    if (IsUpToDate && !S.ByName.count(Found.getKey()) &&
        !S.Data.count(getVariable(Found.getKey())))
      S.KnownOutside.insert(Found.getKey());
  if (Missing->empty()) {
    if (!IsUpToDate)
      return Error::success();
    for (FunctionId Id : Reached)
      Functions[Id].ReferencesChecked = true;
    for (auto &Mentions : ReachedData)
      Mentions->Checked = true;
    return Error::success();
  }
  for (std::string &Name : *Missing) {
    StringRef Text = Name;
    const bool IsThreadLocal = Text.consume_front(EmulatedTLSPrefix);
    const bool HasFailed = S.FailedDefinitions.contains(Text);
    Name = (IsThreadLocal ? "thread-local " : "") + demangle(Text) +
           (HasFailed ? " (its definition failed)" : "");
  }
  llvm::sort(*Missing);
  return createStringError(inconvertibleErrorCode(),
                           "undefined: " + join(*Missing, ", "));
}

/// Those of \p Names that \p S and what it is linked with do not define.
/// Without M: ORC is asked.
Expected<std::vector<std::string>>
ReOptimizeLayer::findMissing(Space &S, const StringSet<> &Names) {
  std::vector<std::string> Missing;
  if (Names.empty())
    return Missing;
  SymbolLookupSet Wanted;
  for (auto &Name : Names)
    Wanted.add(Mangle(Name.getKey()),
               SymbolLookupFlags::WeaklyReferencedSymbol);
  JITDylibSearchOrder Order;
  S.JD.withLinkOrderDo(
      [&](const JITDylibSearchOrder &LinkOrder) { Order = LinkOrder; });
  auto Found = ES.lookup(Order, std::move(Wanted));
  if (!Found)
    return Found.takeError();
  for (auto &Name : Names)
    if (!Found->count(Mangle(Name.getKey())))
      Missing.push_back(Name.getKey().str());
  return Missing;
}

} // namespace reopt
