//===-- Instructions.cpp --------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arithmetic and conversions, and who compiles which instruction.
//
//===----------------------------------------------------------------------===//

#include "FunctionCompiler.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace reopt::baseline {

bool fits(const llvm::Value *V, int32_t &Number) {
  auto *C = dyn_cast<ConstantInt>(V);
  if (!C || C->getBitWidth() > 64 || !isInt<32>(C->getSExtValue()))
    return false;
  Number = C->getBitWidth() == 1 ? C->isOne() : int32_t(C->getSExtValue());
  return true;
}

/// A writable register with \p V, extended to 32 bits if it has fewer.
Reg FunctionCompiler::takeExtended(const llvm::Value *V, bool Signed) {
  const unsigned Size = getScalarSize(V->getType());
  const Reg R = take(V);
  if (Size < 4)
    A.extend(Signed, Size, 4, R, R);
  return R;
}

void FunctionCompiler::compile(const Instruction &I) {
  if (SkipTo) {
    if (&I == SkipTo)
      SkipTo = nullptr;
    return;
  }
  if (isa<PHINode>(I))
    return;
  if (I.use_empty() && !I.isTerminator() && !I.mayHaveSideEffects() &&
      !isa<CallBase>(I))
    return finish(I);
  if (auto *Call = dyn_cast<CallBase>(&I)) {
    compileCall(*Call);
    return finish(I);
  }
  if (!I.getType()->isVoidTy() && !I.getType()->isTokenTy()) {
    const Value &Home = get(&I);
    // Its operands are needed when its users are compiled.
    if (Home.Folded)
      return;
    if (Home.FrameAddress)
      return isa<AllocaInst>(I) ? void() : finish(I);
  }
  switch (I.getOpcode()) {
  case Instruction::Add:
  case Instruction::Sub:
  case Instruction::Mul:
  case Instruction::And:
  case Instruction::Or:
  case Instruction::Xor:
    compileBinary(cast<BinaryOperator>(I));
    break;
  case Instruction::Shl:
  case Instruction::LShr:
  case Instruction::AShr:
    compileShift(cast<BinaryOperator>(I));
    break;
  case Instruction::UDiv:
  case Instruction::SDiv:
  case Instruction::URem:
  case Instruction::SRem:
    compileDivision(cast<BinaryOperator>(I));
    break;
  case Instruction::FAdd:
  case Instruction::FSub:
  case Instruction::FMul:
  case Instruction::FDiv:
    compileFloat(cast<BinaryOperator>(I));
    break;
  case Instruction::FNeg:
    compileNegation(I);
    break;
  case Instruction::ICmp:
  case Instruction::FCmp:
    compileCompare(cast<CmpInst>(I));
    break;
  case Instruction::Alloca:
    compileAlloca(cast<AllocaInst>(I));
    break;
  case Instruction::Load:
    if (!compileCount(cast<LoadInst>(I)))
      compileLoad(cast<LoadInst>(I));
    break;
  case Instruction::Store:
    compileStore(cast<StoreInst>(I));
    break;
  case Instruction::GetElementPtr:
    compileAddress(cast<GetElementPtrInst>(I));
    break;
  case Instruction::Select:
    compileSelect(cast<SelectInst>(I));
    break;
  case Instruction::ExtractValue:
    compileExtract(cast<ExtractValueInst>(I));
    break;
  case Instruction::InsertValue:
    compileInsert(cast<InsertValueInst>(I));
    break;
  case Instruction::AtomicCmpXchg:
    compileExchange(cast<AtomicCmpXchgInst>(I));
    break;
  case Instruction::AtomicRMW:
    compileReadModifyWrite(cast<AtomicRMWInst>(I));
    break;
  case Instruction::Fence:
    if (cast<FenceInst>(I).getOrdering() ==
            AtomicOrdering::SequentiallyConsistent &&
        cast<FenceInst>(I).getSyncScopeID() == SyncScope::System)
      A.mfence();
    break;
  case Instruction::Freeze:
    if (getScalarSize(I.getType()))
      setResult(I, take(I.getOperand(0)));
    else
      fail("freeze of an aggregate");
    break;
  case Instruction::Br:
    compileBranch(cast<BranchInst>(I));
    break;
  case Instruction::Switch:
    compileSwitch(cast<SwitchInst>(I));
    break;
  case Instruction::Ret:
    compileReturn(cast<ReturnInst>(I));
    break;
  case Instruction::Unreachable:
    A.trap();
    break;
  case Instruction::LandingPad:
    compileLandingPad(cast<LandingPadInst>(I));
    break;
  case Instruction::Resume:
    compileResume(cast<ResumeInst>(I));
    break;
  default:
    if (auto *Cast = dyn_cast<CastInst>(&I))
      compileCast(*Cast);
    else
      fail("an instruction");
  }
  finish(I);
}

void FunctionCompiler::compileBinary(const BinaryOperator &I) {
  const llvm::Value *L = I.getOperand(0), *R = I.getOperand(1);
  if (isFoldedLoad(L))
    std::swap(L, R);
  const unsigned Size = std::max(getScalarSize(I.getType()), 4u);
  const bool IsBit = I.getType()->isIntegerTy(1);
  int32_t Number = 0;
  const bool IsImmediate = fits(R, Number);
  Alu Op = Alu::Add;
  switch (I.getOpcode()) {
  case Instruction::Mul: {
    if (IsBit)
      return fail("arithmetic of truth values");
    if (IsImmediate) {
      const Reg From = use(L), To = allocate(false);
      A.imulImmediate(Size, To, From, Number);
      return setResult(I, To);
    }
    const Reg To = take(L);
    if (isFoldedLoad(R))
      A.imul(Size, To, foldedLoad(R));
    else
      A.imul(Size, To, use(R));
    return setResult(I, To);
  }
  case Instruction::Add:
  case Instruction::Sub:
    if (IsBit)
      return fail("arithmetic of truth values");
    Op = I.getOpcode() == Instruction::Add ? Alu::Add : Alu::Sub;
    break;
  case Instruction::And:
    Op = Alu::And;
    break;
  case Instruction::Or:
    Op = Alu::Or;
    break;
  default:
    Op = Alu::Xor;
  }
  const Reg To = take(L);
  if (IsImmediate)
    A.aluImmediate(Op, Size, To, Number);
  else if (isFoldedLoad(R))
    A.alu(Op, Size, To, foldedLoad(R));
  else
    A.alu(Op, Size, To, use(R));
  setResult(I, To);
}

void FunctionCompiler::compileShift(const BinaryOperator &I) {
  const unsigned Size = getScalarSize(I.getType());
  const bool IsLeft = I.getOpcode() == Instruction::Shl;
  const bool IsSigned = I.getOpcode() == Instruction::AShr;
  if (I.getType()->isIntegerTy(1))
    return fail("arithmetic of truth values");
  const Shift Op = IsLeft     ? Shift::Left
                   : IsSigned ? Shift::ArithmeticRight
                              : Shift::LogicalRight;
  auto *Count = dyn_cast<ConstantInt>(I.getOperand(1));
  if (!Count) {
    allocateFixed(RCX);
    loadTo(RCX, I.getOperand(1));
  }
  const Reg R =
      IsLeft ? take(I.getOperand(0)) : takeExtended(I.getOperand(0), IsSigned);
  if (Count)
    A.shift(Op, std::max(Size, 4u), R,
            Count->getValue().getLimitedValue() & (8 * Size - 1));
  else
    A.shiftByCl(Op, std::max(Size, 4u), R);
  setResult(I, R);
}

/// The inverse of an odd number modulo 2^64 (Newton's iteration, which doubles
/// the number of right bits: Warren, Hacker's Delight, 10-16).
static uint64_t invertOdd(uint64_t Number) {
  uint64_t Inverse = Number;
  for (unsigned I = 0; I < 5; ++I)
    Inverse *= 2 - Number * Inverse;
  return Inverse;
}

/// By constants that need no division.
bool FunctionCompiler::compileConstantDivision(const BinaryOperator &I) {
  auto *Divisor = dyn_cast<ConstantInt>(I.getOperand(1));
  const unsigned Size = getScalarSize(I.getType());
  if (!Divisor || Size < 4 || !Divisor->getValue().isStrictlyPositive())
    return false;
  const APInt &Value = Divisor->getValue();
  const bool IsPower = Value.isPowerOf2();
  const unsigned Bits = Value.countr_zero();
  const bool IsSigned = I.getOpcode() == Instruction::SDiv;
  if (I.getOpcode() == Instruction::SRem)
    return false;
  if (I.getOpcode() == Instruction::URem) {
    if (!IsPower || Bits > 31)
      return false;
    const Reg R = take(I.getOperand(0));
    A.aluImmediate(Alu::And, Bits == 31 ? 4 : Size, R,
                   int32_t((1u << Bits) - 1));
    setResult(I, R);
    return true;
  }
  // Exact: divide by the power of two, then multiply by the inverse of the
  // rest.
  if (!IsPower && !I.isExact())
    return false;
  if (IsPower && IsSigned && !I.isExact() && Bits) {
    // Towards zero: what is negative gets the divisor minus one added.
    if (Bits > 30)
      return false;
    const Reg From = use(I.getOperand(0)), To = allocate(false);
    A.lea(To, Mem::at(From, (1 << Bits) - 1));
    A.test(Size, From, From);
    A.cmov(NoSign, Size, To, From);
    A.shift(Shift::ArithmeticRight, Size, To, Bits);
    setResult(I, To);
    return true;
  }
  const Reg R = take(I.getOperand(0));
  if (Bits)
    A.shift(IsSigned ? Shift::ArithmeticRight : Shift::LogicalRight, Size, R,
            Bits);
  if (!IsPower) {
    const uint64_t Inverse = invertOdd(Value.lshr(Bits).getZExtValue());
    A.loadImmediate(R11, Size == 4 ? uint32_t(Inverse) : Inverse);
    A.imul(Size, R, R11);
  }
  setResult(I, R);
  return true;
}

void FunctionCompiler::compileDivision(const BinaryOperator &I) {
  if (I.getType()->isIntegerTy(1))
    return fail("arithmetic of truth values");
  if (compileConstantDivision(I))
    return;
  const bool IsSigned =
      I.getOpcode() == Instruction::SDiv || I.getOpcode() == Instruction::SRem;
  const bool IsRemainder =
      I.getOpcode() == Instruction::URem || I.getOpcode() == Instruction::SRem;
  const unsigned Size = getScalarSize(I.getType());
  const unsigned Wide = std::max(Size, 4u);
  allocateFixed(RAX);
  allocateFixed(RDX);
  const Reg Divisor =
      Size < 4 ? takeExtended(I.getOperand(1), IsSigned) : use(I.getOperand(1));
  loadTo(RAX, I.getOperand(0));
  if (Size < 4)
    A.extend(IsSigned, Size, 4, RAX, RAX);
  if (IsSigned)
    A.signExtendRax(Wide);
  else
    A.loadImmediate(RDX, 0);
  A.group3(IsSigned ? 7 : 6, Wide, Divisor);
  setResult(I, IsRemainder ? RDX : RAX);
}

static uint8_t scalarPrefix(const Type *Ty) {
  return Ty->isDoubleTy() ? 0xF2 : 0xF3;
}

void FunctionCompiler::compileFloat(const BinaryOperator &I) {
  if (!getScalarSize(I.getType()) || I.getType()->isVectorTy())
    return fail("a type");
  const uint8_t Op = I.getOpcode() == Instruction::FAdd   ? 0x58
                     : I.getOpcode() == Instruction::FMul ? 0x59
                     : I.getOpcode() == Instruction::FSub ? 0x5C
                                                          : 0x5E;
  const llvm::Value *Right = I.getOperand(1);
  const Reg To = take(I.getOperand(0));
  if (isFoldedLoad(Right))
    A.vector(scalarPrefix(I.getType()), Op, To, foldedLoad(Right));
  else
    A.vector(scalarPrefix(I.getType()), Op, To, use(Right));
  setResult(I, To);
}

void FunctionCompiler::compileNegation(const Instruction &I) {
  const unsigned Size = getScalarSize(I.getType());
  if (!Size || I.getType()->isVectorTy())
    return fail("a type");
  const Reg To = take(I.getOperand(0));
  A.loadImmediate(R11, Size == 8 ? 1ull << 63 : 1ull << 31);
  A.mov(Size, XMM15, R11);
  A.vector(0, 0x57, To, XMM15); // xorps
  setResult(I, To);
}

void FunctionCompiler::compileCast(const CastInst &I) {
  const llvm::Value *From = I.getOperand(0);
  const unsigned FromSize = getScalarSize(From->getType());
  const unsigned ToSize = getScalarSize(I.getType());
  if (!FromSize || !ToSize)
    return fail("a type");
  const bool FromBit = From->getType()->isIntegerTy(1);
  const bool ToBit = I.getType()->isIntegerTy(1);
  switch (I.getOpcode()) {
  case Instruction::Trunc:
  case Instruction::PtrToInt:
  case Instruction::IntToPtr: {
    if (ToSize > FromSize)
      return fail("a cast of an address");
    const Reg R = take(From);
    if (ToBit)
      A.aluImmediate(Alu::And, 4, R, 1);
    return setResult(I, R);
  }
  case Instruction::ZExt:
  case Instruction::SExt: {
    const bool IsSigned = I.getOpcode() == Instruction::SExt;
    if (isFoldedLoad(From)) {
      const Mem Memory = foldedLoad(From);
      const Reg R = allocate(false);
      A.loadExtended(IsSigned, FromSize, ToSize, R, Memory);
      return setResult(I, R);
    }
    const Reg R = take(From);
    if (FromBit && IsSigned)
      A.group3(3, 8, R);
    else if (!FromBit)
      A.extend(IsSigned, FromSize, ToSize, R, R);
    return setResult(I, R);
  }
  case Instruction::BitCast: {
    const bool FromVector = livesInVector(From->getType());
    const bool ToVector = livesInVector(I.getType());
    if (FromVector == ToVector)
      return setResult(I, take(From));
    const Reg Source = use(From), To = allocate(ToVector);
    A.mov(ToSize, To, Source);
    return setResult(I, To);
  }
  case Instruction::FPExt:
  case Instruction::FPTrunc: {
    const Reg Source = use(From), To = allocate(true);
    A.vector(0, 0x57, To, To);
    A.vector(scalarPrefix(From->getType()), 0x5A, To, Source);
    return setResult(I, To);
  }
  case Instruction::FPToSI:
  case Instruction::FPToUI:
    return ToBit ? fail("a cast to a truth value") : compileToInteger(I);
  case Instruction::SIToFP:
  case Instruction::UIToFP:
    return FromBit && I.getOpcode() == Instruction::SIToFP
               ? fail("a cast of a truth value")
               : compileFromInteger(I);
  default:
    fail("a cast");
  }
}

void FunctionCompiler::compileToInteger(const CastInst &I) {
  constexpr uint8_t Truncate = 0x2C;
  const unsigned ToSize = getScalarSize(I.getType());
  Type *FromTy = I.getOperand(0)->getType();
  const unsigned FromSize = getScalarSize(FromTy);
  const uint8_t Prefix = scalarPrefix(FromTy);
  const Reg From = use(I.getOperand(0)), To = allocate(false);
  if (I.getOpcode() == Instruction::FPToSI || ToSize < 8) {
    const bool Wide =
        ToSize == 8 || (ToSize == 4 && I.getOpcode() == Instruction::FPToUI);
    A.vector(Prefix, Truncate, To, From, Wide);
    return setResult(I, To);
  }
  // From 2^63 on: less 2^63, with the top bit put back.
  const Reg Less = allocate(true);
  const auto Small = A.makeLabel(), Done = A.makeLabel();
  A.loadImmediate(R11, FromSize == 8 ? 0x43E0000000000000 : 0x5F000000);
  A.mov(FromSize, XMM15, R11);
  A.vector(FromSize == 8 ? 0x66 : 0, 0x2E, From, XMM15); // ucomis
  A.jump(Below, Small);
  A.mov(FromSize, Less, From);
  A.vector(Prefix, 0x5C, Less, XMM15);
  A.vector(Prefix, Truncate, To, Less, true);
  A.loadImmediate(R11, 1ull << 63);
  A.alu(Alu::Xor, 8, To, R11);
  A.jump(Done);
  A.bind(Small);
  A.vector(Prefix, Truncate, To, From, true);
  A.bind(Done);
  setResult(I, To);
}

void FunctionCompiler::compileFromInteger(const CastInst &I) {
  constexpr uint8_t Convert = 0x2A, Add = 0x58;
  const llvm::Value *From = I.getOperand(0);
  const unsigned FromSize = getScalarSize(From->getType());
  const uint8_t Prefix = scalarPrefix(I.getType());
  const bool IsSigned = I.getOpcode() == Instruction::SIToFP;
  const bool IsBit = From->getType()->isIntegerTy(1);
  const Reg To = allocate(true);
  A.vector(0, 0x57, To, To);
  if (IsSigned || FromSize < 8) {
    Reg Source = take(From);
    if (FromSize < 4 && !IsBit)
      A.extend(IsSigned, FromSize, 4, Source, Source);
    else if (FromSize == 4 && !IsSigned)
      A.extend(false, 4, 8, Source, Source);
    A.vector(Prefix, Convert, To, Source,
             FromSize == 8 || (FromSize == 4 && !IsSigned));
    return setResult(I, To);
  }
  // From 2^63 on: half of it, with a lost bit kept for rounding, twice.
  const auto Large = A.makeLabel(), Done = A.makeLabel();
  const Reg Source = take(From);
  A.test(8, Source, Source);
  A.jump(Sign, Large);
  A.vector(Prefix, Convert, To, Source, true);
  A.jump(Done);
  A.bind(Large);
  A.mov(8, R11, Source);
  A.shift(Shift::LogicalRight, 8, Source, 1);
  A.aluImmediate(Alu::And, 4, R11, 1);
  A.alu(Alu::Or, 8, Source, R11);
  A.vector(Prefix, Convert, To, Source, true);
  A.vector(Prefix, Add, To, To);
  A.bind(Done);
  setResult(I, To);
}

void FunctionCompiler::compileSelect(const SelectInst &I) {
  const unsigned Size = getScalarSize(I.getType());
  if (!I.getCondition()->getType()->isIntegerTy(1))
    return fail("a type");
  if (I.getType()->isAggregateType()) {
    const Mem To = aggregate(&I);
    const Mem Then = aggregate(I.getTrueValue());
    const Mem Else = aggregate(I.getFalseValue());
    const auto Other = A.makeLabel(), Done = A.makeLabel();
    A.testByte(use(I.getCondition()), 1);
    A.jump(Equal, Other);
    copyLeaves(I.getType(), To, Then);
    A.jump(Done);
    A.bind(Other);
    copyLeaves(I.getType(), To, Else);
    return A.bind(Done);
  }
  if (!Size)
    return fail("a type");
  const Reg To = take(I.getFalseValue());
  const Reg Other = use(I.getTrueValue());
  A.testByte(use(I.getCondition()), 1);
  if (isVector(To)) {
    const auto Done = A.makeLabel();
    A.jump(Equal, Done);
    A.mov(Size, To, Other);
    A.bind(Done);
  } else {
    A.cmov(NotEqual, 8, To, Other);
  }
  setResult(I, To);
}

} // namespace reopt::baseline
