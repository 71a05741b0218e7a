//===- speculate.cpp - A definition made ahead of the first call ----------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Speculation is a definition made ahead. @next waits for its first call; while
// the program does something else, somebody guesses that the call will come,
// and defines @next with what it would be then. The first call finds it ready.
// Had the call come meanwhile, it would have waited for what was under way.
//
//===----------------------------------------------------------------------===//

#include "ExampleJIT.h"

int main() {
  ExampleJIT JIT;
  // The two differ only to show which one runs.
  ExitOnErr(JIT.Symbols->define(JIT.dylib(),
                                JIT.ir("define i32 @next() { ret i32 1 }"),
                                ExampleJIT::When::OnFirstCall));
  ExitOnErr(JIT.dylib().define(JIT.ir("define i32 @first() { ret i32 0 }")));
  auto *Next = JIT.lookup<int()>("next");

  auto Speculation = JIT.redefine(JIT.ir("define i32 @next() { ret i32 2 }"));
  std::printf("first() = %d\n", JIT.lookup<int()>("first")());
  std::printf("compiled ahead: %s\n",
              Speculation.get() == ExampleJIT::Outcome::Published ? "yes"
                                                                  : "no");
  std::printf("next() = %d\n", Next());
}
