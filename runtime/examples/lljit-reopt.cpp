//===- lljit-reopt.cpp - From -O0 to -O3 in an LLJIT ----------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A module is compiled without optimisation, runs, gets hot, and is compiled
// again at -O3 in the background while it runs. Its address does not change.
//
//===----------------------------------------------------------------------===//

#include "reopt/IRReoptimizer.h"
#include "reopt/ReOptimizeLayer.h"
#include "reopt/TierZeroCompiler.h"

#include "llvm/AsmParser/Parser.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"

#include <chrono>
#include <cstdio>

using namespace llvm;
using namespace llvm::orc;

/// As a front end emits it at -O0: every variable lives in memory.
/// int step(int x) { return x * 31 + 7; }
/// int run(int n) { int h = 0; for (int i = 0; i < n; ++i) h = step(h); ... }
static const char *Program = R"(
  define i32 @step(i32 %x) noinline optnone {
    %1 = mul i32 %x, 31
    %2 = add i32 %1, 7
    ret i32 %2
  }
  define i32 @run(i32 %n) noinline optnone {
    %h = alloca i32
    %i = alloca i32
    store i32 0, ptr %h
    store i32 0, ptr %i
    br label %test
  test:
    %i1 = load i32, ptr %i
    %more = icmp slt i32 %i1, %n
    br i1 %more, label %body, label %end
  body:
    %h1 = load i32, ptr %h
    %h2 = call i32 @step(i32 %h1)
    store i32 %h2, ptr %h
    %i2 = load i32, ptr %i
    %i3 = add i32 %i2, 1
    store i32 %i3, ptr %i
    br label %test
  end:
    %r = load i32, ptr %h
    ret i32 %r
  })";

int main() {
  ExitOnError ExitOnErr("lljit-reopt: ");
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();

  // Tier 0 is compiled as fast as the back end can.
  auto Machine = ExitOnErr(JITTargetMachineBuilder::detectHost());
  auto JIT = ExitOnErr(
      LLJITBuilder()
          .setJITTargetMachineBuilder(Machine)
          .setCompileFunctionCreator(
              [](JITTargetMachineBuilder M)
                  -> Expected<std::unique_ptr<IRCompileLayer::IRCompiler>> {
                return std::make_unique<reopt::TierZeroCompiler>(std::move(M));
              })
          .create());

  // When: the default heat. What: tier 0's IR again, at -O3.
  reopt::Options Options;
  auto Layer = ExitOnErr(reopt::ReOptimizeLayer::Create(
      ExitOnErr(reopt::ReOptimizeLayer::in(*JIT)),
      std::make_unique<reopt::IRReoptimizer>(Options, Machine), Options));

  auto Context = std::make_unique<LLVMContext>();
  SMDiagnostic Diagnostic;
  auto Module = parseAssemblyString(Program, Diagnostic, *Context);
  Module->setDataLayout(JIT->getDataLayout());
  ExitOnErr(
      Layer->add(JIT->getMainJITDylib(),
                 ThreadSafeModule(std::move(Module), std::move(Context))));

  auto *Run = ExitOnErr(JIT->lookup("run")).toPtr<int(int)>();
  auto TimedRun = [&](const char *When) {
    auto Start = std::chrono::steady_clock::now();
    int Result = Run(2000000);
    std::chrono::duration<double, std::milli> Time =
        std::chrono::steady_clock::now() - Start;
    std::printf("%-21s %12d %9.2f ms\n", When, Result, Time.count());
  };
  std::printf("%-21s %12s %12s\n", "run(2000000)", "result", "time");
  TimedRun("tier 0, just compiled"); // Its loop makes it hot.
  Layer->wait(std::nullopt);
  TimedRun("tier 1");
  bool Same = Run == ExitOnErr(JIT->lookup("run")).toPtr<int(int)>();
  std::printf("\nsame address: %s\n\n", Same ? "yes" : "no");
  std::printf("%-8s  %-7s  %12s  %s\n", "function", "runs in", "compiled in",
              "reason");
  for (const reopt::FunctionInfo &F : Layer->list())
    std::printf(
        "%-8s  %-7s  %9.2f ms  %s\n", F.Name.c_str(), reopt::getStageName(F.St),
        std::chrono::duration<double, std::milli>(F.CompileTime).count(),
        reopt::getReasonText(F.Why));
  Layer->shutdown();
  return 0;
}
