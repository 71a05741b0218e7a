//===- 5-layer.cpp - Hot functions are compiled again ---------------------===//
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

int main() {
  TieredJIT<reopt::IRReoptimizer> JIT;
  JIT.add(R"(
    define i32 @square(i32 %x) {
      %r = mul i32 %x, %x
      ret i32 %r
    }
    define i32 @sum_of_squares(i32 %n) {
    entry:
      %none = icmp slt i32 %n, 1
      br i1 %none, label %end, label %loop
    loop:
      %i = phi i32 [ 0, %entry ], [ %next, %loop ]
      %sum = phi i32 [ 0, %entry ], [ %more, %loop ]
      %sq = call i32 @square(i32 %i)
      %more = add i32 %sum, %sq
      %next = add i32 %i, 1
      %again = icmp slt i32 %next, %n
      br i1 %again, label %loop, label %end
    end:
      %r = phi i32 [ 0, %entry ], [ %more, %loop ]
      ret i32 %r
    }
  )");
  auto *Sum = JIT.lookup<int(int)>("sum_of_squares");

  std::printf("at -O0: %d\n", Sum(100000));
  JIT.Layer->wait(std::nullopt);
  std::printf("at -O3: %d\n", Sum(100000));
  bool Same = JIT.lookup<int(int)>("sum_of_squares") == Sum;
  std::printf("same address: %s\n", Same ? "yes" : "no");
}
