//===- 6-policy.cpp - A policy of one's own -------------------------------===//
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

using namespace llvm;

/// -O1 after 100 calls, and -O3 after 1,000 more of the -O1 code.
class TwoSteps : public reopt::IRReoptimizer {
public:
  using IRReoptimizer::IRReoptimizer;

  // When: a cell trips when it gets negative, at the count after the last one.
  reopt::Arming arm(const reopt::Heat &H) const override {
    const int32_t Calls = H.Tier == 0 ? 100 : 1000;
    return {Calls - 1, Calls * 20 - 1};
  }

  // What: the level, and whether the new body counts in its turn.
  OptimizationLevel getLevel(uint32_t Tier) const override {
    return Tier == 0 ? OptimizationLevel::O1 : OptimizationLevel::O3;
  }
  bool isCounted(uint32_t Tier) const override { return Tier == 0; }

  // On the worker's thread, before the pipeline runs.
  Error prepare(Module &, const reopt::Batch &B) override {
    for (const reopt::Batch::Member &F : B.Members)
      std::printf("  compiling %s at -O%u\n", F.Name.c_str(),
                  getLevel(F.Tier).getSpeedupLevel());
    return Error::success();
  }
};

int main() {
  TieredJIT<TwoSteps> JIT;
  JIT.add(R"(
    define i32 @hash(i32 %x) {
      %a = mul i32 %x, 31
      %b = add i32 %a, 7
      ret i32 %b
    }
  )");
  auto *Hash = JIT.lookup<int(int)>("hash");
  auto Call = [&](int Times) {
    int Result = 0;
    for (int I = 0; I != Times; ++I)
      Result = Hash(Result);
    JIT.Layer->wait(std::nullopt);
    std::printf("%d calls more: %d\n", Times, Result);
  };
  Call(99);
  Call(1);
  Call(999);
  Call(1);
  Call(5000);
}
