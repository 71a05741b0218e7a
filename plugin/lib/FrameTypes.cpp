//===-- FrameTypes.cpp ----------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FrameTypes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/LLVMContext.h"

using namespace llvm;

namespace reopt {

namespace {

/// Whether \p I may be in one of the two only: what tells the optimiser
/// something, and what we have put in.
bool isAside(const Instruction &I) {
  auto *Call = dyn_cast<CallInst>(&I);
  const Function *Callee = Call ? Call->getCalledFunction() : nullptr;
  if (!Callee)
    return false;
  switch (Callee->getIntrinsicID()) {
  case Intrinsic::not_intrinsic:
    return Callee->getName().starts_with("__reopt_");
  case Intrinsic::lifetime_start:
  case Intrinsic::lifetime_end:
  case Intrinsic::invariant_start:
  case Intrinsic::assume:
  case Intrinsic::expect:
    return true;
  default:
    return false;
  }
}

/// The instructions of \p F that are not aside.
template <typename Function> auto getInstructions(Function &F) {
  return make_filter_range(instructions(F),
                           [](const Instruction &I) { return !isAside(I); });
}

/// Where they mean the same, they are the same instruction of clang's.
bool areAlike(const Instruction &A, const Instruction &B) {
  // Classes have a type each in the two.
  auto HaveLikeTypes = [](const Value *A, const Value *B) {
    return A->getType() == B->getType() || A->getType()->isAggregateType();
  };
  return A.getOpcode() == B.getOpcode() && HaveLikeTypes(&A, &B) &&
         equal(A.operand_values(), B.operand_values(), HaveLikeTypes);
}

} // namespace

bool copyAccessTypes(const Function &Typed, Function &Frame) {
  SmallVector<std::pair<const Instruction *, Instruction *>, 64> Accesses;
  auto From = getInstructions(Typed);
  auto To = getInstructions(Frame);
  auto FromI = From.begin();
  for (Instruction &I : To) {
    if (FromI == From.end() || !areAlike(*FromI, I))
      return false;
    if (I.mayReadOrWriteMemory())
      Accesses.push_back({&*FromI, &I});
    ++FromI;
  }
  if (FromI != From.end())
    return false;
  for (auto [Type, Access] : Accesses)
    for (unsigned Kind : {LLVMContext::MD_tbaa, LLVMContext::MD_tbaa_struct})
      Access->setMetadata(Kind, Type->getMetadata(Kind));
  return true;
}

size_t getFrameLength(const Function &F) {
  auto All = getInstructions(F);
  // Each ends, and they end together.
  return std::distance(All.begin(), All.end()) - 1;
}

} // namespace reopt
