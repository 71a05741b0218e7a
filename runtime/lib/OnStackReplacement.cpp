//===-- OnStackReplacement.cpp --------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where a frame can be left, with what, and why not. Continuation.cpp makes the
// code that it is left for.
//
//===----------------------------------------------------------------------===//

#include "reopt/OnStackReplacement.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/EHPersonalities.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace reopt {

namespace {

/// Beyond these, making a continuation would take longer than it gains.
constexpr size_t MaxState = 1000, MaxInstructions = 20000;

using BlockSet = SmallPtrSet<const BasicBlock *, 32>;

BlockSet getReachable(const BasicBlock &From) {
  BlockSet Seen{&From};
  SmallVector<const BasicBlock *, 32> Work{&From};
  while (!Work.empty())
    for (const BasicBlock *Next : successors(Work.pop_back_val()))
      if (Seen.insert(Next).second)
        Work.push_back(Next);
  return Seen;
}

bool isUsedAcrossBlocks(const Instruction &I) {
  return any_of(I.users(), [&](const User *U) {
    return isa<PHINode>(U) ||
           cast<Instruction>(U)->getParent() != I.getParent();
  });
}

/// What rules out all loops of \p F.
std::optional<Reason> findObstacle(const Function &F) {
  if (F.isPresplitCoroutine())
    return Reason::OsrCoroutine;
  if (F.callsFunctionThatReturnsTwice())
    return Reason::OsrReturnsTwice;
  if (F.hasPersonalityFn() &&
      isScopedEHPersonality(classifyEHPersonality(F.getPersonalityFn())))
    return Reason::OsrExceptionModel;
  if (F.getInstructionCount() > MaxInstructions)
    return Reason::OsrTooLarge;
  if (F.hasFnAttribute(Attribute::Naked) ||
      any_of(F.args(), [](const Argument &A) {
        return A.hasInAllocaAttr() || A.hasSwiftErrorAttr() ||
               A.hasAttribute(Attribute::Preallocated);
      }))
    return Reason::OsrState;
  for (const BasicBlock &B : F)
    if (B.hasAddressTaken() ||
        isa<IndirectBrInst, CallBrInst>(B.getTerminator()))
      return Reason::OsrJumps;
  for (const Instruction &I : instructions(F)) {
    if (I.getType()->isTokenTy() && isUsedAcrossBlocks(I))
      return Reason::OsrState;
    if (auto *A = dyn_cast<AllocaInst>(&I);
        A && (A->isUsedWithInAlloca() || A->isSwiftError()))
      return Reason::OsrState;
    if (auto *Call = dyn_cast<IntrinsicInst>(&I);
        Call && (Call->getIntrinsicID() == Intrinsic::localescape ||
                 Call->getIntrinsicID() == Intrinsic::localrecover))
      return Reason::OsrFrameAddress;
  }
  return std::nullopt;
}

/// What rules out that \p I is in a continuation.
std::optional<Reason> findObstacle(const Instruction &I) {
  auto *Call = dyn_cast<CallBase>(&I);
  if (!Call)
    return std::nullopt;
  if (Call->isMustTailCall())
    return Reason::OsrMustTail;
  // A second copy would define a label a second time.
  if (auto *Asm = dyn_cast<InlineAsm>(Call->getCalledOperand()))
    return Asm->getAsmString().contains(':')
               ? std::optional(Reason::OsrAssembly)
               : std::nullopt;
  switch (Call->getIntrinsicID()) {
  case Intrinsic::vastart:
    return Reason::OsrVaStart;
  case Intrinsic::returnaddress:
  case Intrinsic::addressofreturnaddress:
  case Intrinsic::frameaddress:
  case Intrinsic::sponentry:
    return Reason::OsrFrameAddress;
  default:
    return std::nullopt;
  }
}

/// Whether memory that was taken from the stack on the way may still be in use
/// where \p Header begins. The continuation could not give it back.
bool mayHoldStackMemory(const Function &F, const BasicBlock &Header) {
  for (const Instruction &I : instructions(F)) {
    auto *A = dyn_cast<AllocaInst>(&I);
    if (!A || A->isStaticAlloca())
      continue;
    SmallVector<const Instruction *, 8> Work{A};
    BlockSet Seen;
    while (!Work.empty()) {
      const Instruction *At = Work.pop_back_val();
      const BasicBlock &B = *At->getParent();
      auto IsRestore = [](const Instruction &I) {
        auto *Call = dyn_cast<IntrinsicInst>(&I);
        return Call && Call->getIntrinsicID() == Intrinsic::stackrestore;
      };
      if (std::any_of(At->getIterator(), B.end(), IsRestore))
        continue;
      for (const BasicBlock *Next : successors(&B)) {
        if (Next == &Header)
          return true;
        if (Seen.insert(Next).second)
          Work.push_back(&Next->front());
      }
    }
  }
  return false;
}

bool canBePassed(Type *Ty) {
  return Ty->isFirstClassType() && !Ty->isTokenTy() && !Ty->isMetadataTy() &&
         !Ty->isLabelTy() && !Ty->isX86_AMXTy() && !Ty->isTargetExtTy();
}

class PointFinder {
public:
  explicit PointFinder(Function &F) : F(F), DT(F), Obstacle(findObstacle(F)) {}

  void fill(LoopPoint &Point) {
    Point.Refused = Obstacle;
    if (!Point.Refused)
      Point.Refused = collectState(Point);
    if (Point.Refused)
      Point.State.clear();
  }

private:
  std::optional<Reason> collectState(LoopPoint &Point) {
    const BlockSet Ahead = getReachable(*Point.Header);
    for (BasicBlock &B : F)
      if (Ahead.contains(&B))
        for (Instruction &I : B)
          if (auto Why = findObstacle(I))
            return Why;
    if (mayHoldStackMemory(F, *Point.Header))
      return Reason::OsrAlloca;

    auto IsUsedAhead = [&](const Value &V) {
      return any_of(V.uses(), [&](const Use &U) {
        auto *I = cast<Instruction>(U.getUser());
        if (I->isLifetimeStartOrEnd())
          return false;
        auto *Phi = dyn_cast<PHINode>(I);
        return Ahead.contains(Phi ? Phi->getIncomingBlock(U) : I->getParent());
      });
    };
    auto Add = [&](Value &V) {
      Point.State.push_back(&V);
      return canBePassed(V.getType()) && Point.State.size() <= MaxState;
    };
    for (Instruction &I : F.getEntryBlock())
      if (isStaticAlloca(I) && IsUsedAhead(I) && !Add(I))
        return Reason::OsrTooLarge;
    for (Argument &A : F.args())
      if (IsUsedAhead(A) && !Add(A))
        return Reason::OsrState;
    for (Instruction &I : instructions(F)) {
      const bool IsHeaderPhi = isa<PHINode>(I) && I.getParent() == Point.Header;
      if (!IsHeaderPhi &&
          (isStaticAlloca(I) || I.getType()->isVoidTy() ||
           I.getParent() == Point.Header || !isUsedAcrossBlocks(I) ||
           !DT.isReachableFromEntry(I.getParent()) ||
           !DT.dominates(&I, Point.Header) || !IsUsedAhead(I)))
        continue;
      if (!Add(I))
        return Reason::OsrState;
    }
    return std::nullopt;
  }

  static bool isStaticAlloca(const Instruction &I) {
    auto *A = dyn_cast<AllocaInst>(&I);
    return A && A->isStaticAlloca();
  }

  Function &F;
  DominatorTree DT;
  std::optional<Reason> Obstacle;
};

} // namespace

std::vector<LoopPoint> findLoopPoints(Function &F) {
  std::vector<LoopPoint> Points;
  SmallVector<std::pair<const BasicBlock *, const BasicBlock *>, 8> BackEdges;
  FindFunctionBackedges(F, BackEdges);
  for (auto [Latch, Header] : BackEdges) {
    if (Header->isEHPad())
      continue;
    auto I = find_if(Points, [&, H = Header](LoopPoint &Point) {
      return Point.Header == H;
    });
    if (I == Points.end()) {
      I = Points.emplace(Points.end());
      I->Header = const_cast<BasicBlock *>(Header);
    }
    I->Latches.push_back(const_cast<BasicBlock *>(Latch));
  }
  if (Points.empty())
    return Points;
  PointFinder Finder(F);
  for (LoopPoint &Point : Points)
    Finder.fill(Point);
  return Points;
}

std::optional<Reason> findReasonAgainst(Function &F) {
  std::optional<Reason> Why = Reason::OsrNoLoop;
  for (const LoopPoint &Point : findLoopPoints(F)) {
    Why = Point.Refused;
    if (!Why)
      break;
  }
  return Why;
}

FunctionType *getContinuationType(const Function &F, const LoopPoint &Point) {
  SmallVector<Type *, 16> Params;
  for (const Value *V : Point.State)
    Params.push_back(V->getType());
  return FunctionType::get(F.getReturnType(), Params, /*isVarArg=*/false);
}

} // namespace reopt
