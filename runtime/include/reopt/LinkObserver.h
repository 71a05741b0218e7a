//===- LinkObserver.h - What sees each linked object ------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// A JITLink plugin that looks at each graph when its addresses are final and
/// its code is fixed up, and is told to whom the memory belongs. Who keeps what
/// it saw overrides the two notifications about resources, too.
///
/// Threads: `linked` and the notifications come from any thread that links or
/// removes code, at once for different graphs.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_LINKOBSERVER_H
#define REOPT_LINKOBSERVER_H

#include "reopt/LinkPlugin.h"
#include "llvm/ExecutionEngine/JITLink/JITLink.h"

namespace reopt {

class LinkObserver : public LinkPlugin {
public:
  void modifyPassConfig(llvm::orc::MaterializationResponsibility &MR,
                        llvm::jitlink::LinkGraph &G,
                        llvm::jitlink::PassConfiguration &Config) override;

private:
  /// \p G is linked. Its memory is \p Owner's; 0 if the owner was removed
  /// meanwhile, and then the link fails later.
  virtual void linked(llvm::jitlink::LinkGraph &G,
                      llvm::orc::ResourceKey Owner) = 0;
};

} // namespace reopt

#endif // REOPT_LINKOBSERVER_H
