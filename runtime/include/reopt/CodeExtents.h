//===- CodeExtents.h - Where an object's machine code lies ------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// All machine code that was linked for a resource tracker, local functions and
/// the linker's own stubs included: what nobody may be in when it is freed.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CODEEXTENTS_H
#define REOPT_CODEEXTENTS_H

#include "reopt/LinkObserver.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include <mutex>

namespace reopt {

/// Thread-safe; one mutex guards the map, and nothing is called under it.
class CodeExtents : public LinkObserver {
public:
  using Ranges = llvm::SmallVector<llvm::orc::ExecutorAddrRange, 1>;

  /// The code linked for \p Key so far; empty if there is none.
  Ranges find(llvm::orc::ResourceKey Key) const;

  llvm::Error notifyRemovingResources(llvm::orc::JITDylib &JD,
                                      llvm::orc::ResourceKey K) override;
  void notifyTransferringResources(llvm::orc::JITDylib &JD,
                                   llvm::orc::ResourceKey DstKey,
                                   llvm::orc::ResourceKey SrcKey) override;

private:
  void linked(llvm::jitlink::LinkGraph &G,
              llvm::orc::ResourceKey Owner) override;

  mutable std::mutex M;
  llvm::DenseMap<llvm::orc::ResourceKey, Ranges> Extents;
};

} // namespace reopt

#endif // REOPT_CODEEXTENTS_H
