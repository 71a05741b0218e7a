//===-- ModuleSymbols.h -----------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// The symbols and the data of a module's object.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_LIB_BASELINE_MODULESYMBOLS_H
#define REOPT_LIB_BASELINE_MODULESYMBOLS_H

#include "ElfObject.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/IR/Module.h"

namespace reopt::baseline {

/// \p C as a global value plus a distance, or, if \p Base is set to null, as a
/// number. False if it is neither.
bool splitAddress(const llvm::Constant &C, const llvm::DataLayout &DL,
                  const llvm::GlobalValue *&Base, int64_t &Distance);

class ModuleSymbols {
public:
  ModuleSymbols(const llvm::Module &M, ElfObject &Object)
      : M(M), DL(M.getDataLayout()), Object(Object) {}

  ElfObject::SymbolId get(const llvm::GlobalValue &GV);
  /// A function of the C library, or of the unwinder; the module's own if it
  /// has one of that name. No name has two symbols: the linker would resolve
  /// one of them.
  ElfObject::SymbolId getLibrary(llvm::StringRef Name);
  /// Whether \p GV lies in this object whatever the linker does, and so near.
  static bool isNear(const llvm::GlobalValue &GV) {
    return GV.hasLocalLinkage() && !GV.isDeclaration();
  }

  /// Gives a function or variable its place.
  void define(const llvm::GlobalValue &GV, ElfObject::Section &In,
              uint64_t Offset, uint64_t Size);
  /// Emits a definition. False if there is something in it that it cannot.
  bool emitVariable(const llvm::GlobalVariable &Var);

private:
  bool emitConstant(const llvm::Constant &C, ElfObject::Section &To,
                    uint64_t Offset);
  ElfObject::Section &getSection(const llvm::GlobalVariable &Var);

  const llvm::Module &M;
  const llvm::DataLayout &DL;
  ElfObject &Object;
  llvm::DenseMap<const llvm::GlobalValue *, ElfObject::SymbolId> Known;
  llvm::StringMap<ElfObject::SymbolId> Library;
  llvm::StringMap<ElfObject::Section *> Sections;
};

/// The name of a symbol for \p GV, without the mark that keeps mangling away.
llvm::StringRef getSymbolName(const llvm::GlobalValue &GV);

} // namespace reopt::baseline

#endif // REOPT_LIB_BASELINE_MODULESYMBOLS_H
