//===-- TierZero.cpp ------------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/TierZero.h"
#include "reopt/ActiveCount.h"
#include "reopt/ModuleExtractor.h"
#include "reopt/TierZeroCompiler.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

const StringLiteral TierZeroMarker = ".tier0.";

static MaterializationUnit::Interface
getBodyInterface(ExecutionSession &ES,
                 const std::vector<TierZeroUnit::Body> &Bodies,
                 uint64_t Group) {
  SymbolFlagsMap Flags;
  for (const TierZeroUnit::Body &Body : Bodies)
    Flags[ES.intern(getTierZeroName(Body.Name, Group))] =
        JITSymbolFlags::Exported | JITSymbolFlags::Callable;
  return {std::move(Flags), nullptr};
}

std::string getTierZeroName(StringRef Name, uint64_t Group) {
  return (Name + TierZeroMarker + Twine(Group)).str();
}

std::vector<Function *>
selectTierZeroGroup(ArrayRef<Function *> Roots, unsigned Limit,
                    function_ref<bool(Function &)> Take) {
  std::vector<Function *> Group;
  SmallPtrSet<Function *, 16> Asked;
  auto Ask = [&](Function &F) {
    if (Group.size() < Limit && Asked.insert(&F).second && Take(F))
      Group.push_back(&F);
  };
  for (Function *Root : Roots)
    Ask(*Root);
  for (size_t I = 0; I < Group.size() && Group.size() < Limit; ++I)
    for (Instruction &Inst : instructions(*Group[I]))
      if (auto *Call = dyn_cast<CallBase>(&Inst))
        if (Function *Callee = Call->getCalledFunction())
          Ask(*Callee);
  return Group;
}

TierZeroUnit::TierZeroUnit(ExecutionSession &ES, IRLayer &Base,
                           std::shared_ptr<ThreadSafeModule> TSM,
                           std::vector<Body> Bodies, uint64_t Group,
                           ExecutorAddr ActiveCount)
    : MaterializationUnit(getBodyInterface(ES, Bodies, Group)), ES(ES),
      Base(Base), TSM(std::move(TSM)), Bodies(std::move(Bodies)), Group(Group),
      ActiveCount(ActiveCount) {}

void TierZeroUnit::discard(const JITDylib &, const SymbolStringPtr &) {
  llvm_unreachable("names of tier-0 bodies are unique");
}

void TierZeroUnit::materialize(
    std::unique_ptr<MaterializationResponsibility> R) {
  auto GetName = [this](StringRef Name) {
    return getTierZeroName(Name, Group);
  };
  ThreadSafeModule Extracted;
  Error Err = TSM->withModuleDo([&](Module &M) -> Error {
    SmallVector<GlobalValue *, 16> Definitions;
    for (const Body &B : Bodies)
      Definitions.push_back(B.F);
    std::unique_ptr<Module> Part = extractModule(
        M, (M.getModuleIdentifier() + TierZeroMarker + Twine(Group)).str(),
        Definitions, GetName);
    Module &Group = *Part;
    Extracted = ThreadSafeModule(std::move(Part), TSM->getContext());
    for (const Body &B : Bodies) {
      Function *F = Group.getFunction(GetName(B.Name));
      F->setLinkage(GlobalValue::ExternalLinkage);
      F->setVisibility(GlobalValue::DefaultVisibility);
      // Whoever stays in tier 0 for good shall not be slower than stock.
      if (B.Site.Cell && !instrument(*F, B.Site) && B.Site.Polls)
        markUncounted(Group);
      if (ActiveCount)
        if (auto Refused = countActive(*F, ActiveCount))
          return Refused;
    }
    return Error::success();
  });
  if (Err) {
    ES.reportError(std::move(Err));
    return R->failMaterialization();
  }
  Base.emit(std::move(R), std::move(Extracted));
}

} // namespace reopt
