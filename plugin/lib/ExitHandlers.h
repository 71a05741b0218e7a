//===-- ExitHandlers.h ------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// The destructors that inputs register with __cxa_atexit, by the input whose
/// object they destroy. When an input is undone, its objects are destroyed,
/// as those of a library are that is unloaded; the rest is destroyed when the
/// session ends, the last one first. (LLJIT keeps one list for the session,
/// and would run an undone input's destructors from memory that is gone.)
///
/// Which input an object belongs to is told by its address: as a JITLink plugin
/// this notes where each input's memory is.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_EXITHANDLERS_H
#define REOPT_CLANG_EXITHANDLERS_H

#include "reopt/LinkObserver.h"
#include <mutex>
#include <vector>

namespace llvm {
class Module;
} // namespace llvm

namespace reopt {

/// One mutex guards the lists; handlers run without it. Handlers are added by
/// any user thread and run by the interpreter thread.
class ExitHandlers : public LinkObserver {
public:
  using Function = void (*)(void *);

  /// What user code calls instead of __cxa_atexit; \p Handle is this object.
  static int add(Function F, void *Object, void *Handle);

  /// Destroys the objects that are in memory of \p K.
  void runFor(llvm::orc::ResourceKey K);

  /// Destroys all that are left.
  void runAll();

  /// Makes \p M register its destructors here. The caller holds the lock of
  /// M's context.
  void intercept(llvm::Module &M);

  /// Name under which add() is to be defined.
  static constexpr const char *SymbolName = "__reopt_cxa_atexit";

  llvm::Error notifyRemovingResources(llvm::orc::JITDylib &JD,
                                      llvm::orc::ResourceKey K) override;
  void notifyTransferringResources(llvm::orc::JITDylib &JD,
                                   llvm::orc::ResourceKey DstKey,
                                   llvm::orc::ResourceKey SrcKey) override;

private:
  void linked(llvm::jitlink::LinkGraph &G,
              llvm::orc::ResourceKey Owner) override;

  struct Handler {
    Function F;
    void *Object;
  };
  struct Range {
    llvm::orc::ExecutorAddrRange Addresses;
    llvm::orc::ResourceKey Owner;
  };
  /// With the mutex held.
  bool isIn(const void *Address, llvm::orc::ResourceKey K) const;

  mutable std::mutex M;
  std::vector<Handler> Handlers;
  std::vector<Range> Ranges;
};

} // namespace reopt

#endif // REOPT_CLANG_EXITHANDLERS_H
