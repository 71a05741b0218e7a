//===-- CellTable.h ------------------------------------------------*- C++
//-*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Allocates Cells in the executing process, many to a page, and reads and
/// arms them there. All access goes through the session's
/// ExecutorProcessControl, so that a local and a remote executor are the same
/// code.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CELLTABLE_H
#define REOPT_CELLTABLE_H

#include "reopt/Cell.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h"
#include "llvm/ExecutionEngine/Orc/Core.h"
#include <mutex>
#include <vector>

namespace reopt {

/// Thread-safe; one mutex guards the free list and the slabs. No callback is
/// made under it.
class CellTable {
public:
  explicit CellTable(llvm::orc::ExecutionSession &ES,
                     llvm::jitlink::JITLinkMemoryManager &MemMgr)
      : ES(ES), MemMgr(MemMgr) {}

  /// Takes one cell from the pool. It reads as never tripping until arm().
  llvm::Expected<llvm::orc::ExecutorAddr> create();

  /// Returns a cell. The caller has made sure that no code counts in it any
  /// more, or does not mind counts in a stranger's cell.
  void release(llvm::orc::ExecutorAddr Cell);

  /// Sets all words. \p Calls and \p Loops are counts, at least 0.
  /// \p Continuations is a ContinuationTable, or null.
  llvm::Error arm(llvm::orc::ExecutorAddr Cell, int32_t Calls, int32_t Loops,
                  llvm::orc::ExecutorAddr Continuations = {});

  /// Reads all words, each as it is at some moment during the call.
  llvm::Expected<Cell> read(llvm::orc::ExecutorAddr Cell) const;

  /// Gives all memory back. No code may count any more.
  llvm::Error shutdown();

private:
  llvm::Error grow();

  llvm::orc::ExecutionSession &ES;
  llvm::jitlink::JITLinkMemoryManager &MemMgr;
  mutable std::mutex M;
  std::vector<llvm::orc::ExecutorAddr> Free;
  std::vector<llvm::jitlink::JITLinkMemoryManager::FinalizedAlloc> Slabs;
};

} // namespace reopt

#endif // REOPT_CELLTABLE_H
