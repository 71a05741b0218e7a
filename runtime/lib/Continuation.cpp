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
#include "llvm/ADT/SetVector.h"
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

/// Makes one continuation, and what enters it at loops behind the one that it
/// begins with.
///
/// Such loops share its code: it is told by its first parameter where to begin,
/// and has as parameters what any of them passes. What calls it with less gives
/// poison for the rest, which is not looked at on the way from there.
class ContinuationMaker {
public:
  /// The first of \p Points is where the code begins.
  ContinuationMaker(Function &Frame, ArrayRef<const LoopPoint *> Points,
                    FrameEscape &Escape, const DominatorTree &FrameDT)
      : Frame(Frame), Points(Points), Point(*Points.front()), Escape(Escape),
        FrameDT(FrameDT) {
    for (const LoopPoint *P : Points)
      State.insert(P->State.begin(), P->State.end());
    Passed.insert(State.begin(), State.end());
  }

  /// What enters at each of the points, named \p Names.
  SmallVector<Function *, 4> make(ArrayRef<std::string> Names) {
    clone(isShared() ? Names.front() + ".code" : Names.front());
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
    for (const LoopPoint *P : Points)
      Headers.push_back(cast<BasicBlock>(Map.lookup(P->Header)));
    copyLoopNest();
    bindVariables();
    if (!isShared()) {
      receiveState(Point, Go);
      Go->setSuccessor(0, Headers.front());
      EliminateUnreachableBlocks(*C);
      return {C};
    }
    IRBuilder<> B(Go);
    SwitchInst *Where = nullptr;
    SmallVector<Function *, 4> Entries;
    for (auto [I, P] : enumerate(Points)) {
      auto *Receive = BasicBlock::Create(C->getContext(), "", C, &Begin);
      receiveState(*P, BranchInst::Create(Headers[I], Receive));
      if (Where)
        Where->addCase(B.getInt32(I), Receive);
      else
        Where = B.CreateSwitch(C->getArg(0), Receive, Points.size() - 1);
      Entries.push_back(makeEntry(I, Names[I]));
    }
    Go->eraseFromParent();
    EliminateUnreachableBlocks(*C);
    // One copy is the idea.
    C->addFnAttr(Attribute::NoInline);
    C->addFnAttr(Attribute::NoDuplicate);
    return Entries;
  }

private:
  bool isShared() const { return Points.size() > 1; }

  Argument *getParam(const Value *V) const {
    const auto *const I = find(State, V);
    return C->getArg((I - State.begin()) + isShared());
  }

  /// A function of what tier 0 passes at \p Points[I], which enters there.
  Function *makeEntry(unsigned I, StringRef Name) {
    auto *E = Function::Create(getContinuationType(Frame, *Points[I]),
                               GlobalValue::InternalLinkage,
                               Frame.getAddressSpace(), Name, C->getParent());
    const AttributeSet RetAttrs = C->getAttributes().getRetAttrs();
    E->setAttributes(AttributeList::get(
        C->getContext(), C->getAttributes().getFnAttrs(), RetAttrs, {}));
    E->setDSOLocal(true);
    IRBuilder<> B(BasicBlock::Create(C->getContext(), "", E));
    SmallVector<Value *, 16> Args;
    for (Argument &A : C->args())
      Args.push_back(PoisonValue::get(A.getType()));
    Args.front() = B.getInt32(I);
    for (auto [Number, V] : enumerate(Points[I]->State))
      Args[getParam(V)->getArgNo()] = E->getArg(Number);
    CallInst *Call = B.CreateCall(C, Args);
    Call->setAttributes(AttributeList::get(C->getContext(), {}, RetAttrs, {}));
    if (Call->getType()->isVoidTy())
      B.CreateRetVoid();
    else
      B.CreateRet(Call);
    return E;
  }

  void clone(const Twine &Name) {
    SmallVector<Type *, 16> Params;
    if (isShared())
      Params.push_back(Type::getInt32Ty(Frame.getContext()));
    for (const Value *V : State)
      Params.push_back(V->getType());
    C = Function::Create(
        FunctionType::get(Frame.getReturnType(), Params, /*isVarArg=*/false),
        GlobalValue::InternalLinkage, Frame.getAddressSpace(), Name,
        Frame.getParent());
    for (Argument &A : Frame.args())
      Map[&A] = PoisonValue::get(A.getType());
    for (const Value *V : State)
      if (isa<Argument>(V))
        Map[V] = getParam(V);
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
    DenseMap<const Value *, const Value *> Originals;
    for (const Value *V : Point.State)
      if (isa<Instruction>(V))
        Originals[Map.lookup(V)] = V;
    const BasicBlock *Header = cast<BasicBlock>(Map.lookup(Point.Header));
    auto Note = [&](const Value *V, AllocaInst *Slot) {
      if (auto I = Originals.find(V); I != Originals.end() && Slot)
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

  /// Copies blocks such that each loop around the one that is entered first is
  /// entered at its header. Sets Headers to where the points are entered then.
  void copyLoopNest() {
    BasicBlock *Header = Headers.front();
    DominatorTree DT(*C);
    LoopInfo LI(DT);
    Loop *Outer = LI.getLoopFor(Header);
    if (Outer && Outer->getHeader() == Header)
      Outer = Outer->getParentLoop();
    // Innermost first.
    SmallVector<BasicBlock *, 4> Around{Header};
    const Loop *Nest = Outer;
    for (; Outer; Outer = Outer->getParentLoop()) {
      Around.push_back(Outer->getHeader());
      Nest = Outer;
    }
    const size_t Levels = Around.size();
    if (Levels == 1)
      return;
    size_t Size = 0;
    for (const BasicBlock *B : Nest->blocks())
      Size += B->size();
    if (Size * (Levels - 1) > MaxNestInstructions)
      return;
    // A loop behind is entered in the copy that comes to it from the loop
    // beside it, in the begun iteration of the one around both.
    SmallVector<size_t, 4> LevelOf(Headers.size(), Levels);
    for (size_t I = 1; I != Headers.size(); ++I)
      if (const Loop *Both = LI.getLoopFor(Headers[I])->getParentLoop())
        LevelOf[I] = find(Around, Both->getHeader()) - Around.begin() - 1;

    const SmallVector<BasicBlock *, 4> Originals = Headers;
    SmallVector<BasicBlock *, 4> Starts = Around;
    for (size_t Level = Levels - 1; Level--;) {
      ValueToValueMapTy Copies;
      for (size_t I = Level + 1; I != Levels; ++I)
        Copies[Around[I]] = Starts[I];
      SmallVector<BasicBlock *, 16> Order{Around[Level]};
      SmallPtrSet<BasicBlock *, 16> Seen{Around[Level]};
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
      for (size_t I = 1; I != Headers.size(); ++I)
        if (LevelOf[I] == Level)
          Headers[I] = cast<BasicBlock>(Copies.lookup(Originals[I]));
    }
    Headers.front() = Starts.front();
  }

  /// Decides which variables are copied, and has the others used where the old
  /// frame has them.
  void bindVariables() {
    const DataLayout &DL = C->getDataLayout();
    for (Value *V : State) {
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
      Argument *Param = getParam(V);
      if (IsPrivate && Size <= MaxCopiedBytes) {
        Copied[V] = Variable;
      } else {
        if (IsPrivate)
          Attrs.addAttribute(Attribute::NoAlias);
        Variable->replaceAllUsesWith(Param);
        Variable->eraseFromParent();
      }
      // It is poison to who does not pass it.
      if (all_of(Points,
                 [&](const LoopPoint *P) { return is_contained(P->State, V); }))
        Param->addAttrs(Attrs);
    }
  }

  /// Fills the variables and the slots of values from the parameters, where
  /// code begins at \p From.
  void receiveState(const LoopPoint &From, Instruction *Before) {
    const DataLayout &DL = C->getDataLayout();
    IRBuilder<> B(Before);
    for (Value *V : From.State) {
      Argument *Param = getParam(V);
      if (auto Slot = Slots.find(V); Slot != Slots.end())
        B.CreateStore(Param, Slot->second);
      auto Copy = Copied.find(V);
      if (Copy == Copied.end())
        continue;
      auto *Original = cast<AllocaInst>(V);
      AllocaInst *Variable = Copy->second;
      if (!isCounter(*Original, *From.Header, FrameDT)) {
        B.CreateMemCpy(Variable, Variable->getAlign(), Param,
                       Original->getAlign(),
                       Original->getAllocationSize(DL)->getFixedValue());
        continue;
      }
      auto *Ty = cast<IntegerType>(Original->getAllocatedType());
      LoadInst *Number = B.CreateAlignedLoad(Ty, Param, Original->getAlign());
      if (Ty->getBitWidth() > 1)
        Number->setMetadata(
            LLVMContext::MD_range,
            MDBuilder(C->getContext())
                .createRange(APInt::getZero(Ty->getBitWidth()),
                             APInt::getSignedMinValue(Ty->getBitWidth())));
      B.CreateStore(Number, Variable);
    }
  }

  Function &Frame;
  ArrayRef<const LoopPoint *> Points;
  /// Where the code begins.
  const LoopPoint &Point;
  FrameEscape &Escape;
  const DominatorTree &FrameDT;
  /// Of all points.
  SmallSetVector<Value *, 16> State;
  /// What the frame passes beside its variables may point into them.
  FrameEscape::ValueSet Passed;
  ValueToValueMapTy Map;
  Function *C = nullptr;
  BasicBlock *Entry = nullptr;
  /// Where control comes to each point.
  SmallVector<BasicBlock *, 4> Headers;
  /// Where values of the state are kept, and copies of its variables.
  DenseMap<const Value *, AllocaInst *> Slots, Copied;
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
    auto *Number = ConstantInt::get(Type::getInt64Ty(Ctx), Entry);
    return Entry ? ConstantExpr::getIntToPtr(Number, PtrTy)
                 : ConstantPointerNull::get(PtrTy);
  };
  const std::vector<LoopChoice> Choices = chooseLoops(Frame, Points, Wanted);
  SmallVector<Constant *, 8> Entries(Choices.size(), GetNumber(0));
  for (auto [I, Choice] : enumerate(Choices))
    switch (Choice.Kind) {
    case LoopChoice::Refused:
    case LoopChoice::Behind:
      break;
    case LoopChoice::OnRequest:
      Entries[I] = GetNumber(1);
      break;
    case LoopChoice::Around:
      Entries[I] = GetNumber(2 * MaxWaitForLoop + 1);
      break;
    case LoopChoice::Here: {
      SmallVector<unsigned, 4> Loops{unsigned(I)};
      for (auto [J, Other] : enumerate(Choices))
        if (Other.Kind == LoopChoice::Behind && Other.Of == I)
          Loops.push_back(J);
      SmallVector<const LoopPoint *, 4> Begins;
      SmallVector<std::string, 4> Names;
      for (unsigned Loop : Loops) {
        Begins.push_back(&Points[Loop]);
        Names.push_back((TableName + "." + Twine(Loop)).str());
      }
      ContinuationMaker Maker(Frame, Begins, Escape, DT);
      for (auto [Loop, F] : zip_equal(Loops, Maker.make(Names)))
        Entries[Loop] = F;
      break;
    }
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
