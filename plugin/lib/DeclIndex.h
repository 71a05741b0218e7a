//===- DeclIndex.h ----------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
/// \file
/// Finds the declaration that a symbol was generated from.
///
/// As clang handles each definition, a consumer notes it (a pointer, nothing
/// more: this is on the way of every input). When a symbol is asked for, what
/// was noted since is mangled and put into a map. What no consumer sees
/// (implicit members, inherited constructors, closures) is found through the
/// classes.
///
/// The names of closure types need help. clang numbers the closures that no
/// other translation unit can see ($_0, $_1, ...) in the order in which their
/// names are first needed, which differs between two emissions. The consumer
/// gives each of them a mangling number of its own as it is completed, before
/// any name is made, so that its name is the same in every emission.
/// A closure in a statement at the prompt lies in a context that clang's
/// mangler cannot name (it reads past the end of an object, and clang-repl dies
/// now and then), and one outside of all namespaces gets a name that no
/// demangler reads. Both are moved to a namespace of ours, called prompt, which
/// no lookup finds. So is what else such a statement declares in itself,
/// classes and enumerations, as they are completed: a template that is
/// instantiated with one gets its name at once. Each statement has a namespace
/// of its own in prompt, since its classes may have the names of another's.
///
/// Lock: none. All members use the AST and are called by who has it (see
/// AstLease.h), which orders them.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_DECLINDEX_H
#define REOPT_CLANG_DECLINDEX_H

#include "StatementFunctions.h"
#include "clang/AST/GlobalDecl.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace clang {
class ASTConsumer;
class ASTContext;
class CXXRecordDecl;
class DeclContext;
class FunctionDecl;
class MangleContext;
class NamespaceDecl;
class TagDecl;
class TemplateArgument;
class TopLevelStmtDecl;
class TranslationUnitDecl;
class VarDecl;
} // namespace clang

namespace reopt {

class DeclIndex {
public:
  DeclIndex();
  ~DeclIndex();

  /// What the consumer calls.
  void initialize(clang::ASTContext &Context);
  void note(clang::Decl *D);
  void noteClass(clang::CXXRecordDecl *D);
  void numberClosure(clang::CXXRecordDecl *D);
  void moveLocalType(clang::TagDecl *D);

  /// The AST goes away.
  void clear();

  /// The input \p TU was parsed and will run, as IR module \p Module, its
  /// statements in \p Functions, if it is known which there are. Returns
  /// the linker names of functions that were handled since the last one and
  /// belong to an input that failed: clang gives them to the next module that
  /// comes out, though their declarations are gone.
  std::vector<std::string>
  acceptInput(const clang::TranslationUnitDecl *TU, llvm::StringRef Module,
              std::vector<StatementFunction> Functions = {});

  /// Declarations of the input \p TU do not exist any more.
  void forget(const clang::TranslationUnitDecl *TU);

  /// The definition behind linker name \p Name. \p Yield is called at first,
  /// before the AST is looked at, and now and then; where it returns false, the
  /// search ends without a result, and the AST may be gone.
  std::optional<clang::GlobalDecl> find(llvm::StringRef Name,
                                        llvm::function_ref<bool()> Yield);

  /// The statements at the prompt of the input that became \p Module, in their
  /// order; none if it was taken back.
  llvm::ArrayRef<clang::TopLevelStmtDecl *>
  findStatements(llvm::StringRef Module) const;
  /// What runs them, if it is more than one function.
  llvm::ArrayRef<StatementFunction>
  findStatementFunctions(llvm::StringRef Module) const;

  /// The variable whose closure has \p LinkerName as its call operator; empty
  /// if there is none.
  llvm::StringRef findClosureVariable(llvm::StringRef LinkerName) const;

  /// The definition of \p FD, unless it has none or was taken back.
  const clang::FunctionDecl *
  getLiveDefinition(const clang::FunctionDecl *FD) const;

  /// Calls \p Visit with each linker name of \p FD.
  void forEachSymbol(const clang::FunctionDecl *FD,
                     llvm::function_ref<void(llvm::StringRef)> Visit);

  /// Whether \p D is of an input that the session has accepted and not taken
  /// back, or of the one that is being parsed. An instance of a template is of
  /// its template's input.
  bool isOfSession(const clang::Decl *D) const;
  /// Whether \p FD is of the session, and so is all that it is an instance for.
  bool canBeNamed(const clang::FunctionDecl *FD) const;

  /// The linker names of functions that look like the library's and are the
  /// user's, such as those of his specialisations, or are not to be inlined.
  const llvm::StringSet<> &getKeptOfLibrary();

  /// Whether \p D, or the template that it is an instance of, was written in an
  /// input, or in a header that is not the system's: it is neither a library's
  /// nor of a precompiled header.
  bool isOfUser(const clang::Decl *D) const;

  clang::ASTContext *getContext() const { return Context; }

private:
  void addFunction(const clang::FunctionDecl *FD);
  void noteVariable(const clang::VarDecl *VD);
  std::string mangle(clang::GlobalDecl GD);
  bool isLive(const clang::Decl *D) const;
  bool areOfSession(llvm::ArrayRef<clang::TemplateArgument> Args) const;
  clang::NamespaceDecl *getPrompt();
  clang::NamespaceDecl *createNamespace(clang::DeclContext *In,
                                        llvm::StringRef Name,
                                        clang::NamespaceDecl *Before);

  clang::ASTContext *Context = nullptr;
  std::unique_ptr<clang::MangleContext> Mangler;
  std::vector<clang::Decl *> Noted;
  /// Functions noted since the last accepted input, and all accepted inputs.
  std::vector<const clang::FunctionDecl *> Recent;
  std::vector<clang::TopLevelStmtDecl *> RecentStatements;
  /// What may have functions inside, of the same time.
  std::vector<const clang::Decl *> RecentContexts;
  /// Of getKeptOfLibrary(): those that have no name yet, and the names.
  std::vector<const clang::FunctionDecl *> KeptOfLibrary;
  llvm::StringSet<> KeptNames;
  llvm::DenseSet<const clang::TranslationUnitDecl *> Accepted;
  /// Inline functions that nothing used when they were looked at.
  std::vector<const clang::FunctionDecl *> Unused;
  std::vector<clang::CXXRecordDecl *> Classes;
  /// Counts what was noted and which inputs were accepted: a function may be
  /// used from then on. And the count when everything was looked at last: what
  /// was not found then need not be looked for again.
  uint64_t Changes = 0;
  std::optional<uint64_t> SearchedAt;
  /// What has been mangled.
  llvm::DenseSet<const clang::FunctionDecl *> Mangled;
  llvm::StringMap<clang::GlobalDecl> ByName;
  llvm::DenseSet<const clang::TranslationUnitDecl *> Undone;
  llvm::StringMap<std::vector<clang::TopLevelStmtDecl *>> Statements;
  llvm::StringMap<std::vector<StatementFunction>> StatementFunctions;
  struct ClosureVariable {
    const clang::VarDecl *Variable;
    /// What linker names of the closure's members have for its class.
    std::string MangledClass;
  };
  std::vector<ClosureVariable> ClosureVariables;
  /// One per input, so that a closure's input can be told.
  clang::NamespaceDecl *Prompt = nullptr;
  unsigned LastClosure = 0;
  /// The last namespace that a statement got, its number, and the statement.
  clang::NamespaceDecl *Home = nullptr;
  unsigned LastHome = 0;
  const clang::TopLevelStmtDecl *HomeOf = nullptr;
};

} // namespace reopt

#endif // REOPT_CLANG_DECLINDEX_H
