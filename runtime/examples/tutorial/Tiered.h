//===- Tiered.h - A JIT with a layer that re-optimises ----------*- C++ -*-===//
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

#ifndef REOPT_TIERED_H
#define REOPT_TIERED_H

#include "Tutorial.h"

#include "reopt/IRReoptimizer.h"
#include "reopt/ReOptimizeLayer.h"
#include "reopt/TierZeroCompiler.h"

/// An LLJIT whose functions run at -O0 first, and as \p PolicyT says later.
template <typename PolicyT> class TieredJIT {
public:
  TieredJIT() {
    using namespace llvm;
    using namespace llvm::orc;
    InitializeNativeTarget();
    InitializeNativeTargetAsmPrinter();
    auto Machine = ExitOnErr(JITTargetMachineBuilder::detectHost());
    JIT = ExitOnErr(
        LLJITBuilder()
            .setJITTargetMachineBuilder(Machine)
            .setCompileFunctionCreator(
                [](JITTargetMachineBuilder M)
                    -> Expected<std::unique_ptr<IRCompileLayer::IRCompiler>> {
                  return std::make_unique<reopt::TierZeroCompiler>(
                      std::move(M));
                })
            .create());
    Layer = ExitOnErr(reopt::ReOptimizeLayer::Create(
        ExitOnErr(reopt::ReOptimizeLayer::in(*JIT)),
        std::make_unique<PolicyT>(Options, Machine), Options));
  }

  void add(llvm::StringRef Text) {
    ExitOnErr(Layer->add(JIT->getMainJITDylib(), parse(*JIT, Text)));
  }

  template <typename Fn> Fn *lookup(llvm::StringRef Name) {
    return ExitOnErr(JIT->lookup(Name)).template toPtr<Fn *>();
  }

  // In the order that they are made; destroyed in the opposite one.
  reopt::Options Options;
  std::unique_ptr<llvm::orc::LLJIT> JIT;
  std::unique_ptr<reopt::ReOptimizeLayer> Layer;
};

#endif // REOPT_TIERED_H
