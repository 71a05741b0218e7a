//===-- TierZero.cpp ------------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/TierZero.h"
#include "reopt/ModuleExtractor.h"
#include "reopt/TierZeroCompiler.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/Module.h"
#include <atomic>

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

namespace {

constexpr StringLiteral TierZeroSuffix = ".tier0";

MaterializationUnit::Interface
getBodyInterface(ExecutionSession &ES, const TierZeroUnit::BodyMap &Bodies) {
  SymbolFlagsMap Flags;
  for (auto &[Name, Body] : Bodies)
    Flags[ES.intern(getTierZeroName(Name))] =
        JITSymbolFlags::Exported | JITSymbolFlags::Callable;
  return {std::move(Flags), nullptr};
}

} // namespace

std::string getTierZeroName(StringRef Name) {
  return (Name + TierZeroSuffix).str();
}

TierZeroUnit::TierZeroUnit(ExecutionSession &ES, IRLayer &Base,
                           std::shared_ptr<ThreadSafeModule> TSM,
                           BodyMap Bodies, unsigned GroupLimit)
    : MaterializationUnit(getBodyInterface(ES, Bodies)), ES(ES), Base(Base),
      TSM(std::move(TSM)), Bodies(std::move(Bodies)), GroupLimit(GroupLimit) {}

void TierZeroUnit::discard(const JITDylib &, const SymbolStringPtr &) {
  llvm_unreachable("names of tier-0 bodies are unique");
}

void TierZeroUnit::materialize(
    std::unique_ptr<MaterializationResponsibility> R) {
  auto Fail = [&](Error Err) {
    ES.reportError(std::move(Err));
    R->failMaterialization();
  };

  auto Extracted = TSM->withModuleDo([&](Module &M) {
    // What was asked for, then what it calls, breadth first: it is likely to be
    // called next, and an object has a cost of its own.
    SmallVector<BodyMap::iterator, 16> Group;
    SmallPtrSet<Function *, 16> Taken;
    auto Take = [&](StringRef Name) {
      auto I = Bodies.find(std::string(Name));
      if (I != Bodies.end() && Taken.insert(I->second.F).second)
        Group.push_back(I);
    };
    for (const SymbolStringPtr &Name : R->getRequestedSymbols())
      Take((*Name).drop_back(TierZeroSuffix.size()));
    for (size_t I = 0; I < Group.size() && Group.size() < GroupLimit; ++I)
      for (Instruction &Inst : instructions(*Group[I]->second.F))
        if (auto *Call = dyn_cast<CallBase>(&Inst))
          if (auto *Callee = Call->getCalledFunction();
              Callee && Group.size() < GroupLimit)
            Take(Callee->getName());

    SmallVector<GlobalValue *, 16> Definitions;
    StringMap<InstrumentationSite> Sites;
    for (auto I : Group) {
      Definitions.push_back(I->second.F);
      Sites[getTierZeroName(I->first)] = I->second.Site;
      Bodies.erase(I);
    }
    static std::atomic<uint64_t> Counter{0};
    auto Part = extractModule(M, ("reopt.tier0." + Twine(++Counter)).str(),
                              Definitions, getTierZeroName);
    for (auto &[Name, Site] : Sites) {
      Function *F = Part->getFunction(Name);
      F->setLinkage(GlobalValue::ExternalLinkage);
      F->setVisibility(GlobalValue::DefaultVisibility);
      // Whoever stays in tier 0 for good shall not be slower than stock.
      if (Site.Cell && !instrument(*F, Site) && Site.Polls)
        markUncounted(*Part);
    }
    return Part;
  });

  if (!Bodies.empty())
    if (auto Err = R->replace(std::make_unique<TierZeroUnit>(
            ES, Base, TSM, std::move(Bodies), GroupLimit)))
      return Fail(std::move(Err));
  Base.emit(std::move(R),
            ThreadSafeModule(std::move(Extracted), TSM->getContext()));
}

} // namespace reopt
