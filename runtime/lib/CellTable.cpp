//===-- CellTable.cpp -----------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/CellTable.h"
#include "llvm/ExecutionEngine/JITLink/JITLink.h"
#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"
#include <climits>

using namespace llvm;
using namespace llvm::orc;
using namespace llvm::jitlink;

namespace reopt {

namespace {

constexpr size_t SlabBytes = 16384;

ExecutorAddr wordAt(ExecutorAddr Cell, size_t Offset) { return Cell + Offset; }

} // namespace

Error CellTable::grow() {
  SimpleSegmentAlloc::SegmentMap Segments;
  Segments[orc::AllocGroup(MemProt::Read | MemProt::Write)] = {SlabBytes,
                                                               Align(64)};
  auto Alloc = SimpleSegmentAlloc::Create(MemMgr, ES.getSymbolStringPool(),
                                          ES.getTargetTriple(), nullptr,
                                          std::move(Segments));
  if (!Alloc)
    return Alloc.takeError();
  auto Info =
      Alloc->getSegInfo(orc::AllocGroup(MemProt::Read | MemProt::Write));
  // INT_MAX: a cell that nobody armed does not trip.
  auto *Cells = reinterpret_cast<Cell *>(Info.WorkingMem.data());
  std::fill(Cells, Cells + SlabBytes / sizeof(Cell),
            Cell{INT32_MAX, INT32_MAX, 0});
  auto Final = Alloc->finalize();
  if (!Final)
    return Final.takeError();
  Slabs.push_back(std::move(*Final));
  for (size_t Offset = SlabBytes; Offset; Offset -= sizeof(Cell))
    Free.push_back(Info.Addr + (Offset - sizeof(Cell)));
  return Error::success();
}

Expected<ExecutorAddr> CellTable::create() {
  std::lock_guard<std::mutex> Lock(M);
  if (Free.empty())
    if (auto Err = grow())
      return std::move(Err);
  ExecutorAddr Result = Free.back();
  Free.pop_back();
  return Result;
}

void CellTable::release(ExecutorAddr Cell) {
  // An executor that is gone will be noticed by who has to tell the user.
  consumeError(arm(Cell, INT32_MAX, INT32_MAX));
  std::lock_guard<std::mutex> Lock(M);
  Free.push_back(Cell);
}

Error CellTable::arm(ExecutorAddr Cell, int32_t Calls, int32_t Loops,
                     ExecutorAddr Continuations) {
  auto &Mem = ES.getExecutorProcessControl().getMemoryAccess();
  // First where to go, then that it is time to look.
  tpctypes::UInt64Write Table(
      wordAt(Cell, offsetof(reopt::Cell, Continuations)),
      Continuations.getValue());
  if (auto Err = Mem.writeUInt64s(Table))
    return Err;
  tpctypes::UInt32Write Words[] = {
      {wordAt(Cell, offsetof(reopt::Cell, CallsLeft)), uint32_t(Calls)},
      {wordAt(Cell, offsetof(reopt::Cell, LoopsLeft)), uint32_t(Loops)}};
  return Mem.writeUInt32s(Words);
}

Expected<Cell> CellTable::read(ExecutorAddr Cell) const {
  auto &Mem = ES.getExecutorProcessControl().getMemoryAccess();
  auto Words =
      Mem.readUInt32s({wordAt(Cell, offsetof(reopt::Cell, CallsLeft)),
                       wordAt(Cell, offsetof(reopt::Cell, LoopsLeft))});
  if (!Words)
    return Words.takeError();
  auto Table =
      Mem.readUInt64s(wordAt(Cell, offsetof(reopt::Cell, Continuations)));
  if (!Table)
    return Table.takeError();
  return reopt::Cell{int32_t((*Words)[0]), int32_t((*Words)[1]),
                     Table->front()};
}

Error CellTable::shutdown() {
  std::vector<JITLinkMemoryManager::FinalizedAlloc> Doomed;
  {
    std::lock_guard<std::mutex> Lock(M);
    Doomed = std::move(Slabs);
    Slabs.clear();
    Free.clear();
  }
  return Doomed.empty() ? Error::success()
                        : MemMgr.deallocate(std::move(Doomed));
}

} // namespace reopt
