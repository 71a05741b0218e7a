//===-- PassingInput.cpp --------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PassingInput.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Operator.h"

using namespace llvm;

namespace reopt {

const char *LiteralPool::intern(StringRef Bytes, Align Alignment) {
  if (Alignment == Align(1))
    return Texts.insert(Bytes).first->getKeyData();
  const char *&Copy = Aligned[Alignment.value()][Bytes];
  if (!Copy) {
    auto *Place = static_cast<char *>(Memory.Allocate(Bytes.size(), Alignment));
    copy(Bytes, Place);
    Copy = Place;
  }
  return Copy;
}

/// Whether \p Var is a literal: whoever has its address does not care which it
/// is.
static bool isLiteral(const GlobalVariable &Var) {
  return Var.hasPrivateLinkage() && Var.isConstant() &&
         Var.hasGlobalUnnamedAddr() && Var.hasInitializer() &&
         !Var.hasSection() && Var.getAddressSpace() == 0 &&
         (isa<ConstantDataSequential>(Var.getInitializer()) ||
          Var.getInitializer()->isNullValue());
}

static std::string getBytes(const GlobalVariable &Literal) {
  if (auto *Data = dyn_cast<ConstantDataSequential>(Literal.getInitializer()))
    return Data->getRawDataValues().str();
  return std::string(
      Literal.getDataLayout().getTypeAllocSize(Literal.getValueType()), '\0');
}

/// Whether what is behind \p Address is read, and nobody can keep where it is:
/// what fills an array, for one.
static bool isOnlyRead(const Value &Address) {
  return all_of(Address.uses(), [](const Use &U) {
    const User *By = U.getUser();
    if (isa<LoadInst>(By))
      return true;
    if (isa<MemTransferInst>(By))
      return U.getOperandNo() == 1;
    return isa<GEPOperator>(By) && isOnlyRead(*By);
  });
}

/// What registers a function to be called later, or a frame to come back to.
static bool comesBack(StringRef Callee) {
  return Callee.contains("atexit") || Callee == "at_quick_exit" ||
         Callee.contains("setjmp") || Callee.ends_with("context");
}

/// Whether \p F can be called by those only that call it by name.
static bool isOnlyCalled(const Function &F) {
  return all_of(F.uses(), [](const Use &U) {
    if (auto *Call = dyn_cast<CallBase>(U.getUser()))
      return Call->isCallee(&U);
    // The list of initialisers.
    auto *Entry = dyn_cast<ConstantStruct>(U.getUser());
    return Entry && all_of(Entry->users(), [](const User *List) {
             return all_of(List->users(), [](const User *Holder) {
               auto *Var = dyn_cast<GlobalVariable>(Holder);
               return Var && Var->getName() == "llvm.global_ctors";
             });
           });
  });
}

bool leavesNothing(const Module &M) {
  if (!M.getModuleInlineAsm().empty() || !M.aliases().empty() ||
      !M.ifuncs().empty())
    return false;
  for (const GlobalVariable &Var : M.globals())
    if (!Var.isDeclaration() && Var.getName() != "llvm.global_ctors" &&
        !isLiteral(Var))
      return false;
  for (const Function &F : M) {
    if (F.isDeclaration()) {
      if (comesBack(F.getName()))
        return false;
      continue;
    }
    if (!F.hasLocalLinkage() || F.isPresplitCoroutine() || !isOnlyCalled(F))
      return false;
    for (const Instruction &I : instructions(F)) {
      auto *Call = dyn_cast<CallBase>(&I);
      if (isa<IndirectBrInst>(I) || (Call && Call->isInlineAsm()))
        return false;
    }
  }
  return true;
}

void moveLiterals(Module &M, LiteralPool &Pool) {
  for (GlobalVariable &Var : make_early_inc_range(M.globals())) {
    if (!isLiteral(Var) || isOnlyRead(Var))
      continue;
    const DataLayout &Layout = M.getDataLayout();
    const char *Copy = Pool.intern(
        getBytes(Var),
        Layout.getValueOrABITypeAlignment(Var.getAlign(), Var.getValueType()));
    auto *Address = ConstantInt::get(Layout.getIntPtrType(M.getContext()),
                                     reinterpret_cast<uintptr_t>(Copy));
    Var.replaceAllUsesWith(ConstantExpr::getIntToPtr(Address, Var.getType()));
    Var.eraseFromParent();
  }
}

} // namespace reopt
