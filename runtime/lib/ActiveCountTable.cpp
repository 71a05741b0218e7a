//===- ActiveCountTable.cpp - Where active counts live --------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/ActiveCountTable.h"
#include "llvm/ExecutionEngine/JITLink/JITLink.h"
#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"
#include <cstring>

using namespace llvm;
using namespace llvm::orc;
using namespace llvm::jitlink;

namespace reopt {

static constexpr size_t SlabBytes = 16384;

Error ActiveCountTable::grow() {
  constexpr MemProt Data = MemProt::Read | MemProt::Write;
  auto Alloc = SimpleSegmentAlloc::Create(
      MemMgr, ES.getSymbolStringPool(), ES.getTargetTriple(), nullptr,
      {{orc::AllocGroup(Data), {SlabBytes, Align(64)}}});
  if (!Alloc)
    return Alloc.takeError();
  auto Info = Alloc->getSegInfo(orc::AllocGroup(Data));
  memset(Info.WorkingMem.data(), 0, SlabBytes);
  auto Final = Alloc->finalize();
  if (!Final)
    return Final.takeError();
  Slabs.push_back(std::move(*Final));
  for (size_t Offset = SlabBytes; Offset; Offset -= sizeof(ActiveCount))
    Free.push_back(Info.Addr + (Offset - sizeof(ActiveCount)));
  return Error::success();
}

Expected<ExecutorAddr> ActiveCountTable::create() {
  std::lock_guard<std::mutex> Lock(M);
  if (Free.empty())
    if (auto Err = grow())
      return std::move(Err);
  ExecutorAddr Count = Free.back();
  // Cleared when it is taken, not when it is given back, where an executor that
  // is gone would be nobody's business.
  if (auto Err = ES.getExecutorProcessControl().getMemoryAccess().writeUInt64s(
          {{Count + offsetof(ActiveCount, Entries), 0},
           {Count + offsetof(ActiveCount, Exits), 0}}))
    return std::move(Err);
  Free.pop_back();
  return Count;
}

void ActiveCountTable::release(ExecutorAddr Count) {
  std::lock_guard<std::mutex> Lock(M);
  Free.push_back(Count);
}

Error ActiveCountTable::shutdown() {
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
