//===-- UnstableTypes.cpp -------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "UnstableTypes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Metadata.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace reopt {

bool isNumberedAnew(StringRef Name) { return Name.contains("$_"); }

namespace {

/// Remembers what it was asked: each node is looked at once. Nodes of TBAA form
/// no cycles.
class UnstableNodes {
public:
  bool contains(const MDNode *N) {
    if (auto I = Known.find(N); I != Known.end())
      return I->second;
    const bool Result = any_of(N->operands(), [this](const MDOperand &Op) {
      if (auto *Name = dyn_cast_or_null<MDString>(Op))
        return isNumberedAnew(Name->getString());
      auto *Inner = dyn_cast_or_null<MDNode>(Op);
      return Inner && contains(Inner);
    });
    Known[N] = Result;
    return Result;
  }

private:
  DenseMap<const MDNode *, bool> Known;
};

} // namespace

void dropUnstableTypes(Module &M) {
  UnstableNodes Unstable;
  for (Function &F : M)
    for (Instruction &I : instructions(F))
      for (unsigned Kind : {LLVMContext::MD_tbaa, LLVMContext::MD_tbaa_struct})
        if (const MDNode *Type = I.getMetadata(Kind))
          if (Unstable.contains(Type))
            I.setMetadata(Kind, nullptr);
}

} // namespace reopt
