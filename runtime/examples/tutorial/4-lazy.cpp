//===- 4-lazy.cpp - A function is compiled when it is called --------------===//
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

using namespace llvm;
using namespace llvm::orc;
using reopt::RedefinableSymbols;

/// Where first calls go whose compilation fails: there is nothing to run.
[[noreturn]] static void noBody() {
  std::fprintf(stderr, "a first call could not be compiled\n");
  std::abort();
}

int main() {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  auto JIT = ExitOnErr(LLJITBuilder().setNumCompileThreads(1).create());
  JITDylib &JD = JIT->getMainJITDylib();

  JIT->getIRTransformLayer().setTransform(
      [](ThreadSafeModule TSM,
         const MaterializationResponsibility &R) -> Expected<ThreadSafeModule> {
        for (auto &[Name, Flags] : R.getSymbols())
          std::printf("  compiling %s\n", (*Name).str().c_str());
        return std::move(TSM);
      });

  auto &ES = JIT->getExecutionSession();
  auto Stubs = ExitOnErr(
      reopt::StubTable::Create(ES, ES.getExecutorProcessControl().getMemMgr()));
  RedefinableSymbols::Setup Setup;
  Setup.LazyErrorHandler = ExecutorAddr::fromPtr(&noBody);
  auto Symbols =
      ExitOnErr(RedefinableSymbols::Create(ES, *Stubs, std::move(Setup)));

  for (const char *Text : {"define i32 @used() { ret i32 1 }",
                           "define i32 @unused() { ret i32 2 }"})
    ExitOnErr(Symbols->define(JD, definition(*JIT, Text),
                              RedefinableSymbols::When::OnFirstCall));
  auto *Used = ExitOnErr(JIT->lookup("used")).toPtr<int()>();
  ExitOnErr(JIT->lookup("unused"));
  std::printf("both have addresses\n");
  for (const char *Which : {"first", "second"}) {
    std::printf("%s call\n", Which);
    int Result = Used();
    std::printf("used() = %d\n", Result);
  }
}
