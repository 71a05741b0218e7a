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
      : F(F), Site(Site), Word(Type::getInt32Ty(F.getContext())) {
    auto *HookTy = FunctionType::get(Type::getVoidTy(F.getContext()),
                                     {Type::getInt64Ty(F.getContext()), Word,
                                      Type::getInt64Ty(F.getContext())},
                                     /*isVarArg=*/false);
    Hook = F.getParent()->getOrInsertFunction(HookName, HookTy);
  }

  /// Counts a call before \p Where.
  void countCall(Instruction *Where) {
    Constant *Addr = getWord(offsetof(Cell, CallsLeft));
    IRBuilder<> B(countDown(Where, Addr));
    B.CreateStore(B.getInt32(RearmedCount), Addr, /*isVolatile=*/true);
    callHook(B, B.CreatePtrToInt(B.CreateIntrinsic(Intrinsic::returnaddress, {},
                                                   {B.getInt32(0)}),
                                 B.getInt64Ty()));
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
    Constant *Addr = getWord(offsetof(Cell, LoopsLeft));
    Instruction *Trip = countDown(Edge.Where, Addr);
    IRBuilder<> B(Trip);
    if (!Edge.Loop) {
      B.CreateStore(B.getInt32(RearmedCount), Addr, /*isVolatile=*/true);
      return callHook(B, B.getInt64(0));
    }
    Value *Entry = B.CreateCall(
        getPoll(), {B.getInt64(Site.Cell.getValue()), B.getInt64(Site.HookId),
                    B.getInt32(Site.Version), B.getInt32(Edge.Number)});
    if (Edge.Loop->Refused)
      return;
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

  void callHook(IRBuilder<> &B, Value *Caller) {
    B.CreateCall(Hook,
                 {B.getInt64(Site.HookId), B.getInt32(Site.Version), Caller});
  }

  /// The slow path of all loops in the module, as a function:
  ///
  ///   ptr poll(cell, id, version, loop):
  ///     cell->LoopsLeft = PollInterval
  ///     seen = cell->Continuations
  ///     if seen == 0 and we change it to 1: hook(id, version, loop + 1)
  ///     if seen is odd:
  ///       add 2 to it, and note this loop, unless it changed
  ///       return null
  ///   look:
  ///     table = cell->Continuations, which the hook may have set
  ///     if table is odd, or 0, or table[loop] == 0: return null
  ///     if table[loop] == 1:
  ///       if we change it to 0: hook(id, version, loop + 1), look again
  ///       return null
  ///     if table[loop] is odd:
  ///       take 2 from it, unless it changed
  ///       cell->LoopsLeft = 0
  ///       return null
  ///     ++table->Entered
  ///     return table[loop]
  ///
  /// In IR, so that an executor needs nothing for it.
  Function *getPoll() {
    Module &M = *F.getParent();
    constexpr const char *Name = "reopt.poll";
    if (Function *Poll = M.getFunction(Name))
      return Poll;
    LLVMContext &Ctx = M.getContext();
    auto *Long = Type::getInt64Ty(Ctx);
    auto *Ptr = PointerType::getUnqual(Ctx);
    Function *Poll = Function::Create(
        FunctionType::get(Ptr, {Long, Long, Word, Word}, false),
        GlobalValue::InternalLinkage, Name, M);
    // The hook does not throw, and this must not be inlined into each loop.
    Poll->addFnAttr(Attribute::NoUnwind);
    Poll->addFnAttr(Attribute::NoInline);
    Poll->addFnAttr(Attribute::OptimizeNone);
    auto Block = [&](const char *Name) {
      return BasicBlock::Create(Ctx, Name, Poll);
    };
    BasicBlock *Begin = Block("begin"), *First = Block("first"),
               *Call = Block("hook"), *Again = Block("again"),
               *Polled = Block("polled"), *Look = Block("look"),
               *Find = Block("find"), *Enter = Block("enter"),
               *None = Block("none"), *Found = Block("found"),
               *Made = Block("made"), *Left = Block("left"),
               *Ask = Block("ask"), *Asked = Block("asked"),
               *Soon = Block("soon");
    constexpr auto Acquire = AtomicOrdering::Acquire;
    auto LoadSeen = [&](IRBuilder<> &B, Value *At) {
      LoadInst *Seen = B.CreateAlignedLoad(Long, At, Align(8));
      Seen->setAtomic(Acquire);
      return Seen;
    };
    auto Swap = [&](IRBuilder<> &B, Value *At, Value *Old, Value *New) {
      return B.CreateExtractValue(
          B.CreateAtomicCmpXchg(At, Old, New, Align(8),
                                AtomicOrdering::AcquireRelease, Acquire),
          1);
    };

    IRBuilder<> B(Begin);
    Value *CellAt = B.CreateIntToPtr(Poll->getArg(0), Ptr);
    Value *LoopsAt =
        B.CreatePtrAdd(CellAt, B.getInt64(offsetof(Cell, LoopsLeft)));
    Value *SeenAt =
        B.CreatePtrAdd(CellAt, B.getInt64(offsetof(Cell, Continuations)));
    B.CreateStore(B.getInt32(PollInterval), LoopsAt, /*isVolatile=*/true);
    Value *Seen = LoadSeen(B, SeenAt);
    B.CreateCondBr(B.CreateIsNull(Seen), First, Again);

    B.SetInsertPoint(First);
    B.CreateCondBr(Swap(B, SeenAt, B.getInt64(0), B.getInt64(1)), Call, Look);
    B.SetInsertPoint(Call);
    auto CallHook = [&] {
      B.CreateCall(Hook, {Poll->getArg(1), Poll->getArg(2),
                          B.CreateAdd(B.CreateZExt(Poll->getArg(3), Long),
                                      B.getInt64(1))});
    };
    CallHook();
    B.CreateBr(Look);

    B.SetInsertPoint(Again);
    B.CreateCondBr(B.CreateTrunc(Seen, B.getInt1Ty()), Polled, Look);
    B.SetInsertPoint(Polled);
    Value *Loop = B.CreateZExt(Poll->getArg(3), Long);
    Value *Number = B.CreateSelect(B.CreateICmpULT(Loop, B.getInt64(63)), Loop,
                                   B.getInt64(63));
    Value *Bit = B.CreateSelect(
        B.CreateICmpULT(Loop, B.getInt64(LoopsEverPolled)),
        B.CreateShl(B.getInt64(uint64_t(1) << EverPolledShift), Loop),
        B.getInt64(0));
    const uint64_t EverPolledMask = ~uint64_t(0) << EverPolledShift;
    Value *Notes[] = {
        B.CreateAnd(B.CreateAdd(Seen, B.getInt64(2)), PollsMask),
        B.CreateShl(B.CreateAdd(Number, B.getInt64(1)), LastPolledShift),
        B.CreateAnd(Seen, EverPolledMask), Bit};
    Swap(B, SeenAt, Seen, B.CreateOr(Notes));
    B.CreateBr(None);

    B.SetInsertPoint(Look);
    Value *Table = LoadSeen(B, SeenAt);
    B.CreateCondBr(
        B.CreateOr(B.CreateIsNull(Table), B.CreateTrunc(Table, B.getInt1Ty())),
        None, Find);
    B.SetInsertPoint(Find);
    Value *TableAt = B.CreateIntToPtr(Table, Ptr);
    Value *EntryAt = B.CreateGEP(
        Ptr, B.CreatePtrAdd(TableAt, B.getInt64(sizeof(ContinuationTable))),
        B.CreateZExt(Poll->getArg(3), Long));
    Value *Entry = LoadSeen(B, EntryAt);
    B.CreateCondBr(B.CreateIsNull(Entry), None, Made);
    B.SetInsertPoint(Made);
    B.CreateCondBr(B.CreateTrunc(Entry, B.getInt1Ty()), Left, Enter);
    B.SetInsertPoint(Left);
    B.CreateCondBr(B.CreateICmpEQ(Entry, B.getInt64(1)), Ask, Soon);
    B.SetInsertPoint(Soon);
    Swap(B, EntryAt, Entry, B.CreateSub(Entry, B.getInt64(2)));
    B.CreateStore(B.getInt32(0), LoopsAt, /*isVolatile=*/true);
    B.CreateBr(None);
    B.SetInsertPoint(Ask);
    B.CreateCondBr(Swap(B, EntryAt, Entry, B.getInt64(0)), Asked, None);
    B.SetInsertPoint(Asked);
    CallHook();
    B.CreateBr(Look);
    B.SetInsertPoint(Enter);
    B.CreateAtomicRMW(AtomicRMWInst::Add, TableAt, B.getInt64(1), Align(8),
                      AtomicOrdering::Monotonic);
    B.CreateBr(Found);

    B.SetInsertPoint(None);
    B.CreateRet(ConstantPointerNull::get(Ptr));
    B.SetInsertPoint(Found);
    B.CreateRet(B.CreateIntToPtr(Entry, Ptr));
    return Poll;
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
