//===-- ModulePartition.cpp -----------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModulePartition.h"
#include "reopt/ContextErrors.h"
#include "reopt/ModuleExtractor.h"
#include "reopt/TierZeroCompiler.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Object/ModuleSymbolTable.h"
#include <atomic>

using namespace llvm;

namespace reopt {

namespace {

/// Whether values of \p Ty, passed by value, may be in wide vector registers.
bool isWide(const Type *Ty) {
  return Ty->isVectorTy() ? Ty->getPrimitiveSizeInBits() > 128
                          : any_of(Ty->subtypes(), isWide);
}

/// Lazy entries keep the low 128 bits of vector registers only.
bool hasWideVectors(const Function &F) {
  return any_of(F.getFunctionType()->subtypes(), isWide);
}

/// A function whose blocks are taken by address belongs with the data that
/// takes them.
bool hasAddressTakenBlocks(const Function &F) {
  return any_of(F, [](const BasicBlock &B) { return B.hasAddressTaken(); });
}

/// The functions of \p Mod that assembly keeps together with something: those
/// with a symbol of this module as an operand, and those which are one.
SmallPtrSet<const Function *, 4> findTiedByAssembly(const Module &Mod) {
  SmallPtrSet<const Function *, 4> Tied;
  for (const Function &F : Mod)
    for (const GlobalValue *Symbol : getSymbolsInAssembly(F)) {
      if (Symbol->isDeclaration())
        continue;
      Tied.insert(&F);
      if (auto *Named = dyn_cast<Function>(Symbol))
        Tied.insert(Named);
    }
  return Tied;
}

/// Why \p F has to stay where its symbol is.
std::optional<Reason> findReasonAgainstStub(const Function &F) {
  if (F.hasFnAttribute(Attribute::Naked))
    return Reason::Naked;
  if (hasAddressTakenBlocks(F))
    return Reason::AddressTakenBlocks;
  // Some callers expect to find in all registers what they left there, and lazy
  // entries keep the low half of the vector registers.
  if (F.hasPrefixData() || F.hasPrologueData() ||
      F.hasMetadata(LLVMContext::MD_kcfi_type) ||
      F.getName().starts_with("\1") ||
      F.getCallingConv() == CallingConv::PreserveAll ||
      F.getCallingConv() == CallingConv::AnyReg)
    return Reason::UnusualEntry;
  return std::nullopt;
}

/// The names of the globals that \p U's operands mention, through constants.
void collectMentioned(const User &U, SmallPtrSetImpl<const Value *> &Seen,
                      std::vector<std::string> &Names) {
  SmallVector<const User *, 8> Work{&U};
  while (!Work.empty())
    for (const Value *Op : Work.pop_back_val()->operands()) {
      if (!isa<Constant>(Op) || !Seen.insert(Op).second)
        continue;
      auto *GV = dyn_cast<GlobalValue>(Op);
      if (!GV) {
        Work.push_back(cast<User>(Op));
        continue;
      }
      if (GV->hasLocalLinkage()) {
        // A copied constant: look at what it mentions.
        Work.push_back(GV);
        continue;
      }
      if (!GV->hasExternalWeakLinkage() && !GV->getName().starts_with("llvm."))
        Names.push_back(
            ((GV->isThreadLocal() ? EmulatedTLSPrefix : "") + GV->getName())
                .str());
    }
}

/// Some headers of libstdc++ only mention symbols in assembly.
bool definesInAssembly(const Module &Mod) {
  if (Mod.getModuleInlineAsm().empty())
    return false;
  // To be read, it needs a target.
  if (Mod.getTargetTriple().empty())
    return true;
  bool Defines = false;
  ModuleSymbolTable::CollectAsmSymbols(
      Mod, [&](StringRef, object::BasicSymbolRef::Flags Flags) {
        Defines |= !(Flags & object::BasicSymbolRef::SF_Undefined);
      });
  return Defines;
}

/// What may be merged by its group may be merged by itself then.
void leaveComdat(GlobalObject &GO) {
  const Comdat *Group = GO.getComdat();
  if (Group && Group->getName() == GO.getName() &&
      Group->getSelectionKind() == Comdat::Any && GO.hasExternalLinkage() &&
      !GO.isDeclaration())
    GO.setLinkage(GlobalValue::WeakODRLinkage);
  GO.setComdat(nullptr);
}

/// Calls \p Visit with each function whose address \p C holds, and where.
void forEachFunctionIn(const Constant &C, uint64_t Offset, const DataLayout &DL,
                       function_ref<void(const Function &, uint64_t)> Visit) {
  if (auto *F = dyn_cast<Function>(&C))
    return Visit(*F, Offset);
  auto *Aggregate = dyn_cast<ConstantAggregate>(&C);
  if (!Aggregate)
    return;
  for (unsigned I = 0; I < Aggregate->getNumOperands(); ++I) {
    uint64_t At = Offset;
    if (auto *STy = dyn_cast<StructType>(C.getType()))
      At += DL.getStructLayout(STy)->getElementOffset(I);
    else
      At += I * DL.getTypeAllocSize(Aggregate->getOperand(I)->getType());
    forEachFunctionIn(*Aggregate->getOperand(I), At, DL, Visit);
  }
}

/// Makes \p GV a declaration of a symbol that the session has already.
void dropDefinition(GlobalValue &GV) {
  if (auto *F = dyn_cast<Function>(&GV)) {
    F->deleteBody();
    F->setComdat(nullptr);
  } else if (auto *Var = dyn_cast<GlobalVariable>(&GV)) {
    Var->setInitializer(nullptr);
    Var->setLinkage(GlobalValue::ExternalLinkage);
    Var->setComdat(nullptr);
  }
  GV.setVisibility(GlobalValue::DefaultVisibility);
  GV.setDSOLocal(false);
}

/// An alias has to lead to a definition.
bool isPartOfAlias(const User &U) {
  return isa<GlobalAlias>(U) || (isa<Constant>(U) && !isa<GlobalValue>(U) &&
                                 any_of(U.users(), [](const User *Outer) {
                                   return isPartOfAlias(*Outer);
                                 }));
}

/// Whether \p U is the third field of an entry of llvm.global_ctors: for what
/// the constructor is there. LLVM drops those that are for something that is
/// not defined beside them.
bool isKeyOfConstructor(const Use &U) {
  return isa<ConstantStruct>(U.getUser()) && U.getOperandNo() == 2 &&
         any_of(U.getUser()->users(), [](const User *List) {
           return any_of(List->users(), [](const User *Var) {
             return isa<GlobalVariable>(Var) &&
                    cast<GlobalVariable>(Var)->hasAppendingLinkage();
           });
         });
}

/// Renames what \p Data defines and others may know.
void hideData(Module &Data, ModulePartition &Parts,
              function_ref<std::string(StringRef)> GetHiddenName) {
  Data.setModuleIdentifier(GetHiddenName(Data.getModuleIdentifier()));
  SmallVector<GlobalValue *, 16> Defined;
  for (GlobalValue &GV : Data.global_values())
    if (!GV.isDeclaration() && !GV.hasLocalLinkage() &&
        !GV.hasAppendingLinkage() && !GV.getName().starts_with("llvm."))
      Defined.push_back(&GV);
  for (GlobalValue *GV : Defined) {
    const std::string Name = GV->getName().str();
    auto &Hidden =
        GV->isThreadLocal() ? Parts.HiddenThreadLocals : Parts.HiddenData;
    Hidden.push_back({Name, GetHiddenName(GV->getName()),
                      JITSymbolFlags::fromGlobalValue(*GV)});
    // Which of several definitions is the right one is known under the name
    // that all have: code in here has to ask, too.
    const bool MayLose = GV->isWeakForLinker();
    GV->setName(Hidden.back().Aliasee);
    GV->setLinkage(GlobalValue::ExternalLinkage);
    if (!MayLose || isa<GlobalAlias>(GV))
      continue;
    GlobalValue *Winner;
    if (auto *F = dyn_cast<Function>(GV)) {
      auto *Decl = Function::Create(F->getFunctionType(), F->getLinkage(),
                                    F->getAddressSpace(), Name, &Data);
      Decl->copyAttributesFrom(F);
      Decl->setPersonalityFn(nullptr);
      Decl->setPrefixData(nullptr);
      Decl->setPrologueData(nullptr);
      Winner = Decl;
    } else {
      auto *Var = cast<GlobalVariable>(GV);
      Winner =
          new GlobalVariable(Data, Var->getValueType(), /*isConstant=*/false,
                             Var->getLinkage(), nullptr, Name, nullptr,
                             Var->getThreadLocalMode(), Var->getAddressSpace());
    }
    Winner->setDSOLocal(false);
    GV->replaceUsesWithIf(Winner, [&](Use &U) {
      return !isa<BlockAddress>(U.getUser()) && !isPartOfAlias(*U.getUser()) &&
             !isKeyOfConstructor(U);
    });
  }
}

} // namespace

std::vector<std::string> getMentionedNames(const Function &F) {
  std::vector<std::string> Names;
  SmallPtrSet<const Value *, 16> Seen;
  for (const Instruction &I : instructions(F))
    collectMentioned(I, Seen, Names);
  return Names;
}

static ModulePartition partition(Module &Mod, const PartitionRequest &Req,
                                 std::unique_ptr<Module> &Data) {
  ModulePartition Parts;
  // The session links symbol by symbol; a group would only keep together what
  // we are about to part.
  for (GlobalObject &GO : Mod.global_objects())
    leaveComdat(GO);

  for (GlobalValue &GV : Mod.global_values()) {
    if (GV.isDeclaration() || isa<GlobalAlias>(GV) || isa<GlobalIFunc>(GV))
      continue;
    if (GV.hasAvailableExternallyLinkage() ||
        (Req.IsMergedAway && GV.isWeakForLinker() &&
         !GV.hasAppendingLinkage() && Req.IsMergedAway(GV.getName())))
      dropDefinition(GV);
  }

  // Assembly that defines something and the functions beside it may share local
  // labels: one object has to hold both.
  const bool Counting =
      Req.Counting && Mod.ifuncs().empty() && !definesInAssembly(Mod);
  static std::atomic<uint64_t> Unique{0};
  auto GetOwnName = [](StringRef Name) {
    Name.consume_front("\1");
    return (Name + ".reopt." + Twine(++Unique)).str();
  };
  auto Expose = [&](GlobalValue &GV) {
    GV.setName(GetOwnName(GV.getName()));
    GV.setLinkage(GlobalValue::ExternalLinkage);
    auto *Var = dyn_cast<GlobalVariable>(&GV);
    Parts.Exposed.push_back({GV.getName().str(),
                             JITSymbolFlags::fromGlobalValue(GV),
                             !GV.isThreadLocal() ? ModulePartition::Ordinary
                             : Var && Var->getInitializer()->isNullValue()
                                 ? ModulePartition::ZeroThreadLocal
                                 : ModulePartition::InitialisedThreadLocal});
  };
  SmallVector<std::pair<const Function *, Reason>, 4> NotCounted;
  SmallPtrSet<GlobalValue *, 16> Stubbed;
  const auto Tied = findTiedByAssembly(Mod);
  auto Count = [&](Function &F) {
    Stubbed.insert(&F);
    Parts.Counted.push_back({F.getName().str(),
                             JITSymbolFlags::fromGlobalValue(F),
                             F.getInstructionCount()});
  };
  for (Function &F : Mod) {
    if (F.isDeclaration())
      continue;
    if (Counting && Req.P.instrument(F) == Tier0Kind::Once &&
        !hasAddressTakenBlocks(F) && !hasWideVectors(F) && !Tied.contains(&F)) {
      if (F.hasLocalLinkage())
        Expose(F);
      F.setSection("");
      Parts.Once.insert(F.getName());
      Count(F);
      continue;
    }
    if (Req.P.instrument(F) != Tier0Kind::Counted) {
      Parts.Rest.push_back(&F);
      continue;
    }
    const bool Early = hasWideVectors(F);
    std::optional<Reason> Why = findReasonAgainstStub(F);
    if (Tied.contains(&F))
      Why = Reason::OperandOfAssembly;
    if (!Counting)
      Why = Req.Counting ? Reason::BesideAssembly : Reason::DefinedWhileOff;
    else if (Early && !Req.MayCompileEarly)
      Why = Reason::WideVectors;
    if (Why) {
      Parts.Rest.push_back(&F);
      NotCounted.push_back({&F, *Why});
      continue;
    }
    if (F.hasLocalLinkage())
      Expose(F);
    Count(F);
    if (Early)
      Parts.Eager.push_back(F.getName().str());
  }
  for (Function &F : Mod)
    if (Counting && Req.MayCompileEarly && Req.P.mayInterrupt(F))
      Parts.EagerWithCallees.push_back(F.getName().str());

  for (GlobalAlias &A : Mod.aliases()) {
    auto *Aliasee = dyn_cast<Function>(A.getAliaseeObject());
    if (Aliasee && Stubbed.count(Aliasee) && A.hasLocalLinkage())
      continue; // Whoever mentions it will mention the function.
    if (Aliasee && Stubbed.count(Aliasee))
      Parts.Aliases.push_back({A.getName().str(), Aliasee->getName().str(),
                               JITSymbolFlags::fromGlobalValue(A)});
    else
      Parts.Rest.push_back(&A);
  }
  for (GlobalVariable &Var : Mod.globals())
    if (!Var.isDeclaration() && Var.getName() != "llvm.used" &&
        Var.getName() != "llvm.compiler.used" &&
        (Req.BodiesMayGo || !isCopiedConstant(Var)))
      Parts.Rest.push_back(&Var);

  Parts.Whole =
      !Counting && !(Parts.Rest.empty() && Mod.getModuleInlineAsm().empty());
  if (Parts.Rest.empty())
    return Parts;

  // Local data that function bodies share with the rest gets a name that the
  // bodies' modules can refer to.
  for (GlobalValue *GV : Parts.Rest)
    if (GV->hasLocalLinkage())
      Expose(*GV);
  for (auto &[F, Why] : NotCounted)
    Parts.NotCounted.push_back({F->getName().str(), Why});
  const bool RunsAtStart = any_of(Parts.Rest, [](const GlobalValue *GV) {
    return GV->hasAppendingLinkage();
  });
  for (GlobalValue *GV : Parts.Rest) {
    if (!GV->hasAppendingLinkage())
      Parts.DataNames.push_back(GV->getName().str());
    std::vector<std::string> Mentioned;
    if (auto *F = dyn_cast<Function>(GV)) {
      Mentioned = getMentionedNames(*F);
      if (!F->isWeakForLinker())
        for (Instruction &I : instructions(*F))
          if (auto *Call = dyn_cast<CallBase>(&I))
            if (Function *Callee = Call->getCalledFunction())
              Parts.Called.push_back(Callee->getName().str());
    } else {
      SmallPtrSet<const Value *, 16> Seen;
      collectMentioned(*GV, Seen, Mentioned);
    }
    if (GV->isWeakForLinker() && !GV->hasAppendingLinkage())
      Parts.Mentions[GV->getName()] = std::move(Mentioned);
    else
      append_range(RunsAtStart ? Parts.Roots : Parts.DataMentions, Mentioned);
  }
  if (Parts.Whole) {
    markUncounted(Mod);
    Parts.Roots.clear();
    Parts.DataMentions.clear();
    return Parts;
  }
  Data = extractModule(Mod, Mod.getModuleIdentifier(), Parts.Rest);
  for (GlobalVariable &Var : Data->globals())
    if (!Var.isDeclaration() && Var.isConstant() && Req.FillTables &&
        Req.P.isCallOnlyTable(Var)) {
      // We shall write to it; the program cannot tell.
      Var.setConstant(false);
      forEachFunctionIn(*Var.getInitializer(), 0, Mod.getDataLayout(),
                        [&](const Function &F, uint64_t Offset) {
                          Parts.CallSlots.push_back(
                              {F.getName().str(), Var.getName().str(), Offset});
                        });
    }
  // What loops here will never be replaced: no code of ours may be slower than
  // stock's for good.
  if (any_of(*Data, [](const Function &F) {
        SmallVector<std::pair<const BasicBlock *, const BasicBlock *>, 1> Loops;
        if (!F.isDeclaration())
          FindFunctionBackedges(F, Loops);
        return !Loops.empty();
      }))
    markUncounted(*Data);
  if (Req.HideData)
    hideData(*Data, Parts, GetOwnName);
  return Parts;
}

Error checkAssembly(const Module &Mod) {
  ContextErrors Errors(Mod.getContext());
  definesInAssembly(Mod);
  return Errors.getText().empty() ? Error::success()
                                  : createStringError(Errors.getText());
}

ModulePartition partitionModule(orc::ThreadSafeModule &TSM,
                                const PartitionRequest &Req) {
  std::unique_ptr<Module> Data;
  ModulePartition Parts =
      TSM.withModuleDo([&](Module &Mod) { return partition(Mod, Req, Data); });
  if (Data)
    Parts.Data = orc::ThreadSafeModule(std::move(Data), TSM.getContext());
  return Parts;
}

} // namespace reopt
