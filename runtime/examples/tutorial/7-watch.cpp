//===- 7-watch.cpp - Watching what the layer does -------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A step of docs/tutorial.md.
//
//===----------------------------------------------------------------------===//

#include "Tiered.h"

using reopt::getReasonText;
using reopt::getStageName;

static void show(reopt::ReOptimizeLayer &Layer) {
  for (const reopt::FunctionInfo &F : Layer.list())
    std::printf("  %-6s %-7s %4llu calls  %s\n", F.Name.c_str(),
                getStageName(F.St), static_cast<unsigned long long>(F.Calls),
                getReasonText(F.Why));
  reopt::LayerStatus S = Layer.getStatus();
  std::printf("  %u lazy, %u in tier 0, %u in tier 1; %llu compiles\n", S.Lazy,
              S.Tier0, S.Tier1, static_cast<unsigned long long>(S.Batches));
}

int main() {
  TieredJIT<reopt::IRReoptimizer> JIT;
  for (const char *Text :
       {"define i32 @hot() { ret i32 1 }", "define i32 @cold() { ret i32 2 }",
        "define i32 @unused() { ret i32 3 }"})
    JIT.add(Text);
  auto *Hot = JIT.lookup<int()>("hot");
  auto *Cold = JIT.lookup<int()>("cold");

  std::printf("defined\n");
  show(*JIT.Layer);

  for (int I = 0; I != 199; ++I)
    Hot();
  Cold();
  std::printf("called\n");
  show(*JIT.Layer);

  Hot();
  JIT.Layer->wait(std::nullopt);
  std::printf("hot\n");
  show(*JIT.Layer);

  for (const reopt::FunctionInfo &F : JIT.Layer->list())
    if (F.Name == "cold")
      JIT.Layer->promote(F.Id);
  JIT.Layer->wait(std::nullopt);
  std::printf("asked for\n");
  show(*JIT.Layer);
}
