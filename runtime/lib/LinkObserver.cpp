//===- LinkObserver.cpp - What sees each linked object --------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/LinkObserver.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

void LinkObserver::modifyPassConfig(MaterializationResponsibility &MR,
                                    jitlink::LinkGraph &,
                                    jitlink::PassConfiguration &Config) {
  ResourceKey Owner = 0;
  // A tracker that is gone already will have its link fail.
  consumeError(MR.withResourceKeyDo([&](ResourceKey K) { Owner = K; }));
  Config.PostFixupPasses.push_back([this, Owner](jitlink::LinkGraph &G) {
    linked(G, Owner);
    return Error::success();
  });
}

} // namespace reopt
