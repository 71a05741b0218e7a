//===-- TierZeroCompiler.cpp ----------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/TierZeroCompiler.h"
#include "llvm/ExecutionEngine/Orc/CompileUtils.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

static constexpr StringLiteral UncountedMark = "reopt.uncounted";

void markUncounted(Module &M) { M.getOrInsertNamedMetadata(UncountedMark); }

TierZeroCompiler::TierZeroCompiler(JITTargetMachineBuilder JTMB)
    : IRCompiler(irManglingOptionsFromTargetOptions(JTMB.getOptions())),
      JTMB(std::move(JTMB)), Fast{CodeGenOptLevel::None, {}},
      Stock{CodeGenOptLevel::Default, {}} {}

TierZeroCompiler::~TierZeroCompiler() = default;

Expected<std::unique_ptr<MemoryBuffer>>
TierZeroCompiler::operator()(Module &Mod) {
  NamedMDNode *Mark = Mod.getNamedMetadata(UncountedMark);
  Machines &Kind = Mark ? Stock : Fast;
  if (Mark)
    Mark->eraseFromParent();

  std::unique_ptr<TargetMachine> TM;
  {
    std::lock_guard<std::mutex> Lock(M);
    if (!Kind.Idle.empty()) {
      TM = std::move(Kind.Idle.back());
      Kind.Idle.pop_back();
    }
  }
  if (!TM) {
    JITTargetMachineBuilder Builder = JTMB;
    Builder.setCodeGenOptLevel(Kind.Level);
    auto Created = Builder.createTargetMachine();
    if (!Created)
      return Created.takeError();
    TM = std::move(*Created);
  }
  auto Object = SimpleCompiler(*TM)(Mod);
  std::lock_guard<std::mutex> Lock(M);
  Kind.Idle.push_back(std::move(TM));
  return Object;
}

} // namespace reopt
