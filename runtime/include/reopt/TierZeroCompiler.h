//===-- TierZeroCompiler.h --------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Compiles tier-0 modules, on any number of threads at once. What is made of
/// what clang generates at -O0 is compiled by a code generator of ours, a tenth
/// of the work of LLVM's (lib/baseline/BaselineCompiler.h); what is not, and
/// all for other targets than x86-64 with ELF, by LLVM's at level None, which
/// takes less than half the time of the default. One pass of ours makes
/// counting cheap there (lib/CountFolding.h). Pipelines are kept and run again,
/// as `llc -compile-twice` does: to make a target machine costs more than to
/// compile a statement, and so does setting up the passes; ORC's compilers do
/// both for each module.
///
/// Modules that are marked with markUncounted() get the level that a stock
/// session has, since nothing better will come: all that is defined while
/// tiering is off, and functions that loop where nobody could go on.
///
/// What LLVM reports as errors in a module, such as assembly that the target
/// does not know, is the Error of that module.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_TIERZEROCOMPILER_H
#define REOPT_TIERZEROCOMPILER_H

#include "llvm/ExecutionEngine/Orc/IRCompileLayer.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include <mutex>

namespace reopt {

/// Thread-safe. The mutex guards the lists of idle pipelines and is not held
/// while compiling.
class TierZeroCompiler : public llvm::orc::IRCompileLayer::IRCompiler {
public:
  /// \p UseBaseline: false leaves everything to LLVM.
  explicit TierZeroCompiler(llvm::orc::JITTargetMachineBuilder JTMB,
                            bool UseBaseline = true);
  ~TierZeroCompiler() override;

  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
  operator()(llvm::Module &M) override;

private:
  class Pipeline;
  struct Pipelines {
    llvm::CodeGenOptLevel Level;
    std::vector<std::unique_ptr<Pipeline>> Idle;
  };
  llvm::Expected<std::unique_ptr<Pipeline>> take(Pipelines &Kind);

  llvm::orc::JITTargetMachineBuilder JTMB;
  const bool UseBaseline;
  std::mutex M;
  Pipelines Fast, Stock;
};

/// See above.
void markUncounted(llvm::Module &M);

} // namespace reopt

#endif // REOPT_TIERZEROCOMPILER_H
