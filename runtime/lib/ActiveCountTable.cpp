//===- ActiveCountTable.cpp - Where active counts live --------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/ActiveCountTable.h"
#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"
#include <cstddef>

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

Expected<ExecutorAddr> ActiveCountTable::create() {
  auto Count = Pool.take();
  if (!Count)
    return Count.takeError();
  // Cleared when it is taken, not when it is given back, where an executor that
  // is gone would be nobody's business.
  if (auto Err = ES.getExecutorProcessControl().getMemoryAccess().writeUInt64s(
          {{*Count + offsetof(ActiveCount, Entries), 0},
           {*Count + offsetof(ActiveCount, Exits), 0}})) {
    Pool.release(*Count);
    return std::move(Err);
  }
  return *Count;
}

} // namespace reopt
