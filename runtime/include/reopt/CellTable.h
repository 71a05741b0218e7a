//===- CellTable.h - Where cells live ---------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Allocates Cells in the executing process, from a SlotPool, and reads and
/// arms them there. All access goes through the session's
/// ExecutorProcessControl, so that a local and a remote executor are the same
/// code.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CELLTABLE_H
#define REOPT_CELLTABLE_H

#include "reopt/Cell.h"
#include "reopt/SlotPool.h"

namespace reopt {

/// Any thread may call any member. The only lock is the pool's, and no cell is
/// read or written under it.
class CellTable {
public:
  /// \p ES and \p MemMgr outlive the table.
  CellTable(llvm::orc::ExecutionSession &ES,
            llvm::jitlink::JITLinkMemoryManager &MemMgr);

  /// Takes one cell from the pool. It reads as never tripping until arm().
  llvm::Expected<llvm::orc::ExecutorAddr> create() { return Pool.take(); }

  /// Returns a cell. The caller has made sure that no code counts in it any
  /// more, or does not mind counts in a stranger's cell.
  void release(llvm::orc::ExecutorAddr Cell);

  /// Sets both words. \p Calls and \p Loops are counts, at least 0.
  llvm::Error arm(llvm::orc::ExecutorAddr Cell, int32_t Calls, int32_t Loops);

  /// Reads both words as they are at some moment during the call.
  llvm::Expected<Cell> read(llvm::orc::ExecutorAddr Cell) const;

  /// Gives all memory back. No code may count any more.
  llvm::Error shutdown() { return Pool.shutdown(); }

private:
  llvm::orc::ExecutionSession &ES;
  SlotPool Pool;
};

} // namespace reopt

#endif // REOPT_CELLTABLE_H
