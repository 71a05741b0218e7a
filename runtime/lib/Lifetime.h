//===- Lifetime.h - Lookups that outlive the layer --------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ORC may answer a lookup of the layer's when the layer is gone. What it then
// calls shares a Lifetime with the layer, and enters there first. The mutex is
// held for a moment, except that end() waits for those inside.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_LIB_LIFETIME_H
#define REOPT_LIB_LIFETIME_H

#include "reopt/ReOptimizeLayer.h"

namespace reopt {

class ReOptimizeLayer::Lifetime {
public:
  explicit Lifetime(ReOptimizeLayer &L) : Layer(&L) {}

  /// Null once the layer goes; else leave() must follow.
  ReOptimizeLayer *enter() {
    std::lock_guard<std::mutex> Lock(M);
    if (Layer)
      ++Inside;
    return Layer;
  }

  void leave() {
    std::lock_guard<std::mutex> Lock(M);
    if (!--Inside)
      Left->notify_all();
  }

  /// Nobody enters any more, and all who did have left.
  void end() {
    std::unique_lock<std::mutex> Lock(M);
    Layer = nullptr;
    Left->wait(Lock, [this] { return !Inside; });
  }

  /// In the child of a fork: whoever was inside is not here.
  void abandonAfterFork() {
    Inside = 0;
    Left.abandonAfterFork();
  }

private:
  std::mutex M;
  ForkCondition Left;
  ReOptimizeLayer *Layer;
  unsigned Inside = 0;
};

} // namespace reopt

#endif // REOPT_LIB_LIFETIME_H
