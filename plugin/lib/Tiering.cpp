//===-- Tiering.cpp -------------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt-clang/Tiering.h"
#include "Recodegen.h"
#include "TieringExecutor.h"
#include "clang/Basic/LangOptions.h"
#include "clang/Basic/TargetInfo.h"
#include "clang/Frontend/CompilerInstance.h"

namespace reopt {

/// Tier 0 is -O0 whatever the session asks for. An optimiser that sees one
/// input folds and inlines what it thinks nobody else can change, such as a
/// static, before the session makes one entity of what its inputs call by one
/// name. What optimising brings, tier 1 brings. Macros such as __OPTIMIZE__
/// stay.
static void generateTierZero(clang::CodeGenOptions &Opts) {
  Opts.OptimizationLevel = 0;
  Opts.OptimizeSize = 0;
  Opts.setInlining(clang::CodeGenOptions::OnlyAlwaysInlining);
  Opts.UnrollLoops = Opts.VectorizeLoop = Opts.VectorizeSLP = 0;
}

llvm::Expected<std::shared_ptr<TieredSession>>
enableTiering(clang::CompilerInstance &CI,
              clang::IncrementalExecutorBuilder &IEB, const Options &Opts) {
  if (IEB.IsOutOfProcess)
    return llvm::createStringError(
        "sessions with a remote executor are not tiered");
  if (CI.getLangOpts().CUDA)
    return llvm::createStringError("CUDA sessions are not tiered");
  if (IEB.IE || IEB.JITBuilder)
    return llvm::createStringError("the builder has an executor already");

  auto S = std::make_shared<Session>(Opts);
  auto Optimizing = createOptimizingInstance(CI);
  if (!Optimizing)
    return llvm::createStringError(
        "clang does not accept the session's options with -O3");
  if (!Opts.AlignLoops)
    Optimizing->getCodeGenOpts().LoopAlignment = 0;
  auto P = std::make_unique<Recodegen>(std::move(Optimizing), S->Lease,
                                       S->Index, *S->AtExit, S->Opts);
  auto Executor = TieringExecutor::Create(
      S, std::move(P), CI.getTarget().getTriple().str(), IEB.CM);
  if (!Executor)
    return Executor.takeError();
  registerConsumer(nullptr);
  rememberSession(CI, S);
  if (Opts.Enabled)
    generateTierZero(CI.getCodeGenOpts());
  IEB.IE = std::move(*Executor);
  return S;
}

} // namespace reopt
