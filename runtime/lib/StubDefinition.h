//===- StubDefinition.h - Names that lead to stubs --------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As ORC's absoluteSymbols(), and tells when a weak one loses to another
// definition: its function must not be inlined then.
//
// Threads: OnLost is called by who defines the other one, under the session
// lock.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_LIB_STUBDEFINITION_H
#define REOPT_LIB_STUBDEFINITION_H

#include "llvm/ADT/FunctionExtras.h"
#include "llvm/ExecutionEngine/Orc/Core.h"

namespace reopt {

class StubDefinition : public llvm::orc::MaterializationUnit {
public:
  using LostFn =
      llvm::unique_function<void(const llvm::orc::SymbolStringPtr &)>;

  StubDefinition(llvm::orc::SymbolMap Stubs, LostFn OnLost)
      : MaterializationUnit(getInterface(Stubs)), Stubs(std::move(Stubs)),
        OnLost(std::move(OnLost)) {}

  llvm::StringRef getName() const override { return "<stubs>"; }

  void materialize(
      std::unique_ptr<llvm::orc::MaterializationResponsibility> R) override {
    llvm::Error Err = R->notifyResolved(Stubs);
    if (!Err)
      Err = R->notifyEmitted({});
    if (!Err)
      return;
    R->getExecutionSession().reportError(std::move(Err));
    R->failMaterialization();
  }

private:
  static Interface getInterface(const llvm::orc::SymbolMap &Stubs) {
    llvm::orc::SymbolFlagsMap Flags;
    for (auto &[Name, Symbol] : Stubs)
      Flags[Name] = Symbol.getFlags();
    return Interface(std::move(Flags), nullptr);
  }

  void discard(const llvm::orc::JITDylib &,
               const llvm::orc::SymbolStringPtr &Name) override {
    Stubs.erase(Name);
    OnLost(Name);
  }

  llvm::orc::SymbolMap Stubs;
  LostFn OnLost;
};

} // namespace reopt

#endif // REOPT_LIB_STUBDEFINITION_H
