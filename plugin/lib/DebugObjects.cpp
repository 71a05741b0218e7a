//===-- DebugObjects.cpp --------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DebugObjects.h"
#include "llvm/ExecutionEngine/JITLink/JITLink.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

DebugObjects::DebugObjects(ExecutionSession &ES, Error &Err)
    : ELFDebugObjectPlugin(ES, /*RequireDebugSections=*/false,
                           /*AutoRegisterCode=*/true, Err) {}

Expected<std::shared_ptr<DebugObjects>>
DebugObjects::Create(ExecutionSession &ES) {
  Error Err = Error::success();
  std::shared_ptr<DebugObjects> Result(new DebugObjects(ES, Err));
  if (Err)
    return std::move(Err);
  return Result;
}

void DebugObjects::leaveOut(StringRef Input) {
  std::lock_guard<std::mutex> Lock(M);
  LeftOut.insert(Input);
}

void DebugObjects::noteGone(StringRef Input) {
  std::lock_guard<std::mutex> Lock(M);
  LeftOut.erase(Input);
}

/// Compilers name objects after their modules: that of the input, or a part of
/// it, whose name begins with the input's.
bool DebugObjects::isLeftOut(const jitlink::LinkGraph &G) {
  std::lock_guard<std::mutex> Lock(M);
  return LeftOut.contains(StringRef(G.getName()).split('.').first);
}

void DebugObjects::notifyMaterializing(MaterializationResponsibility &MR,
                                       jitlink::LinkGraph &G,
                                       jitlink::JITLinkContext &Ctx,
                                       MemoryBufferRef Object) {
  if (!isLeftOut(G))
    ELFDebugObjectPlugin::notifyMaterializing(MR, G, Ctx, Object);
}

void DebugObjects::modifyPassConfig(MaterializationResponsibility &MR,
                                    jitlink::LinkGraph &G,
                                    jitlink::PassConfiguration &Passes) {
  if (!isLeftOut(G))
    ELFDebugObjectPlugin::modifyPassConfig(MR, G, Passes);
}

} // namespace reopt
