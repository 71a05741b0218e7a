//===-- Intrinsics.cpp
//------------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is written as a call and is none, or one of a library.
//
//===----------------------------------------------------------------------===//

#include "FunctionCompiler.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace reopt::baseline {

/// What is a function of the C library, and has one right result. fmin() has
/// two, for zeroes of both signs, and every tier shall have the same.
bool FunctionCompiler::compileMath(const IntrinsicInst &I) {
  StringRef Name;
  switch (I.getIntrinsicID()) {
  case Intrinsic::floor:
    Name = "floor";
    break;
  case Intrinsic::ceil:
    Name = "ceil";
    break;
  case Intrinsic::trunc:
    Name = "trunc";
    break;
  case Intrinsic::rint:
    Name = "rint";
    break;
  case Intrinsic::nearbyint:
    Name = "nearbyint";
    break;
  case Intrinsic::round:
    Name = "round";
    break;
  default:
    return false;
  }
  if (!I.getType()->isFloatTy() && !I.getType()->isDoubleTy())
    return false;
  SmallString<16> Full(Name);
  if (I.getType()->isFloatTy())
    Full += 'f';
  callLibrary(Full, I, {I.getArgOperand(0)});
  takeReturned(I);
  return true;
}

void FunctionCompiler::compileMemory(const MemIntrinsic &I) {
  constexpr uint64_t Most = 128;
  auto *Length = dyn_cast<ConstantInt>(I.getLength());
  const uint64_t Bytes = Length ? Length->getLimitedValue() : UINT64_MAX;
  const bool MustInline = I.getIntrinsicID() == Intrinsic::memcpy_inline ||
                          I.getIntrinsicID() == Intrinsic::memset_inline;
  if (!I.getLength()->getType()->isIntegerTy(64) ||
      (MustInline && Bytes > Most) || !getScalarSize(I.getRawDest()->getType()))
    return fail("an intrinsic");
  if (auto *Set = dyn_cast<MemSetInst>(&I)) {
    auto *Byte = dyn_cast<ConstantInt>(Set->getValue());
    if (!Byte || Bytes > Most)
      return callLibrary("memset", I,
                         {I.getRawDest(), Set->getValue(), I.getLength()});
    const Mem To = address(I.getRawDest());
    uint64_t At = 0;
    A.loadImmediate(R11, Byte->getZExtValue() * 0x0101010101010101);
    for (unsigned Size : {8u, 4u, 2u, 1u})
      for (; Bytes - At >= Size; At += Size)
        A.store(Size, To.plus(At), R11);
    return;
  }
  auto &Transfer = cast<MemTransferInst>(I);
  if (!getScalarSize(Transfer.getRawSource()->getType()))
    return fail("an intrinsic");
  // What overlaps must be read before it is written: in one piece.
  const bool OnePiece = Bytes <= 8 && (isPowerOf2_64(Bytes) || !Bytes);
  if (Bytes > Most || (isa<MemMoveInst>(I) && !OnePiece))
    return callLibrary(
        isa<MemMoveInst>(I) ? "memmove" : "memcpy", I,
        {I.getRawDest(), Transfer.getRawSource(), I.getLength()});
  const Mem To = address(I.getRawDest());
  copyBytes(To, address(Transfer.getRawSource()), Bytes);
}

void FunctionCompiler::compileOverflow(const WithOverflowInst &I) {
  const unsigned Size = getScalarSize(I.getLHS()->getType());
  if (Size < 4)
    return fail("an intrinsic");
  Reg R;
  if (I.getIntrinsicID() == Intrinsic::umul_with_overflow) {
    allocateFixed(RAX);
    allocateFixed(RDX);
    const Reg Right = use(I.getRHS());
    loadTo(RAX, I.getLHS());
    A.group3(4, Size, Right);
    R = RAX;
  } else {
    R = take(I.getLHS());
    const Reg Right = use(I.getRHS());
    if (I.getBinaryOp() == Instruction::Mul)
      A.imul(Size, R, Right);
    else
      A.alu(I.getBinaryOp() == Instruction::Add ? Alu::Add : Alu::Sub, Size, R,
            Right);
  }
  A.setcc(I.isSigned() || I.getBinaryOp() == Instruction::Mul ? Overflow
                                                              : Below,
          R11);
  const Mem To = aggregate(&I);
  A.store(Size, To, R);
  A.store(1,
          To.plus(DL.getStructLayout(cast<StructType>(I.getType()))
                      ->getElementOffset(1)),
          R11);
}

void FunctionCompiler::compileRotate(const IntrinsicInst &I) {
  const unsigned Size = getScalarSize(I.getType());
  const Shift Op = I.getIntrinsicID() == Intrinsic::fshl ? Shift::RotateLeft
                                                         : Shift::RotateRight;
  auto *Count = dyn_cast<ConstantInt>(I.getArgOperand(2));
  if (!Count) {
    allocateFixed(RCX);
    loadTo(RCX, I.getArgOperand(2));
  }
  const Reg R = take(I.getArgOperand(0));
  if (Count)
    A.shift(Op, Size, R, Count->getZExtValue() & (8 * Size - 1));
  else
    A.shiftByCl(Op, Size, R);
  setResult(I, R);
}

void FunctionCompiler::compileCountZeros(const IntrinsicInst &I) {
  const unsigned Size = getScalarSize(I.getType());
  if (Size < 4)
    return fail("an intrinsic");
  const bool Leading = I.getIntrinsicID() == Intrinsic::ctlz;
  const unsigned Bits = 8 * Size;
  const Reg From = use(I.getArgOperand(0)), To = allocate(false);
  // Of zero, bsr and bsf say nothing but that.
  A.loadImmediate(R11, Leading ? 2 * Bits - 1 : Bits);
  A.bitScan(Leading, Size, To, From);
  A.cmov(Equal, Size, To, R11);
  if (Leading)
    A.aluImmediate(Alu::Xor, Size, To, Bits - 1);
  setResult(I, To);
}

bool FunctionCompiler::compileIntrinsic(const IntrinsicInst &I) {
  const unsigned Size = getScalarSize(I.getType());
  auto IsZero = [&](unsigned N) {
    auto *C = dyn_cast<ConstantInt>(I.getArgOperand(N));
    return C && C->isZero();
  };
  if (auto *Memory = dyn_cast<MemIntrinsic>(&I))
    return compileMemory(*Memory), true;
  if (auto *Overflow = dyn_cast<WithOverflowInst>(&I))
    return compileOverflow(*Overflow), true;
  switch (I.getIntrinsicID()) {
  case Intrinsic::lifetime_start:
  case Intrinsic::lifetime_end:
  case Intrinsic::assume:
  case Intrinsic::donothing:
  case Intrinsic::prefetch:
  case Intrinsic::sideeffect:
  case Intrinsic::experimental_noalias_scope_decl:
  case Intrinsic::invariant_start:
  case Intrinsic::invariant_end:
  case Intrinsic::var_annotation:
    return true;
  case Intrinsic::stackrestore:
    return A.mov(8, RSP, use(I.getArgOperand(0))), true;
  case Intrinsic::vaend:
    return true;
  case Intrinsic::vastart:
    return compileVaStart(I.getArgOperand(0)), true;
  case Intrinsic::vacopy: {
    constexpr uint64_t ListBytes = 24;
    const Mem To = address(I.getArgOperand(0));
    return copyBytes(To, address(I.getArgOperand(1)), ListBytes), true;
  }
  case Intrinsic::trap:
    if (I.hasFnAttr("trap-func-name"))
      return false;
    return A.trap(), true;
  case Intrinsic::debugtrap:
    if (I.hasFnAttr("trap-func-name"))
      return false;
    return A.debugTrap(), true;
  default:
    break;
  }
  // The rest has no effect but its result.
  if (I.use_empty() && !I.mayHaveSideEffects())
    return true;
  if (I.getType()->isVectorTy())
    return false;
  switch (I.getIntrinsicID()) {
  case Intrinsic::frameaddress: {
    if (!IsZero(0))
      return false;
    const Reg R = allocate(false);
    A.mov(8, R, RBP);
    return setResult(I, R), true;
  }
  case Intrinsic::stacksave: {
    const Reg R = allocate(false);
    A.mov(8, R, RSP);
    return setResult(I, R), true;
  }
  case Intrinsic::returnaddress: {
    if (!IsZero(0))
      return false;
    const Reg R = allocate(false);
    A.load(8, R, Mem::at(RBP, 8));
    return setResult(I, R), true;
  }
  case Intrinsic::is_constant: {
    if (isa<Constant>(I.getArgOperand(0)))
      return false;
    const Reg R = allocate(false);
    A.loadImmediate(R, 0);
    return setResult(I, R), true;
  }
  case Intrinsic::expect:
  case Intrinsic::expect_with_probability:
  case Intrinsic::launder_invariant_group:
  case Intrinsic::strip_invariant_group:
    if (!Size)
      return false;
    return setResult(I, take(I.getArgOperand(0))), true;
  case Intrinsic::eh_typeid_for: {
    const Reg R = allocate(false);
    A.loadImmediate(R, getTypeNumber(cast<Constant>(I.getArgOperand(0))));
    return setResult(I, R), true;
  }
  case Intrinsic::ctlz:
  case Intrinsic::cttz:
    return compileCountZeros(I), true;
  case Intrinsic::bswap: {
    if (Size < 4)
      return false;
    const Reg R = take(I.getArgOperand(0));
    A.bswap(Size, R);
    return setResult(I, R), true;
  }
  case Intrinsic::fshl:
  case Intrinsic::fshr:
    if (Size < 4 || I.getArgOperand(0) != I.getArgOperand(1))
      return false;
    return compileRotate(I), true;
  case Intrinsic::umax:
  case Intrinsic::umin:
  case Intrinsic::smax:
  case Intrinsic::smin: {
    if (Size < 4)
      return false;
    const Reg R = take(I.getArgOperand(0)), Other = use(I.getArgOperand(1));
    A.alu(Alu::Cmp, Size, R, Other);
    A.cmov(I.getIntrinsicID() == Intrinsic::umax   ? Below
           : I.getIntrinsicID() == Intrinsic::umin ? Above
           : I.getIntrinsicID() == Intrinsic::smax ? Less
                                                   : Greater,
           Size, R, Other);
    return setResult(I, R), true;
  }
  case Intrinsic::abs: {
    if (Size < 4)
      return false;
    const Reg R = take(I.getArgOperand(0));
    A.mov(8, R11, R);
    A.group3(3, Size, R);
    A.cmov(Sign, Size, R, R11);
    return setResult(I, R), true;
  }
  case Intrinsic::fabs:
  case Intrinsic::sqrt: {
    if (!Size)
      return false;
    const Reg R = take(I.getArgOperand(0));
    if (I.getIntrinsicID() == Intrinsic::sqrt) {
      A.vector(Size == 8 ? 0xF2 : 0xF3, 0x51, R, R);
    } else {
      A.loadImmediate(R11, Size == 8 ? ~(1ull << 63) : 0x7fffffff);
      A.mov(Size, XMM15, R11);
      A.vector(0, 0x54, R, XMM15); // andps
    }
    return setResult(I, R), true;
  }
  case Intrinsic::fmuladd: {
    // Fused where the function's processor can: with another result.
    Attribute Features = F.getFnAttribute("target-features");
    if (!Size || !Features.isValid() ||
        Features.getValueAsString().contains("+fma"))
      return false;
    const uint8_t Prefix = Size == 8 ? 0xF2 : 0xF3;
    const Reg R = take(I.getArgOperand(0));
    A.vector(Prefix, 0x59, R, use(I.getArgOperand(1)));
    A.vector(Prefix, 0x58, R, use(I.getArgOperand(2)));
    return setResult(I, R), true;
  }
  default:
    return compileMath(I);
  }
}

} // namespace reopt::baseline
