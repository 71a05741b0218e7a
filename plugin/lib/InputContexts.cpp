//===-- InputContexts.cpp -------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InputContexts.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

/// Bytes of bitcode of which an input is small; a function of fifty lines has
/// five thousand.
static constexpr size_t SmallInput = 16 << 10;
static constexpr unsigned MostSharing = 64;

ThreadSafeContext InputContexts::getContext(size_t Size) {
  if (Size > SmallInput)
    return std::make_unique<LLVMContext>();
  if (Sharing++ % MostSharing == 0)
    Shared = std::make_unique<LLVMContext>();
  return Shared;
}

Expected<ThreadSafeModule> InputContexts::copy(const Module &M) {
  SmallVector<char, 0> Bytes;
  {
    // WriteBitcodeToFile() adds a symbol table for linkers, which has to be
    // found out first.
    BitcodeWriter Writer(Bytes);
    Writer.writeModule(M);
    Writer.writeStrtab();
  }
  const MemoryBufferRef Bitcode(StringRef(Bytes.data(), Bytes.size()),
                                M.getModuleIdentifier());
  ThreadSafeContext Context = getContext(Bytes.size());
  auto Copy = Context.withContextDo(
      [&](LLVMContext *Ctx) { return parseBitcodeFile(Bitcode, *Ctx); });
  if (!Copy)
    return Copy.takeError();
  return ThreadSafeModule(std::move(*Copy), std::move(Context));
}

} // namespace reopt
