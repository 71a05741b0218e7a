//===- 2-call.cpp - A function is called ----------------------------------===//
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

#include "Tutorial.h"

using namespace llvm;
using namespace llvm::orc;

int main() {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  auto JIT = ExitOnErr(LLJITBuilder().create());

  ExitOnErr(JIT->addIRModule(parse(*JIT, R"(
    define i32 @square(i32 %x) {
      %r = mul i32 %x, %x
      ret i32 %r
    }
  )")));
  auto *Square = ExitOnErr(JIT->lookup("square")).toPtr<int(int)>();
  std::printf("square(7) = %d\n", Square(7));
}
