//===-- FrameEscape.cpp ---------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FrameEscape.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Transforms/Utils/PromoteMemToReg.h"

using namespace llvm;

namespace reopt {

/// How deep calls are followed.
static constexpr unsigned MaxDepth = 24;

struct FrameEscape::Walk {
  const ValueSet *Passed;
  SmallPtrSet<const Value *, 16> Seen;
  SmallVector<const Value *, 16> Work;

  /// \p V may point into what is followed. False if it leaves the frame so.
  bool derive(const Value &V) {
    if (Passed && Passed->contains(&V))
      return false;
    if (Seen.insert(&V).second)
      Work.push_back(&V);
    return true;
  }
};

/// -O0 code stores its arguments to variables first.
static void promoteVariables(Function &F) {
  SmallVector<AllocaInst *, 16> Variables;
  for (Instruction &I : F.getEntryBlock())
    if (auto *A = dyn_cast<AllocaInst>(&I); A && isAllocaPromotable(A))
      Variables.push_back(A);
  if (Variables.empty())
    return;
  DominatorTree DT(F);
  PromoteMemToReg(Variables, DT);
}

bool FrameEscape::isPrivate(const AllocaInst &A, const ValueSet &Passed) {
  return follow(A, &Passed) == Stays;
}

FrameEscape::Result FrameEscape::follow(const Value &Pointer,
                                        const ValueSet *Passed) {
  Walk W{Passed, {&Pointer}, {&Pointer}};
  Result Worst = Stays;
  while (!W.Work.empty())
    for (const Use &U : W.Work.pop_back_val()->uses()) {
      Worst = std::max(Worst, followUse(U, W));
      if (Worst == Escapes)
        return Escapes;
    }
  return Worst;
}

FrameEscape::Result FrameEscape::followUse(const Use &U, Walk &W) {
  auto *I = cast<Instruction>(U.getUser());
  auto UnlessVolatile = [&](bool IsPointer) {
    return IsPointer && !I->isVolatile() ? Stays : Escapes;
  };
  switch (I->getOpcode()) {
  case Instruction::Load:
    return UnlessVolatile(true);
  case Instruction::Store:
    return UnlessVolatile(U.getOperandNo() ==
                          StoreInst::getPointerOperandIndex());
  case Instruction::AtomicRMW:
    return UnlessVolatile(U.getOperandNo() ==
                          AtomicRMWInst::getPointerOperandIndex());
  case Instruction::AtomicCmpXchg:
    return UnlessVolatile(U.getOperandNo() ==
                          AtomicCmpXchgInst::getPointerOperandIndex());
  case Instruction::GetElementPtr:
  case Instruction::BitCast:
  case Instruction::AddrSpaceCast:
  case Instruction::PHI:
  case Instruction::Select:
  case Instruction::Freeze:
    return W.derive(*I) ? Stays : Escapes;
  case Instruction::ICmp:
    return isa<ConstantPointerNull>(I->getOperand(1 - U.getOperandNo()))
               ? Stays
               : Escapes;
  case Instruction::Ret:
    // Out of the frame itself it cannot go.
    return W.Passed ? Escapes : IsReturned;
  case Instruction::Call:
  case Instruction::Invoke:
    return followCall(*cast<CallBase>(I), U, W);
  default:
    return Escapes;
  }
}

FrameEscape::Result FrameEscape::followCall(const CallBase &Call, const Use &U,
                                            Walk &W) {
  if (!Call.isArgOperand(&U))
    return isa<AssumeInst>(Call) ? Stays : Escapes;
  if (Call.isLifetimeStartOrEnd())
    return Stays;
  if (auto *Mem = dyn_cast<MemIntrinsic>(&Call))
    return Mem->isVolatile() ? Escapes : Stays;
  switch (Call.getIntrinsicID()) {
  case Intrinsic::vaend:
  case Intrinsic::vacopy:
  case Intrinsic::prefetch:
  case Intrinsic::objectsize:
    return Stays;
  case Intrinsic::launder_invariant_group:
  case Intrinsic::strip_invariant_group:
    return W.derive(Call) ? Stays : Escapes;
  default:
    break;
  }
  const unsigned Number = Call.getArgOperandNo(&U);
  if (Call.isByValArgument(Number))
    return Stays;
  Function *Callee = Call.getCalledFunction();
  if (Callee && !Callee->isDeclaration() && Number < Callee->arg_size() &&
      Callee->getFunctionType() == Call.getFunctionType()) {
    Result R = followArgument(*Callee->getArg(Number));
    if (R != IsReturned)
      return R;
    return W.derive(Call) ? Stays : Escapes;
  }
  return Call.doesNotCapture(Number) ? Stays : Escapes;
}

FrameEscape::Result FrameEscape::followArgument(Argument &A) {
  // What is being followed counts as escaping: recursion is not worth the
  // search for a fixed point.
  auto [I, IsNew] = Known.insert({&A, Escapes});
  if (!IsNew)
    return I->second;
  if (Depth == MaxDepth)
    return Escapes;
  Function &F = *A.getParent();
  if (!F.hasOptNone() && Promoted.insert(&F).second)
    promoteVariables(F);
  ++Depth;
  Result R = follow(A, nullptr);
  --Depth;
  return Known[&A] = R;
}

} // namespace reopt
