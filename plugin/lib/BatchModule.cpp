//===-- BatchModule.cpp ---------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BatchModule.h"
#include "SessionIdentity.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace llvm;

namespace reopt {

namespace {

/// Calls of a body to publish go to the body. All else that mentions it means
/// the stub, under the function's own name; the definition stays there too,
/// for where the optimiser finds out that an address is called. A body that is
/// there only \p IfCalled goes when nothing in the module calls it.
void separateBodyFromAddress(Function &Published, StringRef BodyName,
                             bool IfCalled) {
  ValueToValueMapTy Map;
  Function *Body = CloneFunction(&Published, Map);
  Body->setName(BodyName);
  Body->setLinkage(GlobalValue::ExternalLinkage);
  Body->setVisibility(GlobalValue::DefaultVisibility);
  Body->setDSOLocal(true);
  bool AddressTaken = false;
  SmallVector<CallBase *, 16> Calls;
  for (Use &U : Published.uses()) {
    auto *Call = dyn_cast<CallBase>(U.getUser());
    if (Call && Call->isCallee(&U) &&
        Call->getFunctionType() == Body->getFunctionType())
      Calls.push_back(Call);
    else
      AddressTaken = true;
  }
  for (CallBase *Call : Calls)
    Call->setCalledFunction(Body);
  if (IfCalled && !AddressTaken)
    Body->setLinkage(GlobalValue::LinkOnceODRLinkage);
  if (AddressTaken)
    Published.setLinkage(GlobalValue::AvailableExternallyLinkage);
  else
    Published.eraseFromParent();
}

/// clang leaves it to the target whether a*b+c is rounded once or twice. Tier 0
/// rounds twice where the processor has no fused instruction; the optimiser
/// would fold constants as if it had one. So say it.
void roundAsTierZeroDoes(Function &F) {
  if (!F.getParent()->getTargetTriple().isX86() ||
      F.getFnAttribute("target-features").getValueAsString().contains("+fma"))
    return;
  for (Instruction &I : make_early_inc_range(instructions(F))) {
    auto *Call = dyn_cast<IntrinsicInst>(&I);
    if (!Call || Call->getIntrinsicID() != Intrinsic::fmuladd)
      continue;
    IRBuilder<> B(Call);
    B.setFastMathFlags(Call->getFastMathFlags());
    Value *Product =
        B.CreateFMul(Call->getArgOperand(0), Call->getArgOperand(1));
    Call->replaceAllUsesWith(B.CreateFAdd(Product, Call->getArgOperand(2)));
    Call->eraseFromParent();
  }
}

/// The optimiser makes x*x of pow(x, 2), which may differ from the library in
/// the last bit.
void callAsTierZeroDoes(Function &F) {
  for (Instruction &I : make_early_inc_range(instructions(F))) {
    auto *Call = dyn_cast<CallInst>(&I);
    if (!Call || !Call->getCalledFunction() || Call->isFast())
      continue;
    if (Call->getIntrinsicID() == Intrinsic::pow) {
      Type *Ty = Call->getType();
      const char *Name = Ty->isFloatTy()    ? "powf"
                         : Ty->isDoubleTy() ? "pow"
                         : Ty->isVectorTy() ? nullptr
                                            : "powl";
      if (!Name)
        continue;
      Call->setCalledFunction(F.getParent()->getOrInsertFunction(
          Name, FunctionType::get(Ty, {Ty, Ty}, false)));
    }
    StringRef Name = Call->getCalledFunction()->getName();
    if (Name == "pow" || Name == "powf" || Name == "powl")
      Call->addFnAttr(Attribute::NoBuiltin);
  }
}

} // namespace

BatchModule::BatchModule(LLVMContext &Ctx, StringRef Identifier)
    : Linked(std::make_unique<Module>(Identifier, Ctx)) {}

BatchModule::~BatchModule() = default;

Error BatchModule::add(std::unique_ptr<Module> M) {
  for (StringRef Name : {"llvm.used", "llvm.compiler.used"})
    if (GlobalVariable *Used = M->getGlobalVariable(Name))
      Used->eraseFromParent();
  for (GlobalObject &GO : M->global_objects())
    GO.setComdat(nullptr);
  // clang makes one constructor an alias of another where they do the same.
  for (GlobalAlias &A : make_early_inc_range(M->aliases())) {
    auto *Aliasee = dyn_cast<Function>(A.getAliaseeObject());
    if (!Aliasee)
      continue;
    std::string Name = A.getName().str();
    Aliases[Name] = Aliasee->getName().str();
    A.replaceAllUsesWith(Aliasee);
    A.eraseFromParent();
  }
  for (Function &F : make_early_inc_range(*M)) {
    roundAsTierZeroDoes(F);
    callAsTierZeroDoes(F);
  }
  for (GlobalValue &GV : M->global_values()) {
    if (GV.isDeclaration() || GV.hasAppendingLinkage() ||
        !isNamedBySource(GV)) {
      // What clang invents for this emission must not meet its namesake.
      if (!GV.isDeclaration() && !GV.hasAppendingLinkage() &&
          !GV.hasLocalLinkage() && isa<Function>(GV))
        GV.setLinkage(GlobalValue::InternalLinkage);
      continue;
    }
    if (GV.hasAvailableExternallyLinkage())
      AvailableElsewhere.insert(GV.getName());
    // Each definition may come several times; all are the same. (The linker
    // leaves out linkonce definitions that nothing mentions yet.)
    GV.setLinkage(GlobalValue::WeakODRLinkage);
    GV.setVisibility(GlobalValue::DefaultVisibility);
  }
  if (Linked->getDataLayout().isDefault()) {
    Linked->setDataLayout(M->getDataLayout());
    Linked->setTargetTriple(M->getTargetTriple());
  }
  if (Linker::linkModules(*Linked, std::move(M)))
    return createStringError("the emitted definitions do not fit together");
  return Error::success();
}

Error BatchModule::finish(const StringMap<std::string> &Bodies,
                          const StringSet<> &IfCalled,
                          function_ref<bool(StringRef)> SessionDefines) {
  for (GlobalVariable &Var : Linked->globals()) {
    if (Var.isDeclaration()) {
      Var.setVisibility(GlobalValue::DefaultVisibility);
      Var.setDSOLocal(false);
      continue;
    }
    if (!isNamedBySource(Var) || Var.hasAppendingLinkage())
      continue;
    const bool Elsewhere = AvailableElsewhere.contains(Var.getName()) ||
                           SessionDefines(Var.getName());
    if (Elsewhere && Var.isConstant() && !Var.isThreadLocal()) {
      Var.setLinkage(GlobalValue::AvailableExternallyLinkage);
    } else if (Elsewhere) {
      Var.setInitializer(nullptr);
      Var.setLinkage(GlobalValue::ExternalLinkage);
    } else if (Var.isConstant()) {
      Var.setLinkage(GlobalValue::InternalLinkage);
    } else {
      return createStringError("it would double " + Var.getName());
    }
    if (!Var.hasLocalLinkage())
      Var.setDSOLocal(false);
  }

  // An alias that is to be published: its body is what it stands for.
  StringMap<std::string> Wanted = Bodies;
  for (auto &Entry : Bodies)
    if (!Linked->getFunction(Entry.getKey()) ||
        Linked->getFunction(Entry.getKey())->isDeclaration())
      if (auto I = Aliases.find(Entry.getKey()); I != Aliases.end())
        if (Function *Target = Linked->getFunction(I->second)) {
          ValueToValueMapTy Map;
          if (Function *Old = Linked->getFunction(Entry.getKey())) {
            Function *Copy = CloneFunction(Target, Map);
            Old->replaceAllUsesWith(Copy);
            Copy->takeName(Old);
            Old->eraseFromParent();
          } else {
            CloneFunction(Target, Map)->setName(Entry.getKey());
          }
        }

  std::vector<Function *> Published;
  for (Function &F : *Linked) {
    if (F.isDeclaration()) {
      F.setVisibility(GlobalValue::DefaultVisibility);
      F.setDSOLocal(false);
      continue;
    }
    if (!isNamedBySource(F) || F.hasLocalLinkage())
      continue;
    if (Wanted.count(F.getName()))
      Published.push_back(&F);
    else if (AvailableElsewhere.contains(F.getName()) ||
             SessionDefines(F.getName()))
      F.setLinkage(GlobalValue::AvailableExternallyLinkage);
    else
      F.setLinkage(GlobalValue::InternalLinkage);
    if (!F.hasLocalLinkage())
      F.setDSOLocal(false);
  }
  for (Function *F : Published) {
    std::string Body = Wanted[F->getName()];
    separateBodyFromAddress(*F, Body, IfCalled.contains(F->getName()));
  }

  std::string Problem;
  raw_string_ostream OS(Problem);
  if (verifyModule(*Linked, &OS))
    return createStringError("the module is broken: " + Problem);
  return Error::success();
}

} // namespace reopt
