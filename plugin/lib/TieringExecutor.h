//===- TieringExecutor.h ----------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// The executor that a tiered interpreter runs its inputs in: an LLJIT like the
/// stock one, with tier-0 code generation and a ReOptimizeLayer.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_TIERINGEXECUTOR_H
#define REOPT_CLANG_TIERINGEXECUTOR_H

#include "InputContexts.h"
#include "PassingInput.h"
#include "Session.h"
#include "clang/Interpreter/IncrementalExecutor.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"

namespace reopt {

class TierZeroCompiler;

/// Thread: the interpreter's, for all members.
class TieringExecutor : public clang::IncrementalExecutor {
public:
  static llvm::Expected<std::unique_ptr<TieringExecutor>>
  Create(std::shared_ptr<Session> S, std::unique_ptr<Policy> P,
         llvm::StringRef Triple,
         std::optional<llvm::CodeModel::Model> CodeModel);
  ~TieringExecutor() override;

  llvm::Error addModule(clang::PartialTranslationUnit &PTU) override;
  llvm::Error removeModule(clang::PartialTranslationUnit &PTU) override;
  llvm::Error runCtors() const override;
  llvm::Error cleanUp() override;
  llvm::Expected<llvm::orc::ExecutorAddr>
  getSymbolAddress(llvm::StringRef Name,
                   SymbolNameKind NameKind) const override;
  llvm::Error LoadDynamicLibrary(const char *Name) override;

private:
  TieringExecutor(std::shared_ptr<Session> S,
                  std::unique_ptr<llvm::orc::LLJIT> J,
                  TierZeroCompiler &Compiler);

  std::shared_ptr<Session> S;
  std::unique_ptr<llvm::orc::LLJIT> J;
  /// J's.
  TierZeroCompiler &Compiler;
  /// An input that leaves nothing.
  struct PassingInput {
    const clang::PartialTranslationUnit *PTU;
    llvm::orc::ResourceTrackerSP RT;
    /// What runs it; null if J knows.
    llvm::orc::ExecutorAddr Entry;
  };
  /// Makes of the host's module \p M what the session is to have. Returns
  /// whether it leaves nothing.
  bool adapt(llvm::Module &M, const clang::PartialTranslationUnit &PTU);
  /// Removes one that has run, unless a listing has something to say of it.
  llvm::Error forget(const PassingInput &Input) const;

  // runCtors() is const to clang.
  mutable llvm::DenseMap<const clang::PartialTranslationUnit *,
                         llvm::orc::ResourceTrackerSP>
      Trackers;
  /// Those that will run next.
  mutable std::vector<PassingInput> Passing;
  /// Whether J has what has not run.
  mutable bool HasInitializers = false;
  InputContexts Contexts;
  LiteralPool Literals;
};

} // namespace reopt

#endif // REOPT_CLANG_TIERINGEXECUTOR_H
