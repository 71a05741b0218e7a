//===- EmissionChoice.h -----------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Tells the host's CodeGen which functions it need not emit.
///
/// clang asks an ASTContext's external source whether a definition exists
/// elsewhere; where the answer is yes it treats the function as
/// available_externally, and emits nothing at -O0. Two kinds of functions get
/// that answer:
///
/// What the session has. An input gets its own copies of all inline functions
/// and template instances that it mentions, of which the session would drop all
/// but the first.
///
/// What nobody mentions yet, of large inputs. While an input is parsed, its
/// functions from the option large-input on are said to be elsewhere. CodeGen
/// puts them off, as it does with inline functions, until something is emitted
/// that mentions one; by then the answer is no, and the function is emitted
/// with what mentions it. The rest of a large input costs nothing but its
/// parsing.
///
/// CodeGen forgets what it was once asked to emit and did not: it counts on the
/// definition that is elsewhere, or came to nothing with an input that failed.
/// So when the session loses definitions (%undo), and after such an input, they
/// are offered to CodeGen again before it emits anything else.
///
/// Nor does it forget what it put off: of an input that is gone, it comes
/// across such a function by its name, looks for a definition of it, and throws
/// away a new function of that name if it has another type and came first. So
/// the new one is put off as well, whatever it is like.
///
/// What such a function may be: external, not declared by an earlier input, of
/// no class or an ordinary member, without attributes, static variables or
/// classes of its own, and not beside assembly, which may share local labels
/// with it. Its code belongs to the input that mentions it first, and goes with
/// that; a static variable would lose its value then. So what it mentions is
/// not inline, static, or an instance either, but for a library's.
///
/// Thread: the interpreter's, which has the AST. Other threads emit from the
/// same AST (DefinitionEmitter); they are always told that nothing is
/// elsewhere, and by the thread they are known.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_EMISSIONCHOICE_H
#define REOPT_CLANG_EMISSIONCHOICE_H

#include "clang/Sema/ExternalSemaSource.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"
#include <memory>
#include <thread>
#include <vector>

namespace clang {
class CompilerInstance;
class FunctionDecl;
} // namespace clang

namespace reopt {

class Session;

class EmissionChoice : public clang::ExternalSemaSource {
public:
  /// \p S outlives this. Puts itself before the external source of
  /// \p CI's AST.
  static llvm::IntrusiveRefCntPtr<EmissionChoice>
  install(clang::CompilerInstance &CI, Session &S);

  /// An input begins to be parsed, on this thread.
  void beginInput();
  /// CodeGen will be handed \p D next.
  void noteDefinition(const clang::Decl *D);
  /// CodeGen is about to emit what it put off.
  void beginEmission();
  /// The input was parsed without an error, and emitted.
  void noteAccepted() { IsPending = false; }
  /// Symbols may be gone from the session.
  void noteRemoval();

  /// Functions that were put off, which nothing has mentioned.
  std::vector<const clang::FunctionDecl *> getUnmentioned() const;

  ExtKind hasExternalDefinitions(const clang::Decl *D) override;

private:
  EmissionChoice(clang::CompilerInstance &CI, Session &S) : CI(CI), S(S) {}

  bool mayWait(const clang::FunctionDecl *FD) const;
  bool replacesGone(const clang::FunctionDecl *FD);
  bool isDefined(const clang::FunctionDecl *FD) const;
  void offerAgain();
  void dropGone(size_t First);

  clang::CompilerInstance &CI;
  Session &S;
  /// Who parses. Other threads get no answers.
  std::thread::id Parser;
  /// Functions of an input are handed to CodeGen, and none that waits is
  /// emitted.
  bool IsParsing = true;
  bool IsOffering = false;
  /// The current input is neither accepted nor known to have failed; and an
  /// earlier one failed, which nothing was done about yet.
  bool IsPending = false, HasFailed = false;
  /// Of the current input: definitions so far, whether it has assembly, and
  /// how many waited before.
  unsigned Definitions = 0;
  bool HasAssembly = false;
  size_t FirstOfInput = 0;
  /// Of those that wait: the first whose input may have failed.
  size_t FirstUnchecked = 0;
  unsigned Input = 0;
  /// In which input a function was asked about first.
  llvm::DenseMap<const clang::FunctionDecl *, unsigned> FirstAsked;
  /// Those that the session has not, as long as the input is the same.
  llvm::DenseSet<const clang::FunctionDecl *> Undefined;
  /// Those that the session has.
  llvm::DenseSet<const clang::FunctionDecl *> Known;
  /// Those that were put off, emitted meanwhile or not.
  llvm::SetVector<const clang::FunctionDecl *> Waiting;
  /// Those that were put off and are gone, emitted meanwhile or not, and the
  /// names under which CodeGen may come across them.
  llvm::DenseSet<const clang::FunctionDecl *> Gone;
  llvm::StringSet<> GoneNames;
  /// Those to be offered to CodeGen again.
  std::vector<const clang::FunctionDecl *> Lost;
};

} // namespace reopt

#endif // REOPT_CLANG_EMISSIONCHOICE_H
