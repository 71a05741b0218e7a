//===- ActiveCountTable.h - Where active counts live ------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Allocates ActiveCounts in the executing process, many to a slab, and gives
/// them out again when their bodies are freed. All access goes through the
/// session's ExecutorProcessControl, so that a local and a remote executor are
/// the same code.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_ACTIVECOUNTTABLE_H
#define REOPT_ACTIVECOUNTTABLE_H

#include "reopt/ActiveCount.h"
#include "llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h"
#include "llvm/ExecutionEngine/Orc/Core.h"
#include <mutex>
#include <vector>

namespace reopt {

/// Thread-safe; one mutex guards the free list and the slabs. The memory
/// manager and the executor are called under it, no code of the caller's is.
class ActiveCountTable {
public:
  /// \p ES and \p MemMgr outlive the table.
  ActiveCountTable(llvm::orc::ExecutionSession &ES,
                   llvm::jitlink::JITLinkMemoryManager &MemMgr)
      : ES(ES), MemMgr(MemMgr) {}

  /// A count of no entries and no exits. An error when the executor has no
  /// memory or is gone.
  llvm::Expected<llvm::orc::ExecutorAddr> create();

  /// Gives \p Count back. The bodies that counted in it are freed.
  void release(llvm::orc::ExecutorAddr Count);

  /// Gives all memory back. No code may count any more.
  llvm::Error shutdown();

private:
  llvm::Error grow();

  llvm::orc::ExecutionSession &ES;
  llvm::jitlink::JITLinkMemoryManager &MemMgr;
  std::mutex M;
  std::vector<llvm::orc::ExecutorAddr> Free;
  std::vector<llvm::jitlink::JITLinkMemoryManager::FinalizedAlloc> Slabs;
};

} // namespace reopt

#endif // REOPT_ACTIVECOUNTTABLE_H
