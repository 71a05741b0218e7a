//===- TierZero.h -----------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Tier-0 code: which bodies are compiled together when a function is called
/// for the first time, and the materialization unit that makes them. Nothing of
/// a function that nobody calls is compiled, or known to ORC but for its stub,
/// so a header's thousand functions cost nothing until one is called.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_TIERZERO_H
#define REOPT_TIERZERO_H

#include "reopt/Instrumenter.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ExecutionEngine/Orc/Layer.h"
#include <memory>
#include <string>
#include <vector>

namespace reopt {

/// What is compiled along with \p Roots: what they call, breadth first, since
/// it is likely to be called next and an object has a cost of its own. \p Take
/// is asked about each function once, Roots first, until \p Limit are taken; it
/// says whether a function joins. Thread: the context's lock is held.
std::vector<llvm::Function *>
selectTierZeroGroup(llvm::ArrayRef<llvm::Function *> Roots, unsigned Limit,
                    llvm::function_ref<bool(llvm::Function &)> Take);

/// Linker name of the body that group \p Group has of \p Name.
std::string getTierZeroName(llvm::StringRef Name, uint64_t Group);

/// What stands between a function's name and the number of the group.
extern const llvm::StringLiteral TierZeroMarker;

/// A group: bodies of one module that become one object when the first of them
/// is looked up, extracted, counted, and given to the compile layer.
class TierZeroUnit : public llvm::orc::MaterializationUnit {
public:
  struct Body {
    /// Touched with its context's lock only; that guards names, too.
    llvm::Function *F;
    std::string Name;
    InstrumentationSite Site;
  };

  /// \p Bodies are functions of \p TSM. All count their executions in
  /// \p ActiveCount, unless it is null.
  TierZeroUnit(llvm::orc::ExecutionSession &ES, llvm::orc::IRLayer &Base,
               std::shared_ptr<llvm::orc::ThreadSafeModule> TSM,
               std::vector<Body> Bodies, uint64_t Group,
               llvm::orc::ExecutorAddr ActiveCount = {});

  llvm::StringRef getName() const override { return "TierZero"; }

  /// Thread: whichever looked a body up: a user thread that called the function
  /// for the first time.
  void materialize(
      std::unique_ptr<llvm::orc::MaterializationResponsibility> R) override;

private:
  void discard(const llvm::orc::JITDylib &,
               const llvm::orc::SymbolStringPtr &) override;

  llvm::orc::ExecutionSession &ES;
  llvm::orc::IRLayer &Base;
  /// Shared with the layer, and with the other groups of the module.
  std::shared_ptr<llvm::orc::ThreadSafeModule> TSM;
  const std::vector<Body> Bodies;
  const uint64_t Group;
  const llvm::orc::ExecutorAddr ActiveCount;
};

} // namespace reopt

#endif // REOPT_TIERZERO_H
