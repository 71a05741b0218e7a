//===-- CodeRanges.cpp ----------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/CodeRanges.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

std::optional<std::string> CodeRanges::find(ExecutorAddr Addr) const {
  std::lock_guard<std::mutex> Lock(M);
  auto I = Objects.upper_bound(Addr - 1);
  if (I == Objects.begin())
    return std::nullopt;
  const ExecutorAddr First = (--I)->first;
  const auto &Ranges = I->second.Ranges;
  const uint64_t Offset = Addr - 1 - First;
  auto R = upper_bound(Ranges, Offset, [](uint64_t Offset, const Range &R) {
    return Offset < R.Offset;
  });
  --R;
  if (Offset >= uint64_t(R->Offset) + R->Size)
    return std::nullopt;
  return StringRef(*R->Symbol).rsplit(Marker).first.str();
}

void CodeRanges::linked(jitlink::LinkGraph &G, ResourceKey Owner) {
  std::vector<jitlink::Symbol *> Marked;
  for (jitlink::Symbol *S : G.defined_symbols())
    if (S->hasName() && S->isCallable() && S->getSize() &&
        StringRef(*S->getName()).contains(Marker))
      Marked.push_back(S);
  if (Marked.empty())
    return;
  llvm::sort(Marked, [](jitlink::Symbol *A, jitlink::Symbol *B) {
    return A->getAddress() < B->getAddress();
  });
  Object New{Owner, {}};
  const ExecutorAddr First = Marked.front()->getAddress();
  for (jitlink::Symbol *S : Marked)
    New.Ranges.push_back({uint32_t(S->getAddress() - First),
                          uint32_t(S->getSize()), S->getName()});
  std::lock_guard<std::mutex> Lock(M);
  Objects[First] = std::move(New);
  Owned[Owner].push_back(First);
}

Error CodeRanges::notifyRemovingResources(JITDylib &, ResourceKey K) {
  std::lock_guard<std::mutex> Lock(M);
  auto Mine = Owned.find(K);
  if (Mine == Owned.end())
    return Error::success();
  // One that failed to link may have left its memory to another.
  for (ExecutorAddr First : Mine->second)
    if (auto I = Objects.find(First);
        I != Objects.end() && I->second.Owner == K)
      Objects.erase(I);
  Owned.erase(Mine);
  return Error::success();
}

void CodeRanges::notifyTransferringResources(JITDylib &, ResourceKey Dst,
                                             ResourceKey Src) {
  std::lock_guard<std::mutex> Lock(M);
  auto I = Owned.find(Src);
  if (I == Owned.end())
    return;
  auto Moved = std::move(I->second);
  Owned.erase(I);
  for (ExecutorAddr First : Moved)
    if (auto O = Objects.find(First);
        O != Objects.end() && O->second.Owner == Src)
      O->second.Owner = Dst;
  append_range(Owned[Dst], Moved);
}

} // namespace reopt
