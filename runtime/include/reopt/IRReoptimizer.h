//===- IRReoptimizer.h ------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// The default answer to *what the new code is*: tier 0's IR again, freed of
/// what keeps -O0 code from being optimised, together with the session's
/// functions that it calls, through LLVM's own pipeline. A client that can make
/// better IR than tier 0's (a front end that emits it anew, as our plugin does)
/// writes a policy of its own.
///
/// A batch becomes one module in a context of its own. Its members get their
/// new names; what they call is there available_externally, to be inlined.
/// Calls between members, and of a member to itself, go to the new bodies; all
/// else that mentions a function means its stub, so that it has one address.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_IRREOPTIMIZER_H
#define REOPT_IRREOPTIMIZER_H

#include "reopt/Policy.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Passes/OptimizationLevel.h"

namespace llvm {
class Module;
} // namespace llvm

namespace reopt {

/// Thread-safe as Policy asks for: reoptimize() runs on several workers at
/// once.
class IRReoptimizer : public HeatPolicy {
public:
  /// \p Opts outlives the policy; it bounds what a batch takes in (max-import,
  /// max-callee, max-function). Code is made for \p Machine, position
  /// independent, whatever its relocation model.
  IRReoptimizer(const Options &Opts, llvm::orc::JITTargetMachineBuilder Machine,
                llvm::OptimizationLevel Level = llvm::OptimizationLevel::O3);

  llvm::Expected<NewCode> reoptimize(const Batch &B,
                                     const SessionView &Session) override;

  /// Optimises \p M, which somebody else may have made, and compiles it.
  /// \p AfterPipeline is called in between: to instrument, where no pass sees
  /// it. Any thread; an error says what is broken about the module.
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
  compile(llvm::Module &M, llvm::OptimizationLevel Level,
          llvm::function_ref<void()> AfterPipeline = nullptr) const;

protected:
  /// The level for a batch whose members run in \p Tier or a higher one. The
  /// default is the constructor's for every tier.
  virtual llvm::OptimizationLevel getLevel(uint32_t Tier) const;

  /// Whether the body that follows that of \p Tier counts again, so that a
  /// further one can follow. The default is never.
  virtual bool isCounted([[maybe_unused]] uint32_t Tier) const { return false; }

  /// Whether the body that follows that of \p Tier counts its executions if the
  /// layer wants to free code by counts. The default is isCounted(): a body
  /// that will not be replaced does not pay for it.
  virtual bool countsActive(uint32_t Tier) const;

  /// Called with the module of a batch before it is optimised: to add passes'
  /// input, flags, or guarded assumptions. An error fails the batch.
  virtual llvm::Error prepare(llvm::Module &M, const Batch &B);

private:
  llvm::orc::JITTargetMachineBuilder Machine;
  llvm::OptimizationLevel Level;
};

} // namespace reopt

#endif // REOPT_IRREOPTIMIZER_H
