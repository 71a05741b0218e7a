//===- ExecutorDispatch.cpp - Questions from the executor -----------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExecutorDispatch.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/DylibManager.h"
#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"
#include "llvm/Support/FormatVariadic.h"
#include <atomic>

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

/// Tags are executor addresses to the session. Ours are no addresses (not
/// canonical on x86-64, tagged on AArch64), so that they can meet neither a
/// symbol nor an earlier tag.
ExecutorAddr makeDispatchTag() {
  static std::atomic<uint64_t> Next{0x5eed000000000000};
  return ExecutorAddr(Next.fetch_add(16));
}

Error registerDispatchHandler(
    ExecutionSession &ES, ExecutorAddr Tag,
    ExecutionSession::JITDispatchHandlerFunction Handler) {
  // Handlers are registered by the name of a tag symbol, which is needed for no
  // longer than that.
  auto Name = ES.intern("__reopt_dispatch_tag");
  auto &JD =
      ES.createBareJITDylib(formatv("<reopt dispatch {0:x}>", Tag.getValue()));
  auto Err =
      JD.define(absoluteSymbols({{Name, {Tag, JITSymbolFlags::Exported}}}));
  if (!Err) {
    ExecutionSession::JITDispatchHandlerAssociationMap Handlers;
    Handlers[Name] = std::move(Handler);
    Err = ES.registerJITDispatchHandlers(JD, std::move(Handlers));
  }
  return joinErrors(std::move(Err), ES.removeJITDylib(JD));
}

ExecutorAddr findErrnoLocation(ExecutionSession &ES) {
  auto &Dylibs = ES.getExecutorProcessControl().getDylibMgr();
  auto Process = Dylibs.loadDylib(nullptr);
  if (!Process) {
    consumeError(Process.takeError());
    return ExecutorAddr();
  }
  StringRef Name =
      ES.getTargetTriple().isOSDarwin() ? "___error" : "__errno_location";
  SymbolLookupSet Symbols(ES.intern(Name),
                          SymbolLookupFlags::WeaklyReferencedSymbol);
  auto Result = Dylibs.lookupSymbols({{*Process, Symbols}});
  if (!Result) {
    consumeError(Result.takeError());
    return ExecutorAddr();
  }
  if (Result->size() != 1 || Result->front().size() != 1 ||
      !Result->front().front())
    return ExecutorAddr();
  return Result->front().front()->getAddress();
}

} // namespace reopt
