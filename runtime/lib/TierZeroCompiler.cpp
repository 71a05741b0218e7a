//===-- TierZeroCompiler.cpp ----------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/TierZeroCompiler.h"
#include "CountFolding.h"
#include "baseline/BaselineCompiler.h"
#include "reopt/ContextErrors.h"
#include "llvm/CodeGen/MachineModuleInfo.h"
#include "llvm/CodeGen/Passes.h"
#include "llvm/CodeGen/TargetPassConfig.h"
#include "llvm/ExecutionEngine/Orc/CompileUtils.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

static constexpr StringLiteral UncountedMark = "reopt.uncounted";

void markUncounted(Module &M) { M.getOrInsertNamedMetadata(UncountedMark); }

/// Whether \p M was marked.
static bool takeMark(Module &M) {
  NamedMDNode *Mark = M.getNamedMetadata(UncountedMark);
  if (Mark)
    Mark->eraseFromParent();
  return Mark;
}

/// A target machine and the passes that it puts behind each other.
class TierZeroCompiler::Pipeline {
public:
  static Expected<std::unique_ptr<Pipeline>>
  Create(JITTargetMachineBuilder Builder) {
    std::unique_ptr<Pipeline> P(new Pipeline);
    if (auto Err = Builder.createTargetMachine().moveInto(P->TM))
      return std::move(Err);
    if (!P->addPasses())
      return createStringError("the target cannot emit machine code");
    return std::move(P);
  }

  std::unique_ptr<MemoryBuffer> run(Module &M) {
    Passes.run(M);
    return std::make_unique<SmallVectorMemoryBuffer>(
        std::exchange(Object, {}), M.getModuleIdentifier() + ".o",
        /*RequiresNullTerminator=*/false);
  }

private:
  Pipeline() = default;

  /// What TargetMachine::addPassesToEmitFile() does, with one pass of ours.
  bool addPasses() {
    TargetPassConfig *Config = TM->createPassConfig(Passes);
    Config->setDisableVerify(true);
    Passes.add(Config);
    auto *Machine = new MachineModuleInfoWrapperPass(TM.get());
    Passes.add(Machine);
    if (TM->getOptLevel() == CodeGenOptLevel::None)
      Config->insertPass(&FinalizeISelID, createCountFoldingPass());
    if (Config->addISelPasses())
      return false;
    Config->addMachinePasses();
    Config->setInitialized();
    if (TM->addAsmPrinter(Passes, Stream, /*DwoOut=*/nullptr,
                          CodeGenFileType::ObjectFile,
                          Machine->getMMI().getContext()))
      return false;
    Passes.add(createFreeMachineFunctionPass());
    return true;
  }

  // The passes use all that is above them.
  std::unique_ptr<TargetMachine> TM;
  SmallVector<char, 0> Object;
  raw_svector_ostream Stream{Object};
  legacy::PassManager Passes;
};

/// Of other code models and relocations the baseline compiler knows nothing.
static bool isPlain(const JITTargetMachineBuilder &JTMB) {
  return JTMB.getCodeModel().value_or(CodeModel::Small) == CodeModel::Small &&
         JTMB.getRelocationModel().value_or(Reloc::PIC_) == Reloc::PIC_ &&
         !JTMB.getOptions().FunctionSections && !JTMB.getOptions().DataSections;
}

TierZeroCompiler::TierZeroCompiler(JITTargetMachineBuilder JTMB,
                                   bool UseBaseline)
    : IRCompiler(irManglingOptionsFromTargetOptions(JTMB.getOptions())),
      JTMB(std::move(JTMB)), UseBaseline(UseBaseline && isPlain(this->JTMB)),
      Fast{CodeGenOptLevel::None, {}}, Stock{CodeGenOptLevel::Default, {}} {}

TierZeroCompiler::~TierZeroCompiler() = default;

Expected<std::unique_ptr<TierZeroCompiler::Pipeline>>
TierZeroCompiler::take(Pipelines &Kind) {
  {
    std::lock_guard<std::mutex> Lock(M);
    if (!Kind.Idle.empty()) {
      auto Last = std::move(Kind.Idle.back());
      Kind.Idle.pop_back();
      return std::move(Last);
    }
  }
  JITTargetMachineBuilder Builder = JTMB;
  Builder.setCodeGenOptLevel(Kind.Level);
  return Pipeline::Create(std::move(Builder));
}

Expected<std::unique_ptr<MemoryBuffer>>
TierZeroCompiler::operator()(Module &Mod) {
  Pipelines &Kind = takeMark(Mod) ? Stock : Fast;
  if (UseBaseline && &Kind == &Fast) {
    StringRef Why;
    if (auto Object = baseline::compile(Mod, JTMB.getTargetTriple(), Why))
      return std::move(Object);
  }
  auto P = take(Kind);
  if (!P)
    return P.takeError();
  ContextErrors Errors(Mod.getContext());
  auto Object = (*P)->run(Mod);
  // What an error leaves behind in the passes is not known: they go.
  if (StringRef Text = Errors.getText(); !Text.empty())
    return createStringError(Text);
  std::lock_guard<std::mutex> Lock(M);
  Kind.Idle.push_back(std::move(*P));
  return std::move(Object);
}

} // namespace reopt
