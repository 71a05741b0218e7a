//===- LinkPlugin.h - A JITLink plugin that keeps nothing -------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// A JITLink plugin that has no business with resources unless it says so: it
/// changes or looks at graphs in modifyPassConfig().
///
/// Threads: any that link or remove code, at once for different graphs.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_LINKPLUGIN_H
#define REOPT_LINKPLUGIN_H

#include "llvm/ExecutionEngine/Orc/LinkGraphLinkingLayer.h"

namespace reopt {

class LinkPlugin : public llvm::orc::LinkGraphLinkingLayer::Plugin {
public:
  llvm::Error
  notifyFailed(llvm::orc::MaterializationResponsibility &) override {
    return llvm::Error::success();
  }
  llvm::Error notifyRemovingResources(llvm::orc::JITDylib &,
                                      llvm::orc::ResourceKey) override {
    return llvm::Error::success();
  }
  void notifyTransferringResources(llvm::orc::JITDylib &,
                                   llvm::orc::ResourceKey,
                                   llvm::orc::ResourceKey) override {}
};

} // namespace reopt

#endif // REOPT_LINKPLUGIN_H
