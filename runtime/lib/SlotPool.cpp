//===- SlotPool.cpp - Small slots of executor memory ----------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/SlotPool.h"
#include "llvm/ExecutionEngine/JITLink/JITLink.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cassert>

using namespace llvm;
using namespace llvm::orc;
using namespace llvm::jitlink;

namespace reopt {

static constexpr size_t SlabBytes = 16384;
static constexpr size_t SlabAlign = 64;

SlotPool::SlotPool(ExecutionSession &ES, JITLinkMemoryManager &MemMgr,
                   size_t SlotBytes, uint32_t Fresh)
    : ES(ES), MemMgr(MemMgr), SlotBytes(SlotBytes), Fresh(Fresh) {
  assert(isPowerOf2_64(SlotBytes) && SlotBytes >= sizeof(Fresh) &&
         SlotBytes <= SlabAlign && "slots would straddle cache lines");
}

Error SlotPool::grow() {
  constexpr MemProt Data = MemProt::Read | MemProt::Write;
  auto Alloc = SimpleSegmentAlloc::Create(
      MemMgr, ES.getSymbolStringPool(), ES.getTargetTriple(), nullptr,
      {{orc::AllocGroup(Data), {SlabBytes, Align(SlabAlign)}}});
  if (!Alloc)
    return Alloc.takeError();
  auto Info = Alloc->getSegInfo(orc::AllocGroup(Data));
  auto *Words = reinterpret_cast<uint32_t *>(Info.WorkingMem.data());
  std::fill(Words, Words + SlabBytes / sizeof(Fresh), Fresh);
  auto Final = Alloc->finalize();
  if (!Final)
    return Final.takeError();
  Slabs.push_back(std::move(*Final));
  for (size_t Offset = SlabBytes; Offset; Offset -= SlotBytes)
    Free.push_back(Info.Addr + (Offset - SlotBytes));
  return Error::success();
}

Expected<ExecutorAddr> SlotPool::take() {
  std::lock_guard<std::mutex> Lock(M);
  if (Free.empty())
    if (auto Err = grow())
      return std::move(Err);
  ExecutorAddr Slot = Free.back();
  Free.pop_back();
  return Slot;
}

void SlotPool::release(ExecutorAddr Slot) {
  std::lock_guard<std::mutex> Lock(M);
  Free.push_back(Slot);
}

Error SlotPool::shutdown() {
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
