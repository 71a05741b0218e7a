//===- Tiering.h ------------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Tiering for whoever embeds clang's Interpreter: one call on the
/// IncrementalExecutorBuilder, before the interpreter is created from it.
///
/// \code
///   auto CI = Builder.CreateCpp();
///   auto IEB = std::make_unique<clang::IncrementalExecutorBuilder>();
///   auto Session = reopt::enableTiering(**CI, *IEB);
///   auto Interp = clang::Interpreter::create(std::move(*CI), std::move(IEB));
/// \endcode
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_TIERING_H
#define REOPT_CLANG_TIERING_H

#include "reopt/ReOptimizeLayer.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace clang {
class CompilerInstance;
class IncrementalExecutorBuilder;
} // namespace clang

namespace reopt {

class AstLease;

/// A session that is tiered, seen from outside. It may outlive the interpreter;
/// then nothing of it has an effect any more.
class TieredSession {
public:
  virtual ~TieredSession();

  /// Functions, counts and requests. Null once the interpreter is gone.
  virtual ReOptimizeLayer *getLayer() = 0;

  /// Who has the AST. While user code runs it is lent by itself. An embedder
  /// that has nothing to do may lend it meanwhile (AstLoan), as long as it does
  /// not touch the interpreter: without that, background work waits until code
  /// runs again.
  virtual AstLease &getLease() = 0;

  /// From now on functions of large inputs (option large-input) have no code
  /// before other code mentions them. Not for those who ask the interpreter for
  /// symbols by their names: it has none of these.
  virtual void deferUnused() = 0;

  /// The linker names of functions that have no code because of that. On the
  /// interpreter thread, while it has the AST.
  virtual std::vector<std::string> getUnused() = 0;

  /// The session waits for input from now on, and goes on (SessionWait does
  /// both). The AST is lent meanwhile, and functions that nobody has called yet
  /// may be compiled. On the interpreter thread, in turn; the first returns at
  /// once, the second when the AST was given back.
  virtual void beginWait() = 0;
  virtual void endWait() = 0;

  /// The variable at the prompt that holds the closure whose call operator is
  /// \p LinkerName; empty if there is none. On the interpreter thread, while it
  /// has the AST.
  virtual std::string getClosureVariable(llvm::StringRef LinkerName) = 0;
};

/// A session waits for input for as long as this lives. The interpreter must
/// not be touched meanwhile.
class SessionWait {
public:
  explicit SessionWait(TieredSession &S) : S(S) { S.beginWait(); }
  ~SessionWait() { S.endWait(); }
  SessionWait(const SessionWait &) = delete;
  SessionWait &operator=(const SessionWait &) = delete;

private:
  TieredSession &S;
};

/// Makes the interpreter that will be created from \p CI and \p IEB a tiered
/// one. To be called once, on the thread that will use the interpreter, before
/// clang::Interpreter::create. Sets IEB.IE, and the back end of tier 0 to code
/// generation level None.
///
/// Errors: the builder asks for a remote executor, the language is CUDA, or the
/// target has no stubs. Then nothing has been changed, and the interpreter will
/// be a stock one.
llvm::Expected<std::shared_ptr<TieredSession>>
enableTiering(clang::CompilerInstance &CI,
              clang::IncrementalExecutorBuilder &IEB,
              const Options &Opts = Options());

} // namespace reopt

#endif // REOPT_CLANG_TIERING_H
