//===-- ReOptimizeOnce.cpp ------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Modules that run once and are gone: no function of theirs gets an identity.
//
//===----------------------------------------------------------------------===//

#include "ModulePartition.h"
#include "reopt/ReOptimizeLayer.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/IR/InstIterator.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

bool ReOptimizeLayer::runsOnce(const llvm::Module &Mod) const {
  if (!isEnabled() || !Mod.getModuleInlineAsm().empty())
    return false;
  return all_of(Mod, [&](const Function &F) {
    if (P->mayInterrupt(F))
      return false;
    if (F.isDeclaration())
      return true;
    SmallVector<std::pair<const BasicBlock *, const BasicBlock *>, 1> Loops;
    FindFunctionBackedges(F, Loops);
    return Loops.empty() && P->instrument(F) == Tier0Kind::Plain;
  });
}

Expected<ExecutorAddr> ReOptimizeLayer::addOnce(const ResourceTrackerSP &RT,
                                                llvm::Module &Mod,
                                                StringRef Entry,
                                                CompileFn Compile) {
  auto Home = getSpace(RT->getJITDylib());
  if (!Home)
    return Home.takeError();
  if (auto Err = checkModule(Mod))
    return std::move(Err);
  ModulePartition Parts;
  for (const Function &F : Mod) {
    if (F.isDeclaration())
      continue;
    append_range(Parts.Roots, getMentionedNames(F));
    for (const Instruction &I : instructions(F))
      if (auto *Call = dyn_cast<CallBase>(&I))
        if (const Function *Callee = Call->getCalledFunction())
          Parts.Called.push_back(Callee->getName().str());
  }
  erase_if(Parts.Roots, [&](const std::string &Name) {
    const GlobalValue *Defined = Mod.getNamedValue(Name);
    return Defined && !Defined->isDeclaration();
  });
  noteCalled(*Home, Parts);
  if (Place.CheckReferences)
    if (auto Err = checkReferences(*Home, std::move(Parts.Roots)))
      return std::move(Err);
  {
    // Its code will run soon, and what it calls trip.
    std::lock_guard<std::mutex> Lock(M);
    if (!Workers.empty())
      Inbox.wake();
  }
  const std::string Name = Entry.str();
  auto Object = Compile(Mod);
  if (!Object)
    return Object.takeError();
  if (auto Err = Place.Linker.add(RT, std::move(*Object)))
    return std::move(Err);
  auto Found = ES.lookup(
      makeJITDylibSearchOrder(&Home->JD, JITDylibLookupFlags::MatchAllSymbols),
      Mangle(Name));
  if (!Found)
    return Found.takeError();
  return Found->getAddress();
}

} // namespace reopt
