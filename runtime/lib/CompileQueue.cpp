//===-- CompileQueue.cpp --------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/CompileQueue.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVector.h"
#include <algorithm>
#include <tuple>

using namespace llvm;

namespace reopt {

void CompileQueue::erase(FunctionId Id) {
  llvm::erase_if(Entries, [Id](const Entry &E) { return E.Id == Id; });
}

void CompileQueue::eraseIf(function_ref<bool(FunctionId)> Leaves) {
  std::vector<Entry> Kept;
  for (Entry &E : Entries)
    if (!Leaves(E.Id))
      Kept.push_back(E);
  Entries = std::move(Kept);
}

void CompileQueue::moveToFront(FunctionId Id) {
  auto I = find_if(Entries, [Id](const Entry &E) { return E.Id == Id; });
  if (I != Entries.end())
    std::rotate(Entries.begin(), I, std::next(I));
}

void CompileQueue::noteTrip(FunctionId Id) {
  for (Entry &E : Entries)
    if (E.Id == Id)
      ++E.Trips;
}

void CompileQueue::lookAt(Entry &E, Time Now, uint64_t Heat) {
  if (!E.Looks || Heat != E.Heat)
    E.Gained = Now;
  if (!E.Looks) {
    E.Looks = 1;
    E.Since = Now;
  } else if (Now - E.Since >= RateInterval) {
    const std::chrono::duration<double> Seconds = Now - E.Since;
    E.Rate = double(Heat - E.Heat) / Seconds.count();
    E.Looks = 2;
    E.Since = Now;
  } else {
    // Too early: what was gained counts for the next look.
    return;
  }
  E.Heat = Heat;
}

double CompileQueue::getRank(const Entry &E) {
  constexpr double Unknown = 1e-9;
  return (E.Looks > 1 ? E.Rate : Unknown) * (1 + E.Trips);
}

std::vector<FunctionId> CompileQueue::look(Time Now, const Questions &Ask) {
  struct Group {
    SmallVector<Entry, 2> Members;
    /// How many groups came before it.
    size_t Place = 0;
    double Rank = 0;
    bool IsUrgent = false, IsStale = true;
  };
  MapVector<FunctionId, Group> ByLeader;
  for (Entry &E : Entries) {
    lookAt(E, Now, Ask.GetHeat(E.Id));
    const FunctionId Leader = Ask.GetLeader(E.Id);
    const size_t Place = ByLeader.size();
    Group &G = ByLeader[Leader];
    if (G.Members.empty())
      G.Place = Place;
    G.Rank = std::max(G.Rank, getRank(E));
    G.IsUrgent |= Ask.IsUrgent(E.Id);
    G.IsStale &= Now - E.Gained >= StaleAfter;
    if (E.Id == Leader)
      G.Members.insert(G.Members.begin(), E);
    else
      G.Members.push_back(E);
  }
  auto Groups = ByLeader.takeVector();
  llvm::sort(Groups, [](const auto &First, const auto &Second) {
    const Group &A = First.second, &B = Second.second;
    return std::make_tuple(A.IsUrgent, A.Rank, B.Place) >
           std::make_tuple(B.IsUrgent, B.Rank, A.Place);
  });
  std::vector<FunctionId> Stale;
  Entries.clear();
  for (auto &[Leader, G] : Groups)
    for (const Entry &E : G.Members)
      if (G.IsStale && !G.IsUrgent)
        Stale.push_back(E.Id);
      else
        Entries.push_back(E);
  return Stale;
}

} // namespace reopt
