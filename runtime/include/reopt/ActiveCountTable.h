//===- ActiveCountTable.h - Where active counts live ------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Allocates ActiveCounts in the executing process, from a SlotPool, and gives
/// them out again when their bodies are freed. All access goes through the
/// session's ExecutorProcessControl, so that a local and a remote executor are
/// the same code.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_ACTIVECOUNTTABLE_H
#define REOPT_ACTIVECOUNTTABLE_H

#include "reopt/ActiveCount.h"
#include "reopt/SlotPool.h"

namespace reopt {

/// Any thread may call any member. The only lock is the pool's, and no count is
/// read or written under it.
class ActiveCountTable {
public:
  /// \p ES and \p MemMgr outlive the table.
  ActiveCountTable(llvm::orc::ExecutionSession &ES,
                   llvm::jitlink::JITLinkMemoryManager &MemMgr)
      : ES(ES), Pool(ES, MemMgr, sizeof(ActiveCount), 0) {}

  /// A count of no entries and no exits. An error when the executor has no
  /// memory or is gone.
  llvm::Expected<llvm::orc::ExecutorAddr> create();

  /// Gives \p Count back. The bodies that counted in it are freed.
  void release(llvm::orc::ExecutorAddr Count) { Pool.release(Count); }

  /// Gives all memory back. No code may count any more.
  llvm::Error shutdown() { return Pool.shutdown(); }

private:
  llvm::orc::ExecutionSession &ES;
  SlotPool Pool;
};

} // namespace reopt

#endif // REOPT_ACTIVECOUNTTABLE_H
