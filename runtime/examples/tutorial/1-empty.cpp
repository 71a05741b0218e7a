//===- 1-empty.cpp - A JIT that knows nothing yet -------------------------===//
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

#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/TargetSelect.h"

#include <cstdio>

using namespace llvm;
using namespace llvm::orc;

int main() {
  ExitOnError ExitOnErr("tutorial: ");
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  auto JIT = ExitOnErr(LLJITBuilder().create());

  auto Square = JIT->lookup("square");
  std::printf("%s\n", toString(Square.takeError()).c_str());
}
