//===-- Prospects.cpp -----------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/Prospects.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <tuple>

using namespace llvm;

namespace reopt {

void Prospects::rate(FunctionId Id, uint64_t Promise) {
  NextUnrated = Id + 1;
  if (Promise)
    Entries[Id].Promise = Promise;
}

bool Prospects::isDue(const Entry &E, uint64_t Additions,
                      unsigned MaxRetries) const {
  if (E.IsTried)
    return false;
  return !E.Failures || (E.Failures <= MaxRetries &&
                         Additions - E.FailedAt >= 1ull << (E.Failures - 1));
}

std::vector<FunctionId>
Prospects::choose(uint64_t Additions, unsigned MaxRetries,
                  function_ref<bool(FunctionId)> IsFree) const {
  std::vector<std::tuple<uint64_t, FunctionId, size_t>> Due;
  for (auto &[Id, E] : Entries)
    if (isDue(E, Additions, MaxRetries) && IsFree(Id))
      Due.push_back({E.Promise, Id, E.MaxGroup});
  llvm::sort(Due, std::greater<>());
  std::vector<FunctionId> Result;
  size_t Limit = SIZE_MAX;
  for (auto &[Promise, Id, MaxGroup] : Due) {
    if (MaxGroup <= Result.size())
      continue;
    Result.push_back(Id);
    Limit = std::min(Limit, MaxGroup);
    if (Result.size() == Limit)
      break;
  }
  return Result;
}

size_t Prospects::count(uint64_t Additions, unsigned MaxRetries,
                        function_ref<bool(FunctionId)> IsFree) const {
  return llvm::count_if(Entries, [&](auto &Entry) {
    return isDue(Entry.second, Additions, MaxRetries) && IsFree(Entry.first);
  });
}

void Prospects::begin(ArrayRef<FunctionId> Ids) {
  for (FunctionId Id : Ids)
    Entries[Id].IsTried = true;
}

void Prospects::giveUp(ArrayRef<FunctionId> Ids) {
  for (FunctionId Id : Ids)
    if (auto I = Entries.find(Id); I != Entries.end())
      I->second.IsTried = false;
}

bool Prospects::fail(ArrayRef<FunctionId> Ids, uint64_t Additions) {
  const bool OneOfThem = Ids.size() > 1;
  for (FunctionId Id : Ids) {
    auto I = Entries.find(Id);
    if (I == Entries.end())
      continue;
    Entry &E = I->second;
    E.IsTried = false;
    E.MaxGroup = (Ids.size() + 1) / 2;
    if (OneOfThem)
      continue;
    ++E.Failures;
    E.FailedAt = Additions;
  }
  return !OneOfThem;
}

} // namespace reopt
