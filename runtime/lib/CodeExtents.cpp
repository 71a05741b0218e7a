//===- CodeExtents.cpp - Where an object's machine code lies --------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/CodeExtents.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

CodeExtents::Ranges CodeExtents::find(ResourceKey Key) const {
  std::lock_guard<std::mutex> Lock(M);
  return Extents.lookup(Key);
}

void CodeExtents::linked(jitlink::LinkGraph &G, ResourceKey Owner) {
  Ranges Found;
  for (jitlink::Section &S : G.sections())
    if ((S.getMemProt() & MemProt::Exec) != MemProt::None && !S.empty())
      Found.push_back(jitlink::SectionRange(S).getRange());
  std::lock_guard<std::mutex> Lock(M);
  Extents[Owner].append(Found);
}

Error CodeExtents::notifyRemovingResources(JITDylib &, ResourceKey K) {
  std::lock_guard<std::mutex> Lock(M);
  Extents.erase(K);
  return Error::success();
}

void CodeExtents::notifyTransferringResources(JITDylib &, ResourceKey Dst,
                                              ResourceKey Src) {
  std::lock_guard<std::mutex> Lock(M);
  if (auto I = Extents.find(Src); I != Extents.end()) {
    Ranges Moved = std::move(I->second);
    Extents.erase(I);
    Extents[Dst].append(Moved);
  }
}

} // namespace reopt
