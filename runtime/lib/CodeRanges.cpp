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
  auto I = Ranges.upper_bound(Addr - 1);
  if (I == Ranges.begin())
    return std::nullopt;
  --I;
  if (Addr - 1 >= I->first + I->second.Size)
    return std::nullopt;
  return I->second.Name;
}

void CodeRanges::linked(jitlink::LinkGraph &G, ResourceKey Owner) {
  std::lock_guard<std::mutex> Lock(M);
  for (jitlink::Symbol *S : G.defined_symbols())
    if (S->hasName() && S->isCallable() && S->getSize()) {
      const StringRef Symbol = *S->getName();
      const StringRef Name = Symbol.rsplit(Marker).first;
      if (Name.size() != Symbol.size())
        Ranges[S->getAddress()] = {S->getSize(), Name.str(), Owner};
    }
}

Error CodeRanges::notifyRemovingResources(JITDylib &, ResourceKey K) {
  std::lock_guard<std::mutex> Lock(M);
  for (auto I = Ranges.begin(); I != Ranges.end();)
    I = I->second.Owner == K ? Ranges.erase(I) : std::next(I);
  return Error::success();
}

void CodeRanges::notifyTransferringResources(JITDylib &, ResourceKey Dst,
                                             ResourceKey Src) {
  std::lock_guard<std::mutex> Lock(M);
  for (auto &[Addr, R] : Ranges)
    if (R.Owner == Src)
      R.Owner = Dst;
}

} // namespace reopt
