//===- 3-redefine.cpp - A function is redefined ---------------------------===//
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

#include "reopt/RedefinableSymbols.h"

#include <future>

using namespace llvm;
using namespace llvm::orc;
using reopt::RedefinableSymbols;

int main() {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  auto JIT = ExitOnErr(LLJITBuilder().setNumCompileThreads(1).create());
  JITDylib &JD = JIT->getMainJITDylib();

  // Destroyed in the opposite order: symbols, stubs, JIT.
  auto &ES = JIT->getExecutionSession();
  auto Stubs = ExitOnErr(
      reopt::StubTable::Create(ES, ES.getExecutorProcessControl().getMemMgr()));
  auto Symbols = ExitOnErr(RedefinableSymbols::Create(ES, *Stubs));

  ExitOnErr(Symbols->define(JD, definition(*JIT, R"(
    define i32 @price(i32 %items) {
      %r = mul i32 %items, 10
      ret i32 %r
    }
  )")));
  auto *Price = ExitOnErr(JIT->lookup("price")).toPtr<int(int)>();
  std::printf("price(3) = %d\n", Price(3));

  auto Cheaper = definition(*JIT, R"(
    define i32 @price(i32 %items) {
      %r = mul i32 %items, 7
      ret i32 %r
    }
  )");
  std::promise<RedefinableSymbols::Outcome> Told;
  Symbols->redefine(JD, std::move(Cheaper),
                    [&](Expected<RedefinableSymbols::Outcome> Result) {
                      Told.set_value(ExitOnErr(std::move(Result)));
                    });
  bool Published =
      Told.get_future().get() == RedefinableSymbols::Outcome::Published;
  std::printf("published: %s\n", Published ? "yes" : "no");
  std::printf("price(3) = %d\n", Price(3));
}
