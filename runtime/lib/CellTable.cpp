//===- CellTable.cpp - Where cells live -----------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/CellTable.h"
#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"
#include <cstddef>
#include <cstdint>

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

// A cell that nobody armed does not trip.
CellTable::CellTable(ExecutionSession &ES,
                     jitlink::JITLinkMemoryManager &MemMgr)
    : ES(ES), Pool(ES, MemMgr, sizeof(Cell), INT32_MAX) {}

void CellTable::release(ExecutorAddr Cell) {
  // An executor that is gone will be noticed by who has to tell the user.
  consumeError(arm(Cell, INT32_MAX, INT32_MAX));
  Pool.release(Cell);
}

Error CellTable::arm(ExecutorAddr Cell, int32_t Calls, int32_t Loops) {
  auto &Mem = ES.getExecutorProcessControl().getMemoryAccess();
  tpctypes::UInt32Write Words[] = {
      {Cell + offsetof(reopt::Cell, CallsLeft), uint32_t(Calls)},
      {Cell + offsetof(reopt::Cell, LoopsLeft), uint32_t(Loops)}};
  return Mem.writeUInt32s(Words);
}

Expected<Cell> CellTable::read(ExecutorAddr Cell) const {
  auto &Mem = ES.getExecutorProcessControl().getMemoryAccess();
  auto Words = Mem.readUInt32s({Cell + offsetof(reopt::Cell, CallsLeft),
                                Cell + offsetof(reopt::Cell, LoopsLeft)});
  if (!Words)
    return Words.takeError();
  return reopt::Cell{int32_t((*Words)[0]), int32_t((*Words)[1])};
}

} // namespace reopt
