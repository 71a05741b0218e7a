//===- SlotPool.h - Small slots of executor memory --------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Hands out slots of one small size in the executing process, many to a slab,
/// and takes them back. A slab is one allocation of the session's memory
/// manager, 16 KiB of data, aligned so that no slot straddles two cache lines.
/// What a slot means is its table's business: CellTable and ActiveCountTable.
///
/// Slots are used again last in, first out, which keeps those in use together.
/// The pool neither reads nor writes a slot once its slab is made: a slot comes
/// as its last user left it.
///
/// Threads: every member may be called from any thread. One mutex guards the
/// free slots and the slabs. The memory manager is called under it to make a
/// slab; no code of the caller's is.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_SLOTPOOL_H
#define REOPT_SLOTPOOL_H

#include "llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h"
#include "llvm/ExecutionEngine/Orc/Core.h"
#include <cstdint>
#include <mutex>
#include <vector>

namespace reopt {

class SlotPool {
public:
  /// An empty pool. \p ES and \p MemMgr outlive it. \p SlotBytes, the size of a
  /// slot and its alignment, is a power of two from 4 to 64. A slot that nobody
  /// has used yet reads \p Fresh in each of its 32-bit words.
  SlotPool(llvm::orc::ExecutionSession &ES,
           llvm::jitlink::JITLinkMemoryManager &MemMgr, size_t SlotBytes,
           uint32_t Fresh);

  /// A slot that nobody has. An error when the executor has no memory or is
  /// gone.
  llvm::Expected<llvm::orc::ExecutorAddr> take();

  /// Gives \p Slot back, which take() returned.
  void release(llvm::orc::ExecutorAddr Slot);

  /// Gives all memory back; no slot may be used any more. To be called before
  /// the pool goes. The pool is empty, and usable, afterwards.
  llvm::Error shutdown();

private:
  /// Makes a slab. Under M.
  llvm::Error grow();

  llvm::orc::ExecutionSession &ES;
  llvm::jitlink::JITLinkMemoryManager &MemMgr;
  const size_t SlotBytes;
  const uint32_t Fresh;
  std::mutex M;
  std::vector<llvm::orc::ExecutorAddr> Free; ///< The next to be taken is last.
  std::vector<llvm::jitlink::JITLinkMemoryManager::FinalizedAlloc> Slabs;
};

} // namespace reopt

#endif // REOPT_SLOTPOOL_H
