//===- ModuleExtractor.h ----------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Copies some definitions of a module into a new one and declares whatever
/// they mention, at a cost that depends on what is copied and not on the size
/// of the module (CloneModule and extractSubModule cost the latter).
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_MODULEEXTRACTOR_H
#define REOPT_MODULEEXTRACTOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <memory>

namespace llvm {
class Function;
class GlobalValue;
class Module;
} // namespace llvm

namespace reopt {

/// Whether copies of \p GV serve as well as the thing itself: a constant that
/// no other module sees and whose address means nothing.
bool isCopiedConstant(const llvm::GlobalValue &GV);

/// The globals that assembly in \p F has as operands by name. They have to be
/// defined beside it: where the processor finds other modules' symbols is not
/// known before they are linked.
llvm::SmallVector<const llvm::GlobalValue *, 2>
getSymbolsInAssembly(const llvm::Function &F);

/// Returns a new module in the context of \p From that defines copies of
/// \p Definitions. What they mention is declared under its own name, except
/// what isCopiedConstant() (string literals and the like). \p Rename, if set,
/// gives the name of a copied definition. Mentions of a renamed definition
/// refer to the old name, not to the copy. With \p ImportConstants, constants
/// that are only declared show the optimiser their values. The caller holds the
/// context's lock.
std::unique_ptr<llvm::Module>
extractModule(llvm::Module &From, llvm::StringRef Identifier,
              llvm::ArrayRef<llvm::GlobalValue *> Definitions,
              llvm::function_ref<std::string(llvm::StringRef)> Rename = {},
              bool ImportConstants = false);

/// Frees \p F of what keeps -O0 code from being optimised.
void allowOptimizing(llvm::Function &F);

/// As extractModule() for \p F alone, under \p NewName, free to be optimised,
/// and as bitcode: to be read in another context. The copy has
/// external linkage.
llvm::SmallVector<char, 0> extractForOptimising(const llvm::Function &F,
                                                llvm::StringRef NewName);

} // namespace reopt

#endif // REOPT_MODULEEXTRACTOR_H
