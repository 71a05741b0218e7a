//===- BatchModule.h --------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Makes one module out of the definitions of a batch, in which each name means
/// what it must:
///
///   a body to publish      is emitted under a private name. Calls of it within
///                          the module go straight to it. Its address, where it
///                          is taken, is the stub's.
///   a body to publish      the same; it is left out if it is inlined wherever
///   it where it is called     is called, and its address is not taken. another
///   function that  can be inlined, and is not emitted: what is not the session
///   has        inlined calls the stub. a function that only   is emitted for
///   this module alone. this module has data of the session    is referred to;
///   its constant value may be used. constants that only    are emitted for
///   this module alone. Data that is this module has        not constant must
///   not be doubled: refused.
///
/// Knows LLVM only.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_BATCHMODULE_H
#define REOPT_CLANG_BATCHMODULE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace reopt {

class BatchModule {
public:
  BatchModule(llvm::LLVMContext &Ctx, llvm::StringRef Identifier);
  ~BatchModule();

  /// Adds the definitions of \p M, which is of the same context.
  llvm::Error add(std::unique_ptr<llvm::Module> M);

  /// Gives each name its meaning. \p Bodies: linker name to the private name
  /// under which the body is to be published. \p IfCalled: those of them that
  /// the optimiser may drop. \p SessionDefines answers
  /// whether the session has a symbol. Fails if data would be doubled; the
  /// error names it.
  llvm::Error finish(const llvm::StringMap<std::string> &Bodies,
                     const llvm::StringSet<> &IfCalled,
                     llvm::function_ref<bool(llvm::StringRef)> SessionDefines);

  llvm::Module &getModule() { return *Linked; }

private:
  std::unique_ptr<llvm::Module> Linked;
  /// What clang emitted for inlining only; a library has the definition.
  llvm::StringSet<> AvailableElsewhere;
  /// Alias to what it stands for, within one emission.
  llvm::StringMap<std::string> Aliases;
};

} // namespace reopt

#endif // REOPT_CLANG_BATCHMODULE_H
