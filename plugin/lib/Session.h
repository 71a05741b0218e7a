//===- Session.h ------------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// One tiered interpreter: what its parts share, and how they end. The
/// interpreter's executor and its AST consumer hold it. clang destroys the
/// consumer, and with it the AST, before it tells the executor to clean up; so
/// the AST is closed when the consumer dies, and the layer when the executor
/// does.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_SESSION_H
#define REOPT_CLANG_SESSION_H

#include "DeclIndex.h"
#include "ExitHandlers.h"
#include "reopt-clang/AstLease.h"
#include "reopt-clang/Tiering.h"

namespace reopt {

class EmissionChoice;

class Session : public TieredSession {
public:
  ReOptimizeLayer *getLayer() override { return Layer.get(); }
  AstLease &getLease() override { return Lease; }
  void beginWait() override {
    Lease.lend();
    if (Layer)
      Layer->beginWait();
  }
  void endWait() override {
    if (Layer)
      Layer->endWait();
    Lease.take();
  }
  std::string getClosureVariable(llvm::StringRef LinkerName) override {
    return Index.findClosureVariable(LinkerName).str();
  }

  void deferUnused() override { DefersUnused = true; }
  std::vector<std::string> getUnused() override;

  explicit Session(const Options &Opts);
  ~Session() override;

  /// Whether the session has code or data named \p LinkerName.
  bool definesSymbol(llvm::StringRef LinkerName) const {
    return Layer && Layer->defines(*Main, LinkerName);
  }

  AstLease Lease;
  DeclIndex Index;
  /// The layer's to change once there is one.
  Options Opts;
  /// JITLink holds it too.
  std::shared_ptr<ExitHandlers> AtExit = std::make_shared<ExitHandlers>();
  /// Made by the executor; gone when the executor is.
  std::unique_ptr<ReOptimizeLayer> Layer;
  /// What inputs are added to.
  llvm::orc::JITDylib *Main = nullptr;
  /// The AST's. Null before there is something to parse, after the AST, and if
  /// tiering was off at first: then the session is as stock.
  llvm::IntrusiveRefCntPtr<EmissionChoice> Emission;
  /// See TieredSession::deferUnused().
  bool DefersUnused = false;
};

/// The session of \p CI, if it is tiered. Thread: that of the interpreter.
std::shared_ptr<Session> findSession(const clang::CompilerInstance &CI);

/// Ties \p S to \p CI until forgetSession().
void rememberSession(const clang::CompilerInstance &CI,
                     std::shared_ptr<Session> S);
void forgetSession(const clang::CompilerInstance &CI);

/// Ends the background work of all sessions, for good. Thread: any.
void closeAllSessions();

/// Registers the AST consumer with clang, once, and what has to happen when the
/// process exits with sessions alive. Compiler instances without a session get
/// an empty consumer. \p OnUntiered, if set, is called with each of them.
void registerConsumer(void (*OnUntiered)(const clang::CompilerInstance &));

} // namespace reopt

#endif // REOPT_CLANG_SESSION_H
