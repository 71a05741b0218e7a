//===- OptimizeModule.h - LLVM's pipeline -----------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_OPTIMIZEMODULE_H
#define REOPT_OPTIMIZEMODULE_H

namespace llvm {
class Module;
class OptimizationLevel;
class TargetMachine;
} // namespace llvm

namespace reopt {

/// Runs LLVM's default pipeline for \p Level on \p M. The thread that owns M's
/// context calls it.
void optimizeModule(llvm::Module &M, llvm::TargetMachine &TM,
                    llvm::OptimizationLevel Level);

} // namespace reopt

#endif // REOPT_OPTIMIZEMODULE_H
