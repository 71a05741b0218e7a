//===- DefinitionEmitter.h --------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Generates the IR of some definitions afresh from the AST, under -O3
/// code-generation options: with lifetimes, TBAA and without the noinline and
/// optnone that tier-0 IR carries. Optimising tier-0 IR instead is up to 3.4
/// times slower than ahead-of-time -O3.
///
/// A few definitions at a time, so that the AST can be given back in between.
/// clang's CodeGen would emit along with a definition all inline members that
/// it calls, and theirs, as deep as it goes. Names that are declared in the
/// module before the emission starts are not deferred definitions to it, so we
/// declare what tier 0's bodies mention.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_DEFINITIONEMITTER_H
#define REOPT_CLANG_DEFINITIONEMITTER_H

#include "clang/AST/GlobalDecl.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

namespace clang {
class ASTContext;
class CodeGenerator;
class CompilerInstance;
class TopLevelStmtDecl;
} // namespace clang

namespace llvm {
class Function;
class FunctionType;
class LLVMContext;
class Module;
} // namespace llvm

namespace reopt {

/// A compiler instance of our own that shares nothing with the host's but its
/// options, turned to -O3. Its diagnostics go nowhere. Used by one thread.
std::unique_ptr<clang::CompilerInstance>
createOptimizingInstance(clang::CompilerInstance &Host);

/// A function by linker name and declaration.
struct NamedFunction {
  std::string Name;
  clang::GlobalDecl Decl;
};

/// The IR of some definitions.
struct EmittedDefinitions {
  std::unique_ptr<llvm::Module> M;
  std::vector<NamedFunction> Mentioned;
};

/// A name and type to declare before the emission. The type may be of any
/// context.
struct KnownFunction {
  std::string Name;
  llvm::FunctionType *Type;
};

class DefinitionEmitter {
public:
  /// \p CI as createOptimizingInstance() makes it; outlives this.
  explicit DefinitionEmitter(clang::CompilerInstance &CI) : CI(CI) {}

  /// Emits \p Definitions into a module of \p Ctx. The caller has the AST.
  /// \p Keep is asked for each function that came out, by name; where it
  /// answers no, the definition is dropped, with what only it mentions.
  llvm::Expected<EmittedDefinitions>
  emit(clang::ASTContext &AST, llvm::ArrayRef<NamedFunction> Definitions,
       llvm::LLVMContext &Ctx, llvm::ArrayRef<KnownFunction> Known,
       llvm::function_ref<bool(const llvm::Function &)> Keep);

  /// The same for what a frame of tier 0 runs: a function, or statements at the
  /// prompt. Without marks of lifetimes, so that its instructions are those of
  /// tier 0 (see FrameTypes.h).
  llvm::Expected<EmittedDefinitions>
  emitFrame(clang::ASTContext &AST, clang::GlobalDecl Function,
            llvm::ArrayRef<clang::TopLevelStmtDecl *> Statements,
            llvm::LLVMContext &Ctx, llvm::ArrayRef<KnownFunction> Known,
            llvm::function_ref<bool(const llvm::Function &)> Keep);

private:
  std::unique_ptr<clang::CodeGenerator>
  start(clang::ASTContext &AST, llvm::LLVMContext &Ctx,
        llvm::ArrayRef<KnownFunction> Known,
        llvm::function_ref<bool(llvm::StringRef)> IsWanted);
  llvm::Expected<EmittedDefinitions>
  finish(clang::CodeGenerator &Gen, clang::ASTContext &AST,
         llvm::function_ref<bool(const llvm::Function &)> Keep);

  clang::CompilerInstance &CI;
};

/// The functions that \p F mentions, for emit(). The caller holds the lock of
/// F's context for as long as it uses the result, unless it translates the
/// types with translateType() first.
std::vector<KnownFunction> getKnownFunctions(const llvm::Function &F);

/// \p Ty in context \p Ctx, or null if it holds a type that has no obvious
/// counterpart there.
llvm::FunctionType *translateType(llvm::FunctionType *Ty,
                                  llvm::LLVMContext &Ctx);

} // namespace reopt

#endif // REOPT_CLANG_DEFINITIONEMITTER_H
