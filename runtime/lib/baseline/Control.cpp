//===-- Control.cpp -------------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Blocks, branches, phis, and what catches exceptions.
//
//===----------------------------------------------------------------------===//

#include "FunctionCompiler.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace reopt::baseline {

FunctionCompiler::FunctionCompiler(const Function &F, ModuleSymbols &Symbols,
                                   X86Assembler &A)
    : F(F), DL(F.getDataLayout()), Symbols(Symbols), A(A) {}

StringRef FunctionCompiler::compile(FunctionUnwind &Into) {
  if (StringRef Why = findUnsupported(); !Why.empty())
    return Why;
  Unwind = &Into;
  Begin = A.here();
  analyze();
  if (!Failure.empty())
    return Failure;

  A.push(RBP);
  Into.FramePushed = A.here() - Begin;
  A.mov(8, RBP, RSP);
  Into.FrameSet = A.here() - Begin;
  const uint32_t FrameAt = A.subtractFromRsp();
  for (const BasicBlock &B : F) {
    Block = &B;
    A.bind(Blocks[&B]);
    forgetRegisters();
    if (&B == &F.getEntryBlock())
      enter();
    for (const Instruction &I : B) {
      compile(I);
      if (!Failure.empty())
        return Failure;
    }
    emitEdges();
  }
  A.resolve();
  A.patch(FrameAt, uint32_t(alignTo(FrameBytes + CallBytes, 16)));
  for (uint32_t At : AboveCalls)
    A.patch(At, CallBytes);

  Into.Size = A.here() - Begin;
  if (F.hasPersonalityFn())
    Into.Personality =
        Symbols.get(*cast<Function>(F.getPersonalityFn()->stripPointerCasts()));
  for (const PendingSite &S : Sites)
    Into.CallSites.push_back(
        {S.Begin, S.End, A.getOffset(S.Pad) - Begin, S.Action});
  return Failure;
}

static Cond getCondition(CmpInst::Predicate P) {
  switch (P) {
  case CmpInst::ICMP_EQ:
    return Equal;
  case CmpInst::ICMP_NE:
    return NotEqual;
  case CmpInst::ICMP_UGT:
    return Above;
  case CmpInst::ICMP_UGE:
    return AboveEq;
  case CmpInst::ICMP_ULT:
    return Below;
  case CmpInst::ICMP_ULE:
    return BelowEq;
  case CmpInst::ICMP_SGT:
    return Greater;
  case CmpInst::ICMP_SGE:
    return GreaterEq;
  case CmpInst::ICMP_SLT:
    return Less;
  default:
    return LessEq;
  }
}

/// Sets the flags, and returns when \p I is true.
Cond FunctionCompiler::compare(const ICmpInst &I) {
  const llvm::Value *L = I.getOperand(0), *R = I.getOperand(1);
  const unsigned Size = getScalarSize(L->getType());
  if (!Size || (L->getType()->isIntegerTy(1) && I.isSigned())) {
    fail("a comparison");
    return Equal;
  }
  auto *Number = dyn_cast<ConstantInt>(R);
  if (isFoldedLoad(L)) {
    const int64_t With = Number ? Number->getSExtValue() : 0;
    const Mem Memory = foldedLoad(L);
    if (isInt<32>(With)) {
      A.aluImmediate(Alu::Cmp, Size, Memory, int32_t(With));
    } else {
      A.load(Size, R11, Memory);
      const Reg Right = use(R);
      A.alu(Alu::Cmp, Size, R11, Right);
    }
    return getCondition(I.getPredicate());
  }
  const Reg Left = use(L);
  if (isFoldedLoad(R))
    A.alu(Alu::Cmp, Size, Left, foldedLoad(R));
  else if (isa<ConstantPointerNull>(R) || (Number && Number->isZero())) {
    A.test(Size, Left, Left);
  } else if (Number && isInt<32>(Number->getSExtValue())) {
    A.aluImmediate(
        Alu::Cmp, Size, Left,
        Number->getBitWidth() == 1 ? 1 : int32_t(Number->getSExtValue()));
  } else {
    A.alu(Alu::Cmp, Size, Left, use(R));
  }
  return getCondition(I.getPredicate());
}

namespace {

/// How ucomiss and ucomisd answer a comparison: carry says less or unordered,
/// zero equal or unordered, parity unordered.
struct FloatTest {
  bool Swap;
  Cond First;
  /// Also needed (oeq), or enough by itself (une).
  Cond Second = Overflow;
};

} // namespace

static FloatTest getTest(CmpInst::Predicate P) {
  switch (P) {
  case CmpInst::FCMP_OEQ:
    return {false, Equal, NoParity};
  case CmpInst::FCMP_UNE:
    return {false, NotEqual, Parity};
  case CmpInst::FCMP_OGT:
    return {false, Above};
  case CmpInst::FCMP_OGE:
    return {false, AboveEq};
  case CmpInst::FCMP_OLT:
    return {true, Above};
  case CmpInst::FCMP_OLE:
    return {true, AboveEq};
  case CmpInst::FCMP_ONE:
    return {false, NotEqual};
  case CmpInst::FCMP_UEQ:
    return {false, Equal};
  case CmpInst::FCMP_UGT:
    return {true, Below};
  case CmpInst::FCMP_UGE:
    return {true, BelowEq};
  case CmpInst::FCMP_ULT:
    return {false, Below};
  case CmpInst::FCMP_ULE:
    return {false, BelowEq};
  case CmpInst::FCMP_ORD:
    return {false, NoParity};
  default:
    return {false, Parity}; // FCMP_UNO
  }
}

static bool isSupported(const FCmpInst &I) {
  return getScalarSize(I.getOperand(0)->getType()) &&
         I.getPredicate() != CmpInst::FCMP_TRUE &&
         I.getPredicate() != CmpInst::FCMP_FALSE;
}

static void emitTest(X86Assembler &A, const FCmpInst &I, const FloatTest &Test,
                     Reg L, Reg R) {
  A.vector(I.getOperand(0)->getType()->isDoubleTy() ? 0x66 : 0, 0x2E,
           Test.Swap ? R : L, Test.Swap ? L : R);
}

void FunctionCompiler::compileCompare(const CmpInst &I) {
  if (auto *Integers = dyn_cast<ICmpInst>(&I)) {
    const Cond C = compare(*Integers);
    const Reg To = allocate(false);
    A.setcc(C, To);
    A.extend(false, 1, 4, To, To);
    return setResult(I, To);
  }
  auto &Floats = cast<FCmpInst>(I);
  if (!isSupported(Floats))
    return fail("a comparison");
  const FloatTest Test = getTest(I.getPredicate());
  const Reg L = use(I.getOperand(0)), R = use(I.getOperand(1));
  const Reg To = allocate(false);
  emitTest(A, Floats, Test, L, R);
  A.setcc(Test.First, To);
  if (Test.Second != Overflow) {
    A.setcc(Test.Second, R11);
    A.alu(Test.Second == NoParity ? Alu::And : Alu::Or, 1, To, R11);
  }
  A.extend(false, 1, 4, To, To);
  setResult(I, To);
}

/// Where a jump to \p To goes: past its phis, if it has any.
X86Assembler::Label FunctionCompiler::edgeTo(const BasicBlock *To) {
  if (!isa<PHINode>(To->front()))
    return Blocks[To];
  Edges.push_back({A.makeLabel(), Block, To});
  return Edges.back().At;
}

void FunctionCompiler::emitEdges() {
  for (const Edge &E : Edges) {
    A.bind(E.At);
    forgetRegisters();
    copyPhis(E.From, E.To);
    A.jump(Blocks[E.To]);
  }
  Edges.clear();
}

/// Writes the phis of \p To on the way from \p From. Uses r11 and xmm15 only:
/// on the way to a landing pad other registers hold the exception.
void FunctionCompiler::copyPhis(const BasicBlock *From, const BasicBlock *To) {
  struct Copy {
    const PHINode *Phi;
    const llvm::Value *V;
    Mem Where;
  };
  SmallVector<Copy, 4> Copies;
  bool ReadsPhi = false;
  for (const PHINode &Phi : To->phis()) {
    const llvm::Value *V = Phi.getIncomingValueForBlock(From);
    // A truth value is 0 or 1 whatever it is.
    if (V == &Phi || Phi.use_empty() ||
        (isa<UndefValue>(V) && !Phi.getType()->isIntegerTy(1)))
      continue;
    auto *Other = dyn_cast<PHINode>(V);
    ReadsPhi |= Other && Other->getParent() == To;
    const bool IsAggregate = Phi.getType()->isAggregateType();
    if (!IsAggregate && !getScalarSize(Phi.getType()))
      return fail("a type");
    Copies.push_back(
        {&Phi, V, IsAggregate ? aggregate(&Phi) : slot(get(&Phi))});
  }
  auto Write = [&](const Copy &C, const Mem &Where) {
    Type *Ty = C.Phi->getType();
    if (Ty->isAggregateType()) {
      if (auto *Number = dyn_cast<Constant>(C.V))
        return storeConstant(Where, *Number);
      return copyLeaves(Ty, Where, aggregate(C.V));
    }
    const Reg Scratch = livesInVector(Ty) ? XMM15 : R11;
    const unsigned Size = livesInVector(Ty) ? getScalarSize(Ty) : 8;
    Reg R = Scratch;
    if (!isa<Constant>(C.V) && get(C.V).R != NoReg && !get(C.V).FrameAddress)
      R = get(C.V).R;
    else
      loadTo(Scratch, C.V);
    A.store(Size, Where, R);
  };
  if (!ReadsPhi) {
    for (const Copy &C : Copies)
      Write(C, C.Where);
    return;
  }
  // One reads what another writes: all are read first.
  SmallVector<Mem, 4> Between;
  for (const Copy &C : Copies) {
    Type *Ty = C.Phi->getType();
    Between.push_back(Mem::at(
        RBP,
        allocateFrame(std::max<uint64_t>(DL.getTypeAllocSize(Ty), 8), 16)));
    Write(C, Between.back());
  }
  for (auto [C, Saved] : zip(Copies, Between)) {
    if (C.Phi->getType()->isAggregateType()) {
      copyLeaves(C.Phi->getType(), C.Where, Saved);
      continue;
    }
    A.load(8, R11, Saved);
    A.store(8, C.Where, R11);
  }
}

void FunctionCompiler::jumpTo(const BasicBlock *To) {
  if (Block->getNextNode() != To || !Edges.empty())
    A.jump(Blocks[To]);
}

void FunctionCompiler::branchOn(const BranchInst &I, Cond C) {
  const BasicBlock *Then = I.getSuccessor(0), *Else = I.getSuccessor(1);
  const auto ThenAt = edgeTo(Then), ElseAt = edgeTo(Else);
  const BasicBlock *Next = Edges.empty() ? Block->getNextNode() : nullptr;
  if (Then == Next)
    return A.jump(invert(C), ElseAt);
  A.jump(C, ThenAt);
  if (Else != Next)
    A.jump(ElseAt);
}

void FunctionCompiler::branchOnFloat(const BranchInst &I,
                                     const FCmpInst &Compare) {
  if (!isSupported(Compare))
    return fail("a comparison");
  const FloatTest Test = getTest(Compare.getPredicate());
  const Reg L = use(Compare.getOperand(0)), R = use(Compare.getOperand(1));
  emitTest(A, Compare, Test, L, R);
  if (Test.Second == Overflow)
    return branchOn(I, Test.First);
  const auto Then = edgeTo(I.getSuccessor(0)), Else = edgeTo(I.getSuccessor(1));
  if (Test.Second == NoParity) {
    A.jump(Parity, Else);
    A.jump(Equal, Then);
  } else {
    A.jump(Parity, Then);
    A.jump(NotEqual, Then);
  }
  A.jump(Else);
}

void FunctionCompiler::compileBranch(const BranchInst &I) {
  auto Goto = [&](const BasicBlock *To) {
    copyPhis(Block, To);
    jumpTo(To);
  };
  if (I.isUnconditional())
    return Goto(I.getSuccessor(0));
  const llvm::Value *Condition = I.getCondition();
  if (auto *Known = dyn_cast<ConstantInt>(Condition))
    return Goto(I.getSuccessor(Known->isOne() ? 0 : 1));
  if (isa<Instruction>(Condition) && get(Condition).Folded) {
    if (auto *Integers = dyn_cast<ICmpInst>(Condition))
      return branchOn(I, compare(*Integers));
    if (auto *Floats = dyn_cast<FCmpInst>(Condition))
      return branchOnFloat(I, *Floats);
    Condition = cast<TruncInst>(Condition)->getOperand(0);
  }
  A.testByte(use(Condition), 1);
  branchOn(I, NotEqual);
}

void FunctionCompiler::compileSwitch(const SwitchInst &I) {
  const unsigned Size = getScalarSize(I.getCondition()->getType());
  if (!Size || I.getCondition()->getType()->isIntegerTy(1))
    return fail("a switch");
  using Case = std::pair<int64_t, X86Assembler::Label>;
  std::vector<Case> Cases;
  // One edge for each block, however many cases lead there.
  DenseMap<const BasicBlock *, X86Assembler::Label> Ways;
  auto GetWay = [&](const BasicBlock *To) {
    auto [Way, Inserted] = Ways.try_emplace(To, 0);
    if (Inserted)
      Way->second = edgeTo(To);
    return Way->second;
  };
  for (auto &C : I.cases())
    Cases.push_back(
        {C.getCaseValue()->getSExtValue(), GetWay(C.getCaseSuccessor())});
  llvm::sort(Cases);
  const auto Default = GetWay(I.getDefaultDest());
  const Reg R = use(I.getCondition());
  auto Compare = [&](int64_t With) {
    if (isInt<32>(With))
      return A.aluImmediate(Alu::Cmp, Size, R, int32_t(With));
    A.loadImmediate(R11, With);
    A.alu(Alu::Cmp, Size, R, R11);
  };
  // Halves what is left until a few comparisons decide.
  SmallVector<std::pair<X86Assembler::Label, ArrayRef<Case>>, 8> Open;
  Open.push_back({A.makeLabel(), Cases});
  while (!Open.empty()) {
    auto [At, Rest] = Open.pop_back_val();
    A.bind(At);
    constexpr size_t Few = 4;
    while (Rest.size() > Few) {
      const size_t Middle = Rest.size() / 2;
      Open.push_back({A.makeLabel(), Rest.take_front(Middle)});
      Compare(Rest[Middle].first);
      A.jump(Less, Open.back().first);
      Rest = Rest.drop_front(Middle);
    }
    for (const Case &C : Rest) {
      Compare(C.first);
      A.jump(Equal, C.second);
    }
    A.jump(Default);
  }
}

void FunctionCompiler::compileReturn(const ReturnInst &I) {
  if (const llvm::Value *V = I.getReturnValue()) {
    Type *Ty = V->getType();
    if (const unsigned Size = getScalarSize(Ty)) {
      const Reg To = livesInVector(Ty) ? XMM0 : RAX;
      loadTo(To, V);
      const bool Signed = F.hasRetAttribute(Attribute::SExt);
      if (Signed && Ty->isIntegerTy(1))
        return fail("a truth value with a sign");
      if (Size < 4 && (Signed || F.hasRetAttribute(Attribute::ZExt)))
        A.extend(Signed, Size, 4, To, To);
    } else if (Ty->isAggregateType()) {
      const Mem From = aggregate(V);
      forEachReturned(Ty, [&](Type *Leaf, uint64_t Offset, Reg To) {
        A.load(getScalarSize(Leaf), To, From.plus(Offset));
      });
    } else {
      return fail("a type");
    }
  } else if (ReturnedTo) {
    loadTo(RAX, ReturnedTo);
  }
  A.leave();
  Unwind->Returns.push_back(A.here() - Begin);
  A.ret();
}

/// The runtime comes here with the exception in rax and the selector in rdx.
void FunctionCompiler::compileLandingPad(const LandingPadInst &I) {
  auto *Ty = dyn_cast<StructType>(I.getType());
  if (!Ty || Ty->getNumElements() != 2 ||
      !Ty->getElementType(0)->isPointerTy() ||
      !Ty->getElementType(1)->isIntegerTy(32))
    return fail("a landing pad");
  const Mem To = aggregate(&I);
  A.store(8, To, RAX);
  A.store(4, To.plus(8), RDX);
}

void FunctionCompiler::compileResume(const ResumeInst &I) {
  A.load(8, RDI, aggregate(I.getValue()));
  A.call(Symbols.getLibrary("_Unwind_Resume"));
  A.trap();
}

/// Types are numbered from 1, for each function.
unsigned FunctionCompiler::getTypeNumber(const Constant *TypeInfo) {
  auto *Type = dyn_cast<GlobalValue>(TypeInfo->stripPointerCasts());
  if (!Type && !TypeInfo->isNullValue())
    fail("type information");
  const auto S = Type ? Symbols.get(*Type) : ElfObject::NoSymbol;
  auto Known = find(Unwind->Types, S);
  if (Known == Unwind->Types.end())
    Known = Unwind->Types.insert(Known, S);
  return Known - Unwind->Types.begin() + 1;
}

unsigned FunctionCompiler::getAction(const LandingPadInst &Pad) {
  auto [Known, Inserted] = Actions.try_emplace(&Pad, 0);
  if (!Inserted)
    return Known->second;
  unsigned First = 0;
  auto Add = [&](int64_t Filter) {
    Unwind->Actions.push_back({Filter, First});
    First = Unwind->Actions.size();
  };
  // Which clauses come first is asked first, so they are written last.
  if (Pad.isCleanup() && Pad.getNumClauses())
    Add(0);
  for (unsigned I = Pad.getNumClauses(); I-- > 0;) {
    if (Pad.isFilter(I))
      fail("an exception specification");
    else
      Add(getTypeNumber(Pad.getClause(I)));
  }
  return Known->second = First;
}

} // namespace reopt::baseline
