//===-- CodeRanges.h --------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Which function's body an address lies in, for bodies whose symbols are the
/// function's name, a given marker, and something more. A JITLink plugin that
/// notes each such symbol as it is linked and forgets it when its memory is
/// freed.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CODERANGES_H
#define REOPT_CODERANGES_H

#include "reopt/LinkObserver.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace reopt {

/// Thread-safe; one mutex guards the map, and nothing is called under it.
class CodeRanges : public LinkObserver {
public:
  explicit CodeRanges(std::string Marker) : Marker(std::move(Marker)) {}

  /// The name, up to the marker, of the symbol whose code \p Addr lies in. A
  /// return address counts to the function that made the call.
  std::optional<std::string> find(llvm::orc::ExecutorAddr Addr) const;

  llvm::Error notifyRemovingResources(llvm::orc::JITDylib &JD,
                                      llvm::orc::ResourceKey K) override;
  void notifyTransferringResources(llvm::orc::JITDylib &JD,
                                   llvm::orc::ResourceKey DstKey,
                                   llvm::orc::ResourceKey SrcKey) override;

private:
  void linked(llvm::jitlink::LinkGraph &G,
              llvm::orc::ResourceKey Owner) override;

  struct Range {
    /// From the object's first.
    uint32_t Offset, Size;
    llvm::orc::SymbolStringPtr Symbol;
  };
  const std::string Marker;
  mutable std::mutex M;
  /// The ranges of an object in order of address, by the first one's.
  std::map<llvm::orc::ExecutorAddr, std::vector<Range>> Objects;
  /// Those addresses, by whose the objects are.
  llvm::DenseMap<llvm::orc::ResourceKey,
                 llvm::SmallVector<llvm::orc::ExecutorAddr, 1>>
      Owned;
};

} // namespace reopt

#endif // REOPT_CODERANGES_H
