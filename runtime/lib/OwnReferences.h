//===- OwnReferences.h - No object needs another's data ---------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// A JITLink plugin that gives each object its own `DW.ref.` symbols: pointers
/// to a personality function, which unwind information refers to. Compilers
/// emit them as weak definitions, and ORC keeps the first one of a JITDylib,
/// whatever becomes of the object that it is in. When that object is freed,
/// every exception that passes through another reads memory that is gone.
///
/// Threads: any that link, at once for different graphs; nothing is kept.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_LIB_OWNREFERENCES_H
#define REOPT_LIB_OWNREFERENCES_H

#include "reopt/LinkPlugin.h"

namespace reopt {

class OwnReferences : public LinkPlugin {
public:
  void modifyPassConfig(llvm::orc::MaterializationResponsibility &MR,
                        llvm::jitlink::LinkGraph &G,
                        llvm::jitlink::PassConfiguration &Config) override;
};

} // namespace reopt

#endif // REOPT_LIB_OWNREFERENCES_H
