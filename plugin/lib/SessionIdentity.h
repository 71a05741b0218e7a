//===- SessionIdentity.h ----------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
/// \file
/// Makes what the user sees as one entity one symbol of the session.
///
/// clang generates each input's IR as if it were a translation unit, and gives
/// what has internal linkage (static functions and variables, their local
/// statics, anonymous namespaces, what depends on a lambda's type) to each
/// input that mentions it: a copy of its own, with its own state. But a session
/// is one translation unit to its user. So AST-named internal symbols become
/// mergeable under their own names: the first definition stays the only one.
/// What clang itself invents for an input (initialisers, statement wrappers,
/// string literals) stays apart.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_SESSIONIDENTITY_H
#define REOPT_CLANG_SESSIONIDENTITY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace llvm {
class Function;
class GlobalValue;
class Module;
} // namespace llvm

namespace reopt {

/// Whether the name of \p GV comes from a declaration in the source, so that it
/// means the same in every input.
bool isNamedBySource(const llvm::GlobalValue &GV);

/// Whether \p F exists to run once, or belongs to an initialiser: it is not
/// worth a stub, and has no declaration to be emitted from again.
bool isCompilerMade(const llvm::Function &F);

/// Whether \p F, which is compiler-made, is a statement of the prompt or the
/// initialiser of a variable: called once, by its input.
bool isInitializer(const llvm::Function &F);

/// Whether \p LinkerName is that of what runs statements of the prompt.
bool isStatement(llvm::StringRef LinkerName);

/// Applies the rule above to an input's module.
void giveSessionIdentity(llvm::Module &M);

/// The functions named \p Names are of an input that failed, which clang gave
/// to this module: nobody finds them by their names any more. Initialisers and
/// statements of that input run, as in stock, and may call them.
void hideFailed(llvm::Module &M, llvm::ArrayRef<std::string> Names);

/// clang gives a static variable's initialiser, too, to each input that
/// mentions the variable. Empties those of variables that the session has, so
/// that an object is constructed once. \p IsKnown answers for a linker name;
/// variables with external linkage have guards of their own.
void dropRepeatedInitializers(
    llvm::Module &M, llvm::function_ref<bool(llvm::StringRef)> IsKnown);

/// Lets calls that print a value have the AST: clang looks at types meanwhile.
/// Brackets each such call with calls of the two functions named.
void bracketValuePrinting(llvm::Module &M, const char *Before,
                          const char *After);

} // namespace reopt

#endif // REOPT_CLANG_SESSIONIDENTITY_H
