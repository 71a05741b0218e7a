//===- 8-setup.cpp - Who compiles, and what becomes of old code -----------===//
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

#include "reopt/IRReoptimizer.h"
#include "reopt/ReOptimizeLayer.h"
#include "reopt/TierZeroCompiler.h"

#include <thread>

using namespace llvm;
using namespace llvm::orc;
using reopt::ReOptimizeLayer;
using OldCode = reopt::ReOptimizeLayer::OldCode;

/// Notes whether the thread that made it compiles, or another.
class WhoCompiles : public reopt::IRReoptimizer {
public:
  using IRReoptimizer::IRReoptimizer;

  Error prepare(Module &, const reopt::Batch &) override {
    IsMaker = std::this_thread::get_id() == Maker;
    return Error::success();
  }

  bool IsMaker = false;

private:
  const std::thread::id Maker = std::this_thread::get_id();
};

static void run(const char *Title, unsigned Workers, OldCode Old) {
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
  reopt::Options Options;
  auto Policy = std::make_unique<WhoCompiles>(Options, Machine);
  const WhoCompiles &Who = *Policy;

  ReOptimizeLayer::Setup Setup = ExitOnErr(ReOptimizeLayer::in(*JIT));
  Setup.Workers = Workers;
  Setup.Old = Old;
  auto Layer = ExitOnErr(
      ReOptimizeLayer::Create(std::move(Setup), std::move(Policy), Options));

  ExitOnErr(Layer->add(JIT->getMainJITDylib(), parse(*JIT, R"(
    define i32 @twice(i32 %x) {
      %r = add i32 %x, %x
      ret i32 %r
    }
  )")));
  auto *Twice = ExitOnErr(JIT->lookup("twice")).toPtr<int(int)>();
  for (int I = 0; I != 200; ++I)
    Twice(I);
  if (Workers != 0)
    Layer->wait(std::nullopt);
  // Frees what nobody is in. A thread of the layer's does so from time to time.
  Layer->collect();

  reopt::LayerStatus Status = Layer->getStatus();
  std::printf("%s\n  %llu compiled by %s, %llu retired\n", Title,
              static_cast<unsigned long long>(Status.Batches),
              Who.IsMaker ? "the thread that calls" : "a thread of the layer",
              static_cast<unsigned long long>(Status.Retired + Status.Freed));
}

int main() {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  run("one worker, old code is kept", 1, OldCode::Keep);
  run("two workers, old code is counted", 2, OldCode::Count);
  run("two workers, threads are observed", 2, OldCode::Observe);
  run("no worker, old code is kept", 0, OldCode::Keep);
}
