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
#include "reopt/OnStackReplacement.h"
#include "reopt/PollFunction.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace llvm;

namespace reopt {

namespace {

/// A loop as seen from one of its back-edges.
struct BackEdge {
  /// The jump to the header, and nowhere else.
  Instruction *Where;
  /// Null where nobody polls.
  const LoopPoint *Loop;
  unsigned Number;
};

class FunctionInstrumenter {
public:
  FunctionInstrumenter(Function &F, const InstrumentationSite &Site)
      : F(F), Site(Site), Word(Type::getInt32Ty(F.getContext())),
        Hook(declareHook(*F.getParent())) {}

  /// Counts a call before \p Where.
  void countCall(Instruction *Where) {
    BasicBlock *Head = Where->getParent();
    Constant *Addr = getWord(offsetof(Cell, CallsLeft));
    IRBuilder<> B(countDown(Where, Addr));
    B.CreateStore(B.getInt32(RearmedCount), Addr, /*isVolatile=*/true);
    callHook(B, B.CreatePtrToInt(getReturnAddress(B), B.getInt64Ty()));
    moveAway(Head);
  }

  /// Counts an iteration, and leaves the frame if there is a continuation.
  void countIteration(const BackEdge &Edge) {
    SmallVector<Value *, 16> State;
    if (Edge.Loop)
      for (Value *V : Edge.Loop->State) {
        auto *Phi = dyn_cast<PHINode>(V);
        State.push_back(
            Phi && Phi->getParent() == Edge.Loop->Header
                ? Phi->getIncomingValueForBlock(Edge.Where->getParent())
                : V);
      }
    BasicBlock *Head = Edge.Where->getParent();
    Constant *Addr = getWord(offsetof(Cell, LoopsLeft));
    Instruction *Trip = countDown(Edge.Where, Addr);
    IRBuilder<> B(Trip);
    if (!Edge.Loop) {
      B.CreateStore(B.getInt32(RearmedCount), Addr, /*isVolatile=*/true);
      callHook(B, B.getInt64(0));
      return moveAway(Head);
    }
    Value *Entry =
        B.CreateCall(declarePoll(*F.getParent()),
                     {B.getInt64(Site.Cell.getValue()), B.getInt64(Site.HookId),
                      B.getInt32(Site.Version), B.getInt32(Edge.Number)});
    if (Edge.Loop->Refused)
      return moveAway(Head);
    Instruction *Leave = SplitBlockAndInsertIfThen(
        B.CreateIsNotNull(Entry), Trip, /*Unreachable=*/true,
        MDBuilder(F.getContext()).createUnlikelyBranchWeights());
    B.SetInsertPoint(Leave);
    // Not an invoke, and no tail call: see OnStackReplacement.h.
    CallInst *Call =
        B.CreateCall(getContinuationType(F, *Edge.Loop), Entry, State);
    Call->setTailCallKind(CallInst::TCK_NoTail);
    for (auto Kind : {Attribute::ZExt, Attribute::SExt, Attribute::InReg})
      if (F.hasRetAttribute(Kind))
        Call->addRetAttr(Kind);
    if (F.getReturnType()->isVoidTy())
      B.CreateRetVoid();
    else
      B.CreateRet(Call);
    Leave->eraseFromParent();
    moveAway(Head);
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
  Constant *getWord(size_t Offset) {
    LLVMContext &Ctx = F.getContext();
    return ConstantExpr::getIntToPtr(
        ConstantInt::get(Type::getInt64Ty(Ctx), Site.Cell.getValue() + Offset),
        PointerType::getUnqual(Ctx));
  }

  /// Counts down the word at \p Addr before \p Where; returns where to insert
  /// what happens if it gets negative. Volatile keeps each access one machine
  /// instruction; Cell.h argues why that is enough.
  Instruction *countDown(Instruction *Where, Constant *Addr) {
    IRBuilder<> B(Where);
    if (auto Loc = Where->getStableDebugLoc())
      B.SetCurrentDebugLocation(Loc);
    Value *Left = B.CreateSub(B.CreateLoad(Word, Addr, /*isVolatile=*/true),
                              B.getInt32(1));
    B.CreateStore(Left, Addr, /*isVolatile=*/true);
    return SplitBlockAndInsertIfThen(
        B.CreateICmpSLT(Left, B.getInt32(0)), Where, /*Unreachable=*/false,
        MDBuilder(F.getContext()).createUnlikelyBranchWeights());
  }

  /// FastISel does not know llvm.returnaddress on x86-64: what follows in the
  /// block went through SelectionDAG, a sixth of what the passes take for a
  /// small function. Where there is a frame pointer anyway, the address lies
  /// above what that points to.
  Value *getReturnAddress(IRBuilder<> &B) {
    if (!F.getParent()->getTargetTriple().isX86_64() ||
        F.getFnAttribute("frame-pointer").getValueAsString() != "all")
      return B.CreateIntrinsic(Intrinsic::returnaddress, {}, {B.getInt32(0)});
    Value *Frame = B.CreateIntrinsic(Intrinsic::frameaddress, {B.getPtrTy()},
                                     {B.getInt32(0)});
    return B.CreateLoad(B.getPtrTy(), B.CreatePtrAdd(Frame, B.getInt64(8)));
  }

  /// Moves what was put between the branch of countDown() that ended in \p Head
  /// and what it goes on with to the function's end: at -O0 code lies in the
  /// order of blocks, and the usual path would jump over it each time.
  void moveAway(BasicBlock *Head) {
    BasicBlock *GoesOn = Head->getTerminator()->getSuccessor(1);
    for (BasicBlock *Block = Head->getNextNode(); Block != GoesOn;) {
      BasicBlock *Next = Block->getNextNode();
      Block->moveAfter(&F.back());
      Block = Next;
    }
  }

  void callHook(IRBuilder<> &B, Value *Caller) {
    B.CreateCall(Hook,
                 {B.getInt64(Site.HookId), B.getInt32(Site.Version), Caller});
  }

  Function &F;
  const InstrumentationSite &Site;
  IntegerType *Word;
  FunctionCallee Hook;
};

} // namespace

bool instrument(Function &F, const InstrumentationSite &Site) {
  FunctionInstrumenter I(F, Site);
  std::vector<LoopPoint> Loops;
  if (Site.Polls)
    Loops = findLoopPoints(F);
  SmallVector<std::pair<const BasicBlock *, const BasicBlock *>, 8> BackEdges;
  FindFunctionBackedges(F, BackEdges);
  SmallVector<BackEdge, 8> Edges;
  SmallPtrSet<BasicBlock *, 8> Counted;
  for (auto [ConstLatch, ConstHeader] : BackEdges) {
    auto *Latch = const_cast<BasicBlock *>(ConstLatch);
    auto *Header = const_cast<BasicBlock *>(ConstHeader);
    auto Loop =
        find_if(Loops, [&](const LoopPoint &P) { return P.Header == Header; });
    BackEdge Edge{Latch->getTerminator(),
                  Loop == Loops.end() ? nullptr : &*Loop,
                  unsigned(Loop - Loops.begin())};
    // An indirect branch has no edge that can be split; count in the latch,
    // which then counts exits too.
    if (isa<IndirectBrInst>(Edge.Where)) {
      if (Counted.insert(Latch).second)
        Edges.push_back(Edge);
      continue;
    }
    if (Edge.Where->getNumSuccessors() != 1) {
      if (Header->isEHPad())
        continue;
      BasicBlock *Between = SplitEdge(Latch, Header);
      if (!Between)
        continue;
      Edge.Where = Between->getTerminator();
    }
    Edges.push_back(Edge);
  }
  for (const BackEdge &Edge : Edges)
    I.countIteration(Edge);
  I.countCall(I.getEntryPoint());
  return all_of(Edges, [](const BackEdge &Edge) {
    return Edge.Loop && !Edge.Loop->Refused;
  });
}

} // namespace reopt
