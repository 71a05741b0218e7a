//===-- ModuleExtractor.cpp -----------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/ModuleExtractor.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/ValueMapper.h"

using namespace llvm;

namespace reopt {

namespace {

/// Declares what copied definitions mention, in the order in which they do.
class Declarer : public ValueMaterializer {
public:
  Declarer(Module &To, ValueToValueMapTy &Map, bool ImportConstants)
      : To(To), Map(Map), ImportConstants(ImportConstants) {}

  Value *materialize(Value *V) override {
    auto *GV = dyn_cast<GlobalValue>(V);
    if (!GV || GV->getParent() == &To)
      return nullptr;
    if (GlobalValue *Declared = To.getNamedValue(GV->getName()))
      if (GV->hasName() && !isCopiedConstant(*GV))
        return Declared;
    if (isCopiedConstant(*GV)) {
      auto &Old = cast<GlobalVariable>(*GV);
      auto *New =
          new GlobalVariable(To, Old.getValueType(), /*isConstant=*/true,
                             Old.getLinkage(), nullptr, Old.getName(), nullptr,
                             Old.getThreadLocalMode(), Old.getAddressSpace());
      New->copyAttributesFrom(&Old);
      Pending.push_back({&Old, New});
      return New;
    }
    if (auto *F = dyn_cast<Function>(GV))
      return declare(*F->getFunctionType(), *F);
    if (auto *Alias = dyn_cast<GlobalAlias>(GV))
      if (Value *Aliased = findAliased(*Alias))
        return Aliased;
    if (auto *Var = dyn_cast<GlobalVariable>(GV)) {
      auto *New = new GlobalVariable(
          To, Var->getValueType(), Var->isConstant(), declaredLinkage(*Var),
          nullptr, Var->getName(), nullptr, Var->getThreadLocalMode(),
          Var->getAddressSpace());
      New->copyAttributesFrom(Var);
      declareElsewhere(*New);
      if (ImportConstants && isWorthImporting(*Var)) {
        New->setLinkage(GlobalValue::AvailableExternallyLinkage);
        Pending.push_back({Var, New});
      }
      return New;
    }
    // A weak alias or an ifunc: callers see a symbol of its type.
    if (auto *FTy = dyn_cast<FunctionType>(GV->getValueType()))
      return Function::Create(FTy, GlobalValue::ExternalLinkage,
                              GV->getAddressSpace(), GV->getName(), &To);
    return new GlobalVariable(To, GV->getValueType(), /*isConstant=*/false,
                              GlobalValue::ExternalLinkage, nullptr,
                              GV->getName(), nullptr, GV->getThreadLocalMode());
  }

  /// Initialisers of copied constants may mention further values.
  void copyInitializers() {
    while (!Pending.empty()) {
      auto [Old, New] = Pending.pop_back_val();
      New->setInitializer(
          MapValue(Old->getInitializer(), Map, RF_None, nullptr, this));
    }
  }

private:
  /// What \p Alias is another name of, plus an offset. A declaration of its own
  /// would be taken for another object. Null if the name may come to mean
  /// something else.
  Value *findAliased(const GlobalAlias &Alias) {
    if (Alias.isWeakForLinker())
      return nullptr;
    const DataLayout &DL = Alias.getDataLayout();
    APInt Offset(DL.getIndexTypeSizeInBits(Alias.getType()), 0);
    auto *Base = dyn_cast<GlobalObject>(
        Alias.getAliasee()->stripAndAccumulateConstantOffsets(
            DL, Offset, /*AllowNonInbounds=*/true));
    if (!Base)
      return nullptr;
    auto Known = isa<GlobalVariable>(Base) ? Map.find(Base) : Map.end();
    auto *Aliased = cast<Constant>(
        Known != Map.end() ? static_cast<Value *>(Known->second)
                           : materialize(const_cast<GlobalObject *>(Base)));
    if (isa<GlobalVariable>(Base))
      Map[Base] = Aliased;
    if (Offset.isZero())
      return Aliased;
    LLVMContext &Ctx = Alias.getContext();
    return ConstantExpr::getGetElementPtr(Type::getInt8Ty(Ctx), Aliased,
                                          ConstantInt::get(Ctx, Offset));
  }

  /// A stub, or another input's data, may lie out of a 32-bit displacement's
  /// reach; and hidden symbols would have to be near.
  static void declareElsewhere(GlobalValue &GV) {
    GV.setVisibility(GlobalValue::DefaultVisibility);
    GV.setDSOLocal(false);
  }

  static GlobalValue::LinkageTypes declaredLinkage(const GlobalValue &GV) {
    return GV.hasExternalWeakLinkage() ? GlobalValue::ExternalWeakLinkage
                                       : GlobalValue::ExternalLinkage;
  }

  /// Larger tables are hardly folded, and cost time to copy.
  static bool isWorthImporting(const GlobalVariable &Var) {
    constexpr uint64_t MaxBytes = 1 << 16;
    return Var.isConstant() && Var.hasDefinitiveInitializer() &&
           !Var.isThreadLocal() &&
           Var.getDataLayout().getTypeAllocSize(Var.getValueType()) <= MaxBytes;
  }

  Value *declare(FunctionType &Ty, const Function &Old) {
    auto *New = Function::Create(&Ty, declaredLinkage(Old),
                                 Old.getAddressSpace(), Old.getName(), &To);
    New->copyAttributesFrom(&Old);
    New->setComdat(nullptr);
    declareElsewhere(*New);
    New->setPersonalityFn(nullptr);
    New->setPrefixData(nullptr);
    New->setPrologueData(nullptr);
    return New;
  }

  Module &To;
  ValueToValueMapTy &Map;
  const bool ImportConstants;
  SmallVector<std::pair<GlobalVariable *, GlobalVariable *>, 8> Pending;
};

/// Copies module-level properties that code generation depends on.
void copyModuleProperties(const Module &From, Module &To) {
  To.setTargetTriple(From.getTargetTriple());
  To.setDataLayout(From.getDataLayout());
  SmallVector<Module::ModuleFlagEntry, 8> Flags;
  From.getModuleFlagsMetadata(Flags);
  for (auto &Flag : Flags)
    To.addModuleFlag(Flag.Behavior, Flag.Key->getString(), Flag.Val);
}

} // namespace

bool isCopiedConstant(const GlobalValue &GV) {
  auto *Var = dyn_cast<GlobalVariable>(&GV);
  return Var && Var->hasLocalLinkage() && Var->isConstant() &&
         Var->hasInitializer() &&
         (Var->hasPrivateLinkage() || Var->hasAtLeastLocalUnnamedAddr());
}

SmallVector<const GlobalValue *, 2> getSymbolsInAssembly(const Function &F) {
  SmallVector<const GlobalValue *, 2> Symbols;
  for (const Instruction &I : instructions(F)) {
    auto *Call = dyn_cast<CallBase>(&I);
    if (!Call || !Call->isInlineAsm())
      continue;
    unsigned Number = 0;
    for (const InlineAsm::ConstraintInfo &Operand :
         cast<InlineAsm>(Call->getCalledOperand())->ParseConstraints()) {
      if (!Operand.hasArg())
        continue;
      const Value *Arg = Call->getArgOperand(Number++);
      // What may be in memory or in a register need be no name.
      if (Operand.isIndirect || !all_of(Operand.Codes, [](StringRef Code) {
            return Code == "i" || Code == "s" || Code == "X" || Code == "Ws";
          }))
        continue;
      if (auto *GV = dyn_cast<GlobalValue>(Arg->stripInBoundsOffsets()))
        Symbols.push_back(GV);
    }
  }
  return Symbols;
}

std::unique_ptr<Module> extractModule(
    Module &From, StringRef Identifier, ArrayRef<GlobalValue *> Definitions,
    function_ref<std::string(StringRef)> Rename, bool ImportConstants) {
  auto To = std::make_unique<Module>(Identifier, From.getContext());
  copyModuleProperties(From, *To);

  ValueToValueMapTy Map;
  Declarer Materializer(*To, Map, ImportConstants);
  SmallVector<std::pair<GlobalValue *, GlobalValue *>, 8> Copies;

  // Definitions first, so that mentions find them.
  for (GlobalValue *Old : Definitions) {
    std::string Name =
        Rename ? Rename(Old->getName()) : std::string(Old->getName());
    GlobalValue *New = nullptr;
    if (auto *F = dyn_cast<Function>(Old)) {
      auto *NewF = Function::Create(F->getFunctionType(), F->getLinkage(),
                                    F->getAddressSpace(), Name, To.get());
      NewF->copyAttributesFrom(F);
      New = NewF;
    } else if (auto *Var = dyn_cast<GlobalVariable>(Old)) {
      auto *NewVar =
          new GlobalVariable(*To, Var->getValueType(), Var->isConstant(),
                             Var->getLinkage(), nullptr, Name, nullptr,
                             Var->getThreadLocalMode(), Var->getAddressSpace());
      NewVar->copyAttributesFrom(Var);
      New = NewVar;
    } else if (auto *Alias = dyn_cast<GlobalAlias>(Old)) {
      auto *NewAlias =
          GlobalAlias::create(Alias->getValueType(), Alias->getAddressSpace(),
                              Alias->getLinkage(), Name, To.get());
      NewAlias->copyAttributesFrom(Alias);
      New = NewAlias;
    }
    if (!New)
      continue;
    if (Name == Old->getName())
      Map[Old] = New;
    Copies.push_back({Old, New});
  }

  for (auto [Old, New] : Copies) {
    if (auto *F = dyn_cast<Function>(Old)) {
      auto *NewF = cast<Function>(New);
      auto *NewArg = NewF->arg_begin();
      for (Argument &Arg : F->args()) {
        NewArg->setName(Arg.getName());
        Map[&Arg] = &*NewArg++;
      }
      SmallVector<ReturnInst *, 4> Returns;
      CloneFunctionInto(NewF, F, Map, CloneFunctionChangeType::DifferentModule,
                        Returns, "", nullptr, nullptr, &Materializer);
      NewF->setComdat(nullptr);
    } else if (auto *Var = dyn_cast<GlobalVariable>(Old)) {
      if (Var->hasInitializer())
        cast<GlobalVariable>(New)->setInitializer(MapValue(
            Var->getInitializer(), Map, RF_None, nullptr, &Materializer));
    } else if (auto *Alias = dyn_cast<GlobalAlias>(Old)) {
      cast<GlobalAlias>(New)->setAliasee(cast<Constant>(
          MapValue(Alias->getAliasee(), Map, RF_None, nullptr, &Materializer)));
    }
  }
  Materializer.copyInitializers();
  // CloneFunctionInto adds the list even where there is no debug information,
  // and readers take an empty one for broken.
  if (auto *Units = To->getNamedMetadata("llvm.dbg.cu");
      Units && !Units->getNumOperands())
    Units->eraseFromParent();
  return To;
}

void allowOptimizing(Function &F) {
  F.removeFnAttr(Attribute::OptimizeNone);
  F.removeFnAttr(Attribute::NoInline);
}

SmallVector<char, 0> extractForOptimising(const Function &F,
                                          StringRef NewName) {
  auto Part = extractModule(
      const_cast<Module &>(*F.getParent()), F.getName(),
      {const_cast<Function *>(&F)}, [&](StringRef) { return NewName.str(); },
      /*ImportConstants=*/true);
  // Optimised code is compiled without: each function brings that of all its
  // module, and linking it takes longer than optimising.
  StripDebugInfo(*Part);
  Function *Copy = Part->getFunction(NewName);
  Copy->setLinkage(GlobalValue::ExternalLinkage);
  Copy->setVisibility(GlobalValue::DefaultVisibility);
  allowOptimizing(*Copy);
  SmallVector<char, 0> Bytes;
  raw_svector_ostream OS(Bytes);
  WriteBitcodeToFile(*Part, OS);
  return Bytes;
}

} // namespace reopt
