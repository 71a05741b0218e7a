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
  struct Object {
    llvm::orc::ResourceKey Owner;
    /// In order of address.
    std::vector<Range> Ranges;
  };

  const std::string Marker;
  mutable std::mutex M;
  /// By the address of the first range.
  std::map<llvm::orc::ExecutorAddr, Object> Objects;
  /// Those addresses, by whose the objects are, or were.
  llvm::DenseMap<llvm::orc::ResourceKey,
                 llvm::SmallVector<llvm::orc::ExecutorAddr, 1>>
      Owned;
};

} // namespace reopt

#endif // REOPT_CODERANGES_H
