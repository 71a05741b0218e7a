//===- TestMemory.h - Executor memory that can fail -------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_TESTMEMORY_H
#define REOPT_TEST_TESTMEMORY_H

#include "CountingMemoryManager.h"

#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"
#include "llvm/ExecutionEngine/Orc/MemoryAccess.h"

#include <map>

namespace reopt {

/// Reaches the protected member that says how memory is accessed.
struct EPCAccess : llvm::orc::ExecutorProcessControl {
  static llvm::orc::MemoryAccess *&
  memAccess(llvm::orc::ExecutorProcessControl &EPC) {
    return EPC.*(&EPCAccess::MemAccess);
  }
};

/// Notes pointer writes; one of them writes only its first half and fails.
class FlakyMemoryAccess : public llvm::orc::MemoryAccess {
public:
  FlakyMemoryAccess(llvm::orc::MemoryAccess &Base) : Base(Base) {}

  void writePointersAsync(llvm::ArrayRef<llvm::orc::tpctypes::PointerWrite> Ws,
                          WriteResultFn OnComplete) override {
    for (auto &W : Ws)
      Last[W.Addr] = W.Value;
    if (WritesLeft-- != 0)
      return Base.writePointersAsync(Ws, std::move(OnComplete));
    Base.writePointersAsync(
        Ws.take_front(Ws.size() / 2),
        [OnComplete = std::move(OnComplete)](llvm::Error Err) mutable {
          OnComplete(joinErrors(
              llvm::createStringError("write failed, as the test ordered"),
              std::move(Err)));
        });
  }
  std::map<llvm::orc::ExecutorAddr, llvm::orc::ExecutorAddr> Last;
  size_t WritesLeft = ~size_t(0);

private:
  llvm::orc::MemoryAccess &Base;

#define FORWARD(NAME, REQUEST, FN)                                             \
  void NAME(llvm::ArrayRef<llvm::orc::REQUEST> Rs, FN F) override {            \
    Base.NAME(Rs, std::move(F));                                               \
  }
  FORWARD(writeUInt8sAsync, tpctypes::UInt8Write, WriteResultFn)
  FORWARD(writeUInt16sAsync, tpctypes::UInt16Write, WriteResultFn)
  FORWARD(writeUInt32sAsync, tpctypes::UInt32Write, WriteResultFn)
  FORWARD(writeUInt64sAsync, tpctypes::UInt64Write, WriteResultFn)
  FORWARD(writeBuffersAsync, tpctypes::BufferWrite, WriteResultFn)
  FORWARD(readUInt8sAsync, ExecutorAddr, OnReadUIntsCompleteFn<uint8_t>)
  FORWARD(readUInt16sAsync, ExecutorAddr, OnReadUIntsCompleteFn<uint16_t>)
  FORWARD(readUInt32sAsync, ExecutorAddr, OnReadUIntsCompleteFn<uint32_t>)
  FORWARD(readUInt64sAsync, ExecutorAddr, OnReadUIntsCompleteFn<uint64_t>)
  FORWARD(readPointersAsync, ExecutorAddr, OnReadPointersCompleteFn)
  FORWARD(readBuffersAsync, ExecutorAddrRange, OnReadBuffersCompleteFn)
  FORWARD(readStringsAsync, ExecutorAddr, OnReadStringsCompleteFn)
#undef FORWARD
};

template <typename T> void expectFailed(llvm::Expected<T> E) {
  EXPECT_FALSE(!!E);
  consumeError(E.takeError());
}

} // namespace reopt

#endif // REOPT_TEST_TESTMEMORY_H
