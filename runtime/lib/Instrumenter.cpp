//===-- Instrumenter.cpp --------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/Instrumenter.h"
#include "reopt/Cell.h"
#include "reopt/Hook.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;

namespace reopt {

namespace {

class FunctionInstrumenter {
public:
  FunctionInstrumenter(Function &F, const InstrumentationSite &Site)
      : F(F), Site(Site), Word(Type::getInt32Ty(F.getContext())) {
    auto *HookTy = FunctionType::get(Type::getVoidTy(F.getContext()),
                                     {Type::getInt64Ty(F.getContext()), Word,
                                      Type::getInt64Ty(F.getContext())},
                                     /*isVarArg=*/false);
    Hook = F.getParent()->getOrInsertFunction(HookName, HookTy);
  }

  /// Counts down the word at \p Offset before \p Where; trips if it gets
  /// negative. Volatile keeps each access one machine instruction; Cell.h
  /// argues why that is enough.
  void count(Instruction *Where, size_t Offset) {
    IRBuilder<> B(Where);
    if (auto Loc = Where->getStableDebugLoc())
      B.SetCurrentDebugLocation(Loc);
    Constant *Addr = ConstantExpr::getIntToPtr(
        B.getInt64(Site.Cell.getValue() + Offset), B.getPtrTy());
    Value *Left = B.CreateSub(B.CreateLoad(Word, Addr, /*isVolatile=*/true),
                              B.getInt32(1));
    B.CreateStore(Left, Addr, /*isVolatile=*/true);
    Instruction *Trip = SplitBlockAndInsertIfThen(
        B.CreateICmpSLT(Left, B.getInt32(0)), Where, /*Unreachable=*/false,
        MDBuilder(F.getContext()).createUnlikelyBranchWeights());
    B.SetInsertPoint(Trip);
    B.CreateStore(B.getInt32(RearmedCount), Addr, /*isVolatile=*/true);
    Value *Caller = B.getInt64(0);
    if (Offset == offsetof(Cell, CallsLeft))
      Caller = B.CreatePtrToInt(
          B.CreateIntrinsic(Intrinsic::returnaddress, {}, {B.getInt32(0)}),
          B.getInt64Ty());
    B.CreateCall(Hook,
                 {B.getInt64(Site.HookId), B.getInt32(Site.Version), Caller});
  }

  /// Where the entry is counted: behind the allocas and behind the last
  /// instruction of the entry block that uses an argument, so that no argument
  /// has to live across the new branch.
  Instruction *getEntryPoint() {
    BasicBlock &Entry = F.getEntryBlock();
    Instruction *After = nullptr;
    for (Instruction &I : Entry) {
      if (I.isTerminator())
        break;
      bool IsArgumentStore =
          isa<StoreInst>(I) && isa<Argument>(I.getOperand(0));
      if (isa<AllocaInst>(I) || IsArgumentStore)
        After = &I;
      else if (I.mayHaveSideEffects() && !I.isDebugOrPseudoInst())
        break;
    }
    return After ? After->getNextNode() : &*Entry.getFirstNonPHIOrDbgOrAlloca();
  }

private:
  Function &F;
  const InstrumentationSite &Site;
  IntegerType *Word;
  FunctionCallee Hook;
};

} // namespace

void instrument(Function &F, const InstrumentationSite &Site) {
  FunctionInstrumenter I(F, Site);
  SmallVector<std::pair<const BasicBlock *, const BasicBlock *>, 8> BackEdges;
  FindFunctionBackedges(F, BackEdges);
  SmallPtrSet<BasicBlock *, 8> Counted;
  for (auto [ConstLatch, ConstHeader] : BackEdges) {
    auto *Latch = const_cast<BasicBlock *>(ConstLatch);
    auto *Header = const_cast<BasicBlock *>(ConstHeader);
    Instruction *Term = Latch->getTerminator();
    // An indirect branch has no edge that can be split; count in the latch,
    // which then counts exits too.
    if (Term->getNumSuccessors() == 1 || isa<IndirectBrInst>(Term)) {
      if (Counted.insert(Latch).second)
        I.count(Term, offsetof(Cell, LoopsLeft));
      continue;
    }
    if (Header->isLandingPad() || Header->isEHPad())
      continue;
    if (BasicBlock *Edge = SplitEdge(Latch, Header))
      I.count(Edge->getTerminator(), offsetof(Cell, LoopsLeft));
  }
  I.count(I.getEntryPoint(), offsetof(Cell, CallsLeft));
}

} // namespace reopt
