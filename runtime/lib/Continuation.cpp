//===-- Continuation.cpp --------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The code that a running loop goes on in. OnStackReplacement.h has the idea.
//
//===----------------------------------------------------------------------===//

#include "FrameEscape.h"
#include "LoopChoice.h"
#include "reopt/OnStackReplacement.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/MDBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/Local.h"
#include "llvm/Transforms/Utils/ValueMapper.h"

using namespace llvm;

namespace reopt {

namespace {

/// Variables up to this size are copied: the optimiser takes them apart. Large
/// arrays it would leave in memory anyway.
constexpr uint64_t MaxCopiedBytes = 1024;

/// Instructions that copies for the levels of a loop nest may have.
constexpr size_t MaxNestInstructions = 20000;

/// Whether \p A is an integer that is never negative once \p Header is reached:
/// it starts with a constant and only grows, without overflow, as a loop's
/// counter does. Code that begins with the loop sees that; one that begins in
/// the middle would not.
bool isCounter(const AllocaInst &A, const BasicBlock &Header,
               const DominatorTree &DT) {
  if (!A.getAllocatedType()->isIntegerTy() || A.isArrayAllocation())
    return false;
  auto IsNatural = [](const Value *V) {
    auto *Number = dyn_cast<ConstantInt>(V);
    return Number && !Number->isNegative();
  };
  bool IsSet = false;
  for (const User *U : A.users()) {
    if (auto *Load = dyn_cast<LoadInst>(U))
      if (Load->getType() == A.getAllocatedType())
        continue;
    auto *Store = dyn_cast<StoreInst>(U);
    if (!Store)
      return false;
    const Value *V = Store->getValueOperand();
    if (V->getType() != A.getAllocatedType())
      return false;
    IsSet |= DT.dominates(Store, &Header);
    if (IsNatural(V))
      continue;
    auto *Sum = dyn_cast<BinaryOperator>(V);
    if (!Sum || Sum->getOpcode() != Instruction::Add ||
        !Sum->hasNoSignedWrap() || !IsNatural(Sum->getOperand(1)))
      return false;
    auto *Old = dyn_cast<LoadInst>(Sum->getOperand(0));
    if (!Old || Old->getPointerOperand() != &A)
      return false;
  }
  return IsSet;
}

/// Makes one continuation.
class ContinuationMaker {
public:
  ContinuationMaker(Function &Frame, const LoopPoint &Point,
                    FrameEscape &Escape, const DominatorTree &FrameDT)
      : Frame(Frame), Point(Point), Escape(Escape), FrameDT(FrameDT),
        Passed(Point.State.begin(), Point.State.end()) {}

  Function *make(StringRef Name) {
    clone(Name);
    // Static allocas stay where a frame begins.
    BasicBlock &Begin = C->getEntryBlock();
    SmallVector<AllocaInst *, 16> Variables;
    for (Instruction &I : Begin)
      if (auto *A = dyn_cast<AllocaInst>(&I); A && A->isStaticAlloca())
        Variables.push_back(A);
    Entry = BasicBlock::Create(C->getContext(), "continue", C, &Begin);
    BranchInst *Go = BranchInst::Create(&Begin, Entry);
    for (AllocaInst *A : Variables)
      A->moveBefore(Go->getIterator());
    for (Instruction &I : make_early_inc_range(instructions(*C)))
      if (I.isLifetimeStartOrEnd())
        I.eraseFromParent();

    keepValuesInMemory();
    BasicBlock *Header = copyLoopNest();
    receiveState(Go);
    Go->setSuccessor(0, Header);
    EliminateUnreachableBlocks(*C);
    return C;
  }

private:
  void clone(StringRef Name) {
    C = Function::Create(getContinuationType(Frame, Point),
                         GlobalValue::InternalLinkage, Frame.getAddressSpace(),
                         Name, Frame.getParent());
    for (Argument &A : Frame.args())
      Map[&A] = PoisonValue::get(A.getType());
    for (auto [I, V] : enumerate(Point.State))
      if (isa<Argument>(V))
        Map[V] = C->getArg(I);
    SmallVector<ReturnInst *, 4> Returns;
    CloneFunctionInto(C, &Frame, Map, CloneFunctionChangeType::LocalChangesOnly,
                      Returns);
    C->setLinkage(GlobalValue::InternalLinkage);
    C->setVisibility(GlobalValue::DefaultVisibility);
    C->setDLLStorageClass(GlobalValue::DefaultStorageClass);
    C->setDSOLocal(true);
    C->setComdat(nullptr);
    C->setSection("");
    C->setPrefixData(nullptr);
    C->setPrologueData(nullptr);
    stripDebugInfo(*C);
    C->clearMetadata();

    // What is said of the parameters and of the effects is said of Frame.
    LLVMContext &Ctx = C->getContext();
    AttrBuilder FnAttrs(Ctx, Frame.getAttributes().getFnAttrs());
    for (auto Kind :
         {Attribute::OptimizeNone, Attribute::NoInline, Attribute::AlwaysInline,
          Attribute::Memory, Attribute::Speculatable, Attribute::AllocSize,
          Attribute::AllocKind, Attribute::StackAlignment})
      FnAttrs.removeAttribute(Kind);
    for (StringRef Key : {"frame-pointer", "alloc-family", "patchable-function",
                          "alloc-variant-zeroed"})
      FnAttrs.removeAttribute(Key);
    AttrBuilder RetAttrs(Ctx);
    for (auto Kind : {Attribute::ZExt, Attribute::SExt, Attribute::InReg})
      if (Frame.hasRetAttribute(Kind))
        RetAttrs.addAttribute(Kind);
    C->setAttributes(AttributeList::get(Ctx, AttributeSet::get(Ctx, FnAttrs),
                                        AttributeSet::get(Ctx, RetAttrs), {}));
  }

  /// Puts each value that crosses blocks into an alloca, so that blocks can be
  /// copied and entered from elsewhere.
  void keepValuesInMemory() {
    DenseMap<const Value *, unsigned> Numbers;
    for (auto [I, V] : enumerate(Point.State))
      if (isa<Instruction>(V))
        Numbers[Map.lookup(V)] = I;
    const BasicBlock *Header = cast<BasicBlock>(Map.lookup(Point.Header));
    auto Note = [&](const Value *V, AllocaInst *Slot) {
      if (auto I = Numbers.find(V); I != Numbers.end() && Slot)
        Slots[I->second] = Slot;
    };
    const auto Where = Entry->begin();
    SmallVector<Instruction *, 16> Crossing;
    for (Instruction &I : instructions(*C))
      if (I.getParent() != Entry && any_of(I.users(), [&](const User *U) {
            return isa<PHINode>(U) ||
                   cast<Instruction>(U)->getParent() != I.getParent();
          }))
        Crossing.push_back(&I);
    for (Instruction *I : Crossing) {
      // The slot of a phi of the header is what comes in, see below.
      const bool ComesIn = isa<PHINode>(I) && I->getParent() == Header;
      AllocaInst *Slot = DemoteRegToStack(*I, /*VolatileLoads=*/false, Where);
      if (!ComesIn)
        Note(I, Slot);
    }
    SmallVector<PHINode *, 16> Phis;
    for (BasicBlock &B : *C)
      for (PHINode &Phi : B.phis())
        Phis.push_back(&Phi);
    for (PHINode *Phi : Phis) {
      const bool ComesIn = Phi->getParent() == Header;
      const Value *Old = Phi;
      AllocaInst *Slot = DemotePHIToStack(Phi, Where);
      if (ComesIn)
        Note(Old, Slot);
    }
  }

  /// Copies blocks such that each loop around the one that is entered is
  /// entered at its header. Returns where to enter.
  BasicBlock *copyLoopNest() {
    auto *Header = cast<BasicBlock>(Map.lookup(Point.Header));
    DominatorTree DT(*C);
    LoopInfo LI(DT);
    Loop *Outer = LI.getLoopFor(Header);
    if (Outer && Outer->getHeader() == Header)
      Outer = Outer->getParentLoop();
    // Innermost first.
    SmallVector<BasicBlock *, 4> Headers{Header};
    const Loop *Nest = Outer;
    for (; Outer; Outer = Outer->getParentLoop()) {
      Headers.push_back(Outer->getHeader());
      Nest = Outer;
    }
    const size_t Levels = Headers.size();
    if (Levels == 1)
      return Header;
    size_t Size = 0;
    for (const BasicBlock *B : Nest->blocks())
      Size += B->size();
    if (Size * (Levels - 1) > MaxNestInstructions)
      return Header;

    SmallVector<BasicBlock *, 4> Starts = Headers;
    for (size_t Level = Levels - 1; Level--;) {
      ValueToValueMapTy Copies;
      for (size_t I = Level + 1; I != Levels; ++I)
        Copies[Headers[I]] = Starts[I];
      SmallVector<BasicBlock *, 16> Order{Headers[Level]};
      SmallPtrSet<BasicBlock *, 16> Seen{Headers[Level]};
      for (size_t I = 0; I != Order.size(); ++I)
        for (BasicBlock *Next : successors(Order[I]))
          if (Nest->contains(Next) && !Copies.count(Next) &&
              Seen.insert(Next).second)
            Order.push_back(Next);
      SmallVector<BasicBlock *, 16> New;
      for (BasicBlock *B : Order) {
        New.push_back(CloneBasicBlock(B, Copies, "", C));
        Copies[B] = New.back();
      }
      for (BasicBlock *B : New)
        for (Instruction &I : *B)
          RemapInstruction(&I, Copies,
                           RF_NoModuleLevelChanges | RF_IgnoreMissingLocals);
      Starts[Level] = New.front();
    }
    return Starts.front();
  }

  /// Fills the variables and the slots of values from the parameters.
  void receiveState(Instruction *Before) {
    const DataLayout &DL = C->getDataLayout();
    IRBuilder<> B(Before);
    for (auto [I, V] : enumerate(Point.State)) {
      Argument *Param = C->getArg(I);
      if (auto Slot = Slots.find(I); Slot != Slots.end())
        B.CreateStore(Param, Slot->second);
      auto *Original = dyn_cast<AllocaInst>(V);
      if (!Original || !Original->isStaticAlloca())
        continue;
      auto *Variable = cast<AllocaInst>(Map.lookup(V));
      const uint64_t Size = Original->getAllocationSize(DL)->getFixedValue();
      AttrBuilder Attrs(C->getContext());
      Attrs.addAttribute(Attribute::NoUndef)
          .addAttribute(Attribute::NonNull)
          .addAlignmentAttr(Original->getAlign());
      if (Size)
        Attrs.addDereferenceableAttr(Size);
      const bool IsPrivate = Escape.isPrivate(*Original, Passed);
      if (IsPrivate && isCounter(*Original, *Point.Header, FrameDT)) {
        auto *Ty = cast<IntegerType>(Original->getAllocatedType());
        LoadInst *Number = B.CreateAlignedLoad(Ty, Param, Original->getAlign());
        if (Ty->getBitWidth() > 1)
          Number->setMetadata(
              LLVMContext::MD_range,
              MDBuilder(C->getContext())
                  .createRange(APInt::getZero(Ty->getBitWidth()),
                               APInt::getSignedMinValue(Ty->getBitWidth())));
        B.CreateStore(Number, Variable);
      } else if (IsPrivate && Size <= MaxCopiedBytes) {
        B.CreateMemCpy(Variable, Variable->getAlign(), Param,
                       Original->getAlign(), Size);
      } else {
        if (IsPrivate)
          Attrs.addAttribute(Attribute::NoAlias);
        Variable->replaceAllUsesWith(Param);
        Variable->eraseFromParent();
      }
      Param->addAttrs(Attrs);
    }
  }

  Function &Frame;
  const LoopPoint &Point;
  FrameEscape &Escape;
  const DominatorTree &FrameDT;
  /// What the frame passes beside its variables may point into them.
  FrameEscape::ValueSet Passed;
  ValueToValueMapTy Map;
  Function *C = nullptr;
  BasicBlock *Entry = nullptr;
  /// Index in the state to where the value is kept.
  DenseMap<unsigned, AllocaInst *> Slots;
};

} // namespace

void createContinuations(Function &Frame, StringRef TableName,
                         const LoopRequest &Wanted) {
  auto Points = findLoopPoints(Frame);
  FrameEscape Escape;
  const DominatorTree DT(Frame);
  LLVMContext &Ctx = Frame.getContext();
  auto *PtrTy = PointerType::getUnqual(Ctx);
  auto GetNumber = [&](uint64_t Entry) -> Constant * {
    return ConstantExpr::getIntToPtr(
        ConstantInt::get(Type::getInt64Ty(Ctx), Entry), PtrTy);
  };
  SmallVector<Constant *, 8> Entries;
  for (auto [I, Where] : enumerate(chooseLoops(Frame, Points, Wanted)))
    switch (Where) {
    case LoopChoice::Refused:
      Entries.push_back(ConstantPointerNull::get(PtrTy));
      break;
    case LoopChoice::OnRequest:
      Entries.push_back(GetNumber(1));
      break;
    case LoopChoice::Around:
      Entries.push_back(GetNumber(2 * MaxWaitForLoop + 1));
      break;
    case LoopChoice::Here:
      Entries.push_back(ContinuationMaker(Frame, Points[I], Escape, DT)
                            .make((TableName + "." + Twine(I)).str()));
      break;
    }
  Constant *Table = ConstantStruct::getAnon(
      {ConstantInt::get(Type::getInt64Ty(Ctx), 0),
       ConstantArray::get(ArrayType::get(PtrTy, Entries.size()), Entries)});
  auto *Var = new GlobalVariable(
      *Frame.getParent(), Table->getType(),
      /*isConstant=*/false, GlobalValue::ExternalLinkage, Table, TableName);
  Var->setAlignment(Align(8));
  Var->setSection(ContinuationSection);
}

} // namespace reopt
