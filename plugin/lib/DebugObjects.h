//===- DebugObjects.h - What a debugger is told of inputs -------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_DEBUGOBJECTS_H
#define REOPT_CLANG_DEBUGOBJECTS_H

#include "llvm/ADT/StringSet.h"
#include "llvm/ExecutionEngine/Orc/Debugging/ELFDebugObjectPlugin.h"
#include <mutex>

namespace reopt {

/// Registers objects with debuggers, as the stock executor does, but for inputs
/// that go as soon as they have run: LLVM does not unregister what goes, and a
/// debugger that comes later would read memory that is not there any more. It
/// shows their frames without names.
///
/// Thread-safe; one mutex guards the set, and nothing is called under it.
class DebugObjects : public llvm::orc::ELFDebugObjectPlugin {
public:
  static llvm::Expected<std::shared_ptr<DebugObjects>>
  Create(llvm::orc::ExecutionSession &ES);

  /// Objects of IR module \p Input are left out from now on, or not any more.
  void leaveOut(llvm::StringRef Input);
  void noteGone(llvm::StringRef Input);

  void notifyMaterializing(llvm::orc::MaterializationResponsibility &MR,
                           llvm::jitlink::LinkGraph &G,
                           llvm::jitlink::JITLinkContext &Ctx,
                           llvm::MemoryBufferRef Object) override;
  void modifyPassConfig(llvm::orc::MaterializationResponsibility &MR,
                        llvm::jitlink::LinkGraph &G,
                        llvm::jitlink::PassConfiguration &Passes) override;

private:
  DebugObjects(llvm::orc::ExecutionSession &ES, llvm::Error &Err);
  bool isLeftOut(const llvm::jitlink::LinkGraph &G);

  std::mutex M;
  llvm::StringSet<> LeftOut;
};

} // namespace reopt

#endif // REOPT_CLANG_DEBUGOBJECTS_H
