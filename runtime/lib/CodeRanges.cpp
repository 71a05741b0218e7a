//===-- CodeRanges.cpp ----------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/CodeRanges.h"
#include "llvm/ExecutionEngine/JITLink/JITLink.h"

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

void CodeRanges::modifyPassConfig(MaterializationResponsibility &MR,
                                  jitlink::LinkGraph &,
                                  jitlink::PassConfiguration &Config) {
  ResourceKey Key = 0;
  // A tracker that is gone already will have its link fail.
  consumeError(MR.withResourceKeyDo([&](ResourceKey K) { Key = K; }));
  Config.PostFixupPasses.push_back([this, Key](jitlink::LinkGraph &G) {
    std::lock_guard<std::mutex> Lock(M);
    for (jitlink::Symbol *S : G.defined_symbols())
      if (S->hasName() && S->isCallable() && S->getSize()) {
        const StringRef Symbol = *S->getName();
        const StringRef Name = Symbol.rsplit(Marker).first;
        if (Name.size() != Symbol.size())
          Ranges[S->getAddress()] = {S->getSize(), Name.str(), Key};
      }
    return Error::success();
  });
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
