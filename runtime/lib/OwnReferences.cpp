//===- OwnReferences.cpp - No object needs another's data -----------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OwnReferences.h"
#include "llvm/ExecutionEngine/JITLink/JITLink.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

void OwnReferences::modifyPassConfig(MaterializationResponsibility &MR,
                                     jitlink::LinkGraph &,
                                     jitlink::PassConfiguration &Config) {
  // Before ORC's own pass, which claims weak definitions or drops them. What
  // the object promised to define has to stay as it is.
  auto Own = [Promised = MR.getSymbols()](jitlink::LinkGraph &G) {
    for (jitlink::Symbol *S : G.defined_symbols())
      if (S->hasName() && (*S->getName()).starts_with("DW.ref.") &&
          !Promised.count(S->getName())) {
        S->setLinkage(jitlink::Linkage::Strong);
        S->setScope(jitlink::Scope::Local);
      }
    return Error::success();
  };
  Config.PrePrunePasses.insert(Config.PrePrunePasses.begin(), std::move(Own));
}

} // namespace reopt
