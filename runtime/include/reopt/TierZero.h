//===-- TierZero.h -------------------------------------------------*- C++
//-*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Tier-0 code of one input: a materialization unit that holds the input's
/// module and compiles bodies when they are first looked up. A body is
/// extracted into a module of its own together with the bodies that it calls
/// and that are not compiled yet, counted, and given to the compile layer. So a
/// header's thousand functions cost nothing until one is called.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_TIERZERO_H
#define REOPT_TIERZERO_H

#include "reopt/Instrumenter.h"
#include "llvm/ExecutionEngine/Orc/Layer.h"
#include <map>
#include <memory>

namespace reopt {

/// The bodies of one module that are not compiled yet. Each is found under the
/// name getTierZeroName() gives.
class TierZeroUnit : public llvm::orc::MaterializationUnit {
public:
  struct Body {
    llvm::Function *F;
    InstrumentationSite Site;
  };
  /// In order of name, so that what is compiled does not depend on addresses.
  using BodyMap = std::map<std::string, Body>;

  /// A function of \p TSM for each entry of \p Bodies, whose key is the name of
  /// the function. \p GroupLimit bounds how many bodies are compiled together.
  TierZeroUnit(llvm::orc::ExecutionSession &ES, llvm::orc::IRLayer &Base,
               std::shared_ptr<llvm::orc::ThreadSafeModule> TSM, BodyMap Bodies,
               unsigned GroupLimit);

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
  /// Shared with the units of the input's other bodies and with the layer.
  std::shared_ptr<llvm::orc::ThreadSafeModule> TSM;
  BodyMap Bodies;
  unsigned GroupLimit;
};

/// Linker name of tier 0's body of \p Name.
std::string getTierZeroName(llvm::StringRef Name);

} // namespace reopt

#endif // REOPT_TIERZERO_H
