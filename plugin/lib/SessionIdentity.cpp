//===-- SessionIdentity.cpp -----------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SessionIdentity.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace reopt {

namespace {

/// How clang's CodeGen begins the names that it invents.
constexpr StringLiteral InventedPrefixes[] = {
    "__cxx_global_", "_GLOBAL__", "__stmts__", "__tls_",  "__dtor_",
    "__finalize_",   "__const.",  ".",         "llvm.",   "switch.table",
    "__cuda_",       "__hip_",    "_ZTW",      "_ZTH",    "__clang_",
    "__emutls",      "__orc_",    "__func__.", "__llvm_", "_ZThn",
    "_ZTv0",         "_ZTch",     "_ZTcv"};

bool isInvented(StringRef Name) {
  return any_of(InventedPrefixes,
                [&](StringRef Prefix) { return Name.starts_with(Prefix); });
}

/// Tables that describe a class. clang may give them to several inputs, even
/// with external linkage: when the class has a key function, to the input that
/// first needs them and to that which defines the function.
bool isClassTable(StringRef Name) {
  return Name.starts_with("_ZTV") || Name.starts_with("_ZTI") ||
         Name.starts_with("_ZTS") || Name.starts_with("_ZTT");
}

} // namespace

bool isNamedBySource(const GlobalValue &GV) {
  return GV.hasName() && !GV.hasPrivateLinkage() && !isInvented(GV.getName());
}

bool isCompilerMade(const Function &F) {
  // Parts of a coroutine (f.resume) and outlined regions have a dot.
  return isInvented(F.getName()) || F.getName().contains('.') ||
         F.getSection() == ".text.startup";
}

bool isInitializer(const Function &F) {
  return isStatement(F.getName()) ||
         F.getName().starts_with("__cxx_global_var_init");
}

bool isStatement(StringRef LinkerName) {
  return LinkerName.starts_with("__stmts__");
}

void giveSessionIdentity(Module &M) {
  for (GlobalValue &GV : M.global_values()) {
    if (GV.isDeclaration() || isa<GlobalIFunc>(GV) || !isNamedBySource(GV))
      continue;
    if (GV.hasInternalLinkage() || isClassTable(GV.getName())) {
      GV.setLinkage(isa<GlobalAlias>(GV) ? GlobalValue::WeakODRLinkage
                                         : GlobalValue::LinkOnceODRLinkage);
      GV.setVisibility(GlobalValue::DefaultVisibility);
    }
  }
}

void hideFailed(Module &M, ArrayRef<std::string> Names) {
  for (const std::string &Name : Names) {
    Function *F = M.getFunction(Name);
    if (!F || F->isDeclaration())
      continue;
    F->setComdat(nullptr);
    if (F->use_empty()) {
      F->eraseFromParent();
      continue;
    }
    F->setVisibility(GlobalValue::DefaultVisibility);
    F->setLinkage(GlobalValue::PrivateLinkage);
    F->setName(Name + ".failed");
  }
}

void dropRepeatedInitializers(Module &M,
                              function_ref<bool(StringRef)> IsKnown) {
  for (Function &F : M) {
    if (F.isDeclaration() || !F.getName().starts_with("__cxx_global_var_init"))
      continue;
    // What the initialiser writes to, or hands to a constructor. One that
    // reads old variables to make a new one has the new one among them.
    bool HasOld = false, HasNew = false;
    auto Look = [&](Value *V) {
      auto *Var = dyn_cast<GlobalVariable>(V->stripInBoundsConstantOffsets());
      if (!Var || Var->isDeclaration() || !isNamedBySource(*Var))
        return;
      if (Var->isWeakForLinker() && IsKnown(Var->getName()))
        HasOld = true;
      else
        HasNew = true;
    };
    for (Instruction &I : instructions(F)) {
      if (auto *Store = dyn_cast<StoreInst>(&I))
        Look(Store->getPointerOperand());
      else if (auto *Call = dyn_cast<CallBase>(&I))
        for (Value *Arg : Call->args())
          if (Arg->getType()->isPointerTy())
            Look(Arg);
    }
    if (!HasOld || HasNew)
      continue;
    F.deleteBody();
    F.setLinkage(GlobalValue::InternalLinkage);
    IRBuilder<>(BasicBlock::Create(M.getContext(), "", &F)).CreateRetVoid();
  }
}

void bracketValuePrinting(Module &M, const char *Before, const char *After) {
  SmallVector<CallBase *, 4> Calls;
  for (const char *Name : {"__clang_Interpreter_SetValueNoAlloc",
                           "__clang_Interpreter_SetValueWithAlloc"})
    if (Function *F = M.getFunction(Name))
      for (User *U : F->users())
        if (auto *Call = dyn_cast<CallBase>(U))
          Calls.push_back(Call);
  auto *Ty = FunctionType::get(Type::getVoidTy(M.getContext()), false);
  for (CallBase *Call : Calls) {
    IRBuilder<> B(Call);
    B.CreateCall(M.getOrInsertFunction(Before, Ty));
    Instruction *Next = nullptr;
    if (auto *Invoke = dyn_cast<InvokeInst>(Call))
      Next = &*Invoke->getNormalDest()->getFirstInsertionPt();
    else
      Next = Call->getNextNode();
    B.SetInsertPoint(Next);
    B.CreateCall(M.getOrInsertFunction(After, Ty));
  }
}

} // namespace reopt
