//===- Recodegen.h ----------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// The plugin's policy: what is counted in a C++ session, and how new code is
/// made. A batch is emitted again from the AST with the definitions that it
/// calls, as far as a budget goes, whichever input they come from; optimised
/// and compiled by clang's own -O3 pipeline; and returned as one object.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_RECODEGEN_H
#define REOPT_CLANG_RECODEGEN_H

#include "DeclIndex.h"
#include "DefinitionEmitter.h"
#include "ExitHandlers.h"
#include "reopt-clang/AstLease.h"
#include "reopt/Policy.h"

namespace reopt {

class BatchModule;

class Recodegen : public HeatPolicy {
public:
  /// \p CI as createOptimizingInstance() makes it. The rest outlives this.
  Recodegen(std::unique_ptr<clang::CompilerInstance> CI, AstLease &Lease,
            DeclIndex &Index, ExitHandlers &AtExit, const Options &Opts);
  ~Recodegen() override;

  Tier0Kind instrument(const llvm::Function &F) override;

  /// C++ compares no addresses of virtual functions: vtables are call-only.
  bool isCallOnlyTable(const llvm::GlobalVariable &Table) override;
  bool mayInterrupt(const llvm::Function &F) override;
  bool compilesFirst(const llvm::Function &F) override;

  /// What the user has written, the latest first, and of one input the largest:
  /// what is small will be inlined there. No library's functions.
  std::optional<uint64_t> getPromise(const Prospect &F) override;

  /// Thread: the layer's worker, there is one; and the one that speculates.
  llvm::Expected<NewCode> reoptimize(const Batch &B,
                                     const SessionView &Session) override;

private:
  // See RecodegenJob.h.
  struct Job;
  struct Frame;
  /// The whole way. What LLVM reports on it goes to the handler of \p Ctx.
  llvm::Expected<NewCode> makeCode(const Batch &B, const SessionView &Session,
                                   clang::CompilerInstance &CI,
                                   llvm::LLVMContext &Ctx);
  llvm::Error fill(Job &J, const Batch &B);
  void queueMentioned(Job &J, llvm::ArrayRef<NamedFunction> Mentioned);
  llvm::Error emitClosure(Job &J, BatchModule &M);
  llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> compile(Job &J,
                                                              llvm::Module &M);
  // Running frames, in RecodegenFrames.cpp: read them, type and add them, and
  // make of them, in \p M as a whole, what they go on in.
  llvm::Error readFrame(Job &J, const Batch::Member &Member);
  llvm::Error addFrames(Job &J, BatchModule &M);
  bool typeFrame(Job &J, Frame &F, AstBorrow &AST);
  void queueByName(Job &J, const llvm::Module &Part);
  llvm::Error finishFrames(Job &J, llvm::Module &M);

  /// The worker's, and speculation's, which is made when it is first needed.
  std::unique_ptr<clang::CompilerInstance> CI, SpareCI;
  AstLease &Lease;
  DeclIndex &Index;
  ExitHandlers &AtExit;
};

} // namespace reopt

#endif // REOPT_CLANG_RECODEGEN_H
