//===-- Values.cpp --------------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where a function's values are: registers and slots.
//
//===----------------------------------------------------------------------===//

#include "FunctionCompiler.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace reopt::baseline {

unsigned getScalarSize(const Type *Ty) {
  if (auto *Int = dyn_cast<IntegerType>(Ty))
    switch (Int->getBitWidth()) {
    case 1:
    case 8:
      return 1;
    case 16:
      return 2;
    case 32:
      return 4;
    case 64:
      return 8;
    default:
      return 0;
    }
  if (auto *Pointer = dyn_cast<PointerType>(Ty))
    return Pointer->getAddressSpace() == 0 ? 8 : 0;
  if (auto *Pair = dyn_cast<FixedVectorType>(Ty))
    return Pair->getNumElements() == 2 && Pair->getElementType()->isFloatTy()
               ? 8
               : 0;
  return Ty->isFloatTy() ? 4 : Ty->isDoubleTy() ? 8 : 0;
}

bool hasHome(const llvm::Value *V) {
  return isa<Instruction>(V) || isa<Argument>(V);
}

void FunctionCompiler::forEachLeaf(Type *Ty, uint64_t Offset,
                                   function_ref<void(Type *, uint64_t)> Do) {
  if (auto *Struct = dyn_cast<StructType>(Ty)) {
    const StructLayout &Layout = *DL.getStructLayout(Struct);
    for (unsigned I = 0, E = Struct->getNumElements(); I < E; ++I)
      forEachLeaf(Struct->getElementType(I),
                  Offset + Layout.getElementOffset(I).getFixedValue(), Do);
  } else if (auto *Array = dyn_cast<ArrayType>(Ty)) {
    constexpr uint64_t Most = 64;
    if (Array->getNumElements() > Most)
      return fail("a large array as a value");
    const uint64_t Step = DL.getTypeAllocSize(Array->getElementType());
    for (uint64_t I = 0; I < Array->getNumElements(); ++I)
      forEachLeaf(Array->getElementType(), Offset + I * Step, Do);
  } else if (getScalarSize(Ty)) {
    Do(Ty, Offset);
  } else {
    fail("a type");
  }
}

FunctionCompiler::Value &FunctionCompiler::get(const llvm::Value *V) {
  auto [I, Inserted] = Numbers.try_emplace(V, Values.size());
  if (Inserted) {
    Value &New = Values.emplace_back();
    Type *Ty = V->getType();
    New.Vector = livesInVector(Ty);
    New.Size = getScalarSize(Ty);
    New.Aggregate = Ty->isAggregateType();
    if (!New.Size && !New.Aggregate)
      fail("a type");
  }
  return Values[I->second];
}

int32_t FunctionCompiler::allocateFrame(uint64_t Size, uint64_t Align) {
  FrameBytes = alignTo(FrameBytes + Size, Align);
  if (FrameBytes > (1u << 30)) {
    fail("a large frame");
    FrameBytes = 0;
  }
  return -int32_t(FrameBytes);
}

int32_t FunctionCompiler::getSlot(Value &V) {
  if (!V.HasSlot) {
    // A block may run after one that lies behind it: what blocks share, no
    // temporary of another block may overwrite.
    if (!V.Global && !FreeSlots.empty())
      V.Offset = FreeSlots.pop_back_val();
    else
      V.Offset = allocateFrame(8, 8);
    V.HasSlot = true;
  }
  return V.Offset;
}

/// What values live in, those first that no instruction needs for itself.
static constexpr Reg General[] = {RSI, RDI, R8, R9, R10, RAX, RCX, RDX};

void FunctionCompiler::release(Reg R) {
  if (Owner[R]) {
    Values[Owner[R] - 1].R = NoReg;
    Owner[R] = 0;
  }
}

/// Frees \p R. Its value is in its slot then.
void FunctionCompiler::spill(Reg R) {
  Value &V = Values[Owner[R] - 1];
  if (!V.Stored) {
    A.store(isVector(R) ? V.Size : 8, slot(V), R);
    V.Stored = true;
  }
  release(R);
}

/// A register that is nobody's, until finish().
Reg FunctionCompiler::allocate(bool Vector) {
  Reg Oldest = NoReg;
  auto Take = [&](Reg R) {
    if (Locked & (1u << R))
      return false;
    if (!Owner[R])
      return true;
    if (Oldest == NoReg || LastUsed[R] < LastUsed[Oldest])
      Oldest = R;
    return false;
  };
  Reg Found = NoReg;
  if (Vector) {
    for (unsigned R = XMM0; R < XMM15 && Found == NoReg; ++R)
      if (Take(Reg(R)))
        Found = Reg(R);
  } else {
    for (Reg R : General)
      if (Take(R)) {
        Found = R;
        break;
      }
  }
  if (Found == NoReg) {
    if (Oldest == NoReg) {
      fail("too many registers at once");
      return Vector ? XMM15 : R11;
    }
    spill(Oldest);
    Found = Oldest;
  }
  lock(Found);
  return Found;
}

/// Takes a register that an instruction needs. No operand of that may be locked
/// yet.
void FunctionCompiler::allocateFixed(Reg R) {
  if (Owner[R]) {
    const unsigned Value = Owner[R];
    const Reg *Free = find_if(General, [&](Reg Other) {
      return !Owner[Other] && !(Locked & (1u << Other)) && Other != R;
    });
    if (Free == std::end(General)) {
      spill(R);
    } else {
      release(R);
      A.mov(8, *Free, R);
      Owner[*Free] = Value;
      Values[Value - 1].R = *Free;
    }
  }
  lock(R);
}

void FunctionCompiler::forgetRegisters() {
  for (unsigned R = 0; R < 32; ++R)
    release(Reg(R));
  Locked = 0;
}

/// Puts \p C into a register that no value lives in.
void FunctionCompiler::loadConstant(Reg To, const Constant &C) {
  if (auto *Number = dyn_cast<ConstantFP>(&C)) {
    const APInt Bits = Number->getValueAPF().bitcastToAPInt();
    if (Bits.isZero())
      return A.vector(0, 0x57, To, To); // xorps
    A.loadImmediate(R11, Bits.getZExtValue());
    return A.mov(Bits.getBitWidth() / 8, To, R11);
  }
  if (isVector(To)) {
    if (!C.isNullValue() && !isa<UndefValue>(C))
      fail("a constant");
    return A.vector(0, 0x57, To, To);
  }
  if (C.getType()->isIntegerTy(1) && isa<ConstantInt>(C))
    return A.loadImmediate(To, cast<ConstantInt>(C).isOne());
  const GlobalValue *Base;
  int64_t Distance;
  if (!splitAddress(C, DL, Base, Distance))
    return fail("a constant");
  if (!Base)
    return A.loadImmediate(To, C.getType()->isIntegerTy() &&
                                       getScalarSize(C.getType()) <= 4
                                   ? uint32_t(Distance)
                                   : uint64_t(Distance));
  if (Base->isThreadLocal() || !isInt<31>(Distance))
    return fail("a constant");
  if (ModuleSymbols::isNear(*Base))
    return A.lea(To, Mem::toSymbol(Symbols.get(*Base), ELF::R_X86_64_PC32,
                                   int32_t(Distance)));
  A.load(8, To, Mem::toSymbol(Symbols.get(*Base), ELF::R_X86_64_REX_GOTPCRELX));
  if (Distance)
    A.lea(To, Mem::at(To, int32_t(Distance)));
}

/// Puts \p V into \p To, whatever lived there. What is known of registers stays
/// as it is.
void FunctionCompiler::loadTo(Reg To, const llvm::Value *V) {
  if (auto *C = dyn_cast<Constant>(V))
    return loadConstant(To, *C);
  Value &From = get(V);
  if (From.FrameAddress)
    return A.lea(To, Mem::at(RBP, From.Offset));
  if (From.R != NoReg)
    return A.mov(From.Vector ? From.Size : 8, To, From.R);
  if (!From.Stored || From.Folded || From.Aggregate)
    return fail("a value that is nowhere");
  A.load(From.Vector ? From.Size : 8, To, slot(From));
}

/// A register that holds \p V and must not be written.
Reg FunctionCompiler::use(const llvm::Value *V) {
  if (!getScalarSize(V->getType())) {
    fail("a type");
    return R11;
  }
  const bool Lives = !isa<Constant>(V) && !get(V).FrameAddress;
  if (Lives && get(V).R != NoReg) {
    const Reg R = get(V).R;
    lock(R);
    LastUsed[R] = ++Clock;
    return R;
  }
  const Reg R = allocate(livesInVector(V->getType()));
  loadTo(R, V);
  if (Lives) {
    get(V).R = R;
    Owner[R] = Numbers.lookup(V) + 1;
    LastUsed[R] = ++Clock;
  }
  return R;
}

/// A register that holds \p V and may be written.
Reg FunctionCompiler::take(const llvm::Value *V) {
  if (!isa<Constant>(V) && getScalarSize(V->getType())) {
    Value &From = get(V);
    if (From.R != NoReg && From.Uses == 1 && !From.FrameAddress &&
        !(Locked & (1u << From.R))) {
      const Reg R = From.R;
      release(R);
      lock(R);
      return R;
    }
  }
  const Reg R = allocate(livesInVector(V->getType()));
  loadTo(R, V);
  return R;
}

/// \p I's result is in \p R, which is nobody's.
void FunctionCompiler::setResult(const Instruction &I, Reg R) {
  if (I.use_empty())
    return;
  Value &V = get(&I);
  V.R = R;
  Owner[R] = Numbers.lookup(&I) + 1;
  LastUsed[R] = ++Clock;
  if (V.Global)
    A.store(V.Vector ? V.Size : 8, slot(V), R);
}

/// Most aggregates are two words, such as what a landing pad is given; those of
/// one block share their places.
static constexpr uint64_t PairBytes = 16;

void FunctionCompiler::dropUses(const Instruction &I) {
  for (const Use &Operand : I.operands()) {
    if (!hasHome(Operand) || Operand->getType()->isTokenTy())
      continue;
    Value &V = get(Operand);
    if (V.FrameAddress)
      continue;
    if (V.Folded) {
      dropUses(*cast<Instruction>(Operand));
      continue;
    }
    if (V.Uses)
      --V.Uses;
    if (V.Uses)
      continue;
    if (V.R != NoReg)
      release(V.R);
    if (V.Aggregate && V.HasSlot && !V.Global &&
        DL.getTypeAllocSize(Operand->getType()) <= PairBytes) {
      FreePairs.push_back(V.Offset);
      V.HasSlot = false;
    }
    if (V.HasSlot && !V.Global && !V.Aggregate && V.Offset < 0) {
      FreeSlots.push_back(V.Offset);
      V.HasSlot = false;
    }
  }
}

/// \p I is compiled: what only it needed is free.
void FunctionCompiler::finish(const Instruction &I) {
  dropUses(I);
  FreePairs.append(BorrowedPairs);
  BorrowedPairs.clear();
  Locked = 0;
}

bool FunctionCompiler::isFoldedLoad(const llvm::Value *V) {
  return isa<LoadInst>(V) && get(V).Folded;
}

Mem FunctionCompiler::foldedLoad(const llvm::Value *V) {
  return address(cast<LoadInst>(V)->getPointerOperand());
}

Mem FunctionCompiler::constantAddress(const Constant &C) {
  const GlobalValue *Base;
  int64_t Distance;
  if (!splitAddress(C, DL, Base, Distance) || (Base && !isInt<31>(Distance))) {
    fail("an address");
    return Mem::at(RBP);
  }
  if (Base && ModuleSymbols::isNear(*Base) && !Base->isThreadLocal())
    return Mem::toSymbol(Symbols.get(*Base), ELF::R_X86_64_PC32,
                         int32_t(Distance));
  if (!Base && isInt<31>(Distance))
    return Mem::at(NoReg, int32_t(Distance));
  const Reg R = allocate(false);
  if (!Base) {
    A.loadImmediate(R, Distance);
    return Mem::at(R);
  }
  loadConstant(R, *Base);
  return Mem::at(R, int32_t(Distance));
}

Mem FunctionCompiler::address(const llvm::Value *Pointer) {
  if (!getScalarSize(Pointer->getType())) {
    fail("an address space");
    return Mem::at(RBP);
  }
  if (auto *C = dyn_cast<Constant>(Pointer))
    return constantAddress(*C);
  Value &V = get(Pointer);
  if (V.FrameAddress)
    return Mem::at(RBP, V.Offset);
  if (V.Folded) {
    const int32_t Distance = V.Offset;
    return address(cast<GetElementPtrInst>(Pointer)->getPointerOperand())
        .plus(Distance);
  }
  return Mem::at(use(Pointer));
}

/// The frame's copy of an aggregate.
Mem FunctionCompiler::aggregate(const llvm::Value *V) {
  auto Allocate = [&](bool Shared) {
    forEachLeaf(V->getType(), 0, [](Type *, uint64_t) {});
    const uint64_t Size = DL.getTypeAllocSize(V->getType());
    if (Shared && Size <= PairBytes && !FreePairs.empty())
      return FreePairs.pop_back_val();
    return allocateFrame(std::max(Size, PairBytes), 16);
  };
  if (auto *C = dyn_cast<Constant>(V)) {
    const int32_t Offset = Allocate(/*Shared=*/true);
    if (DL.getTypeAllocSize(V->getType()) <= PairBytes)
      BorrowedPairs.push_back(Offset);
    const Mem To = Mem::at(RBP, Offset);
    storeConstant(To, *C);
    return To;
  }
  Value &Home = get(V);
  if (!Home.HasSlot) {
    Home.Offset = Allocate(/*Shared=*/!Home.Global);
    Home.HasSlot = true;
  }
  return Mem::at(RBP, Home.Offset);
}

void FunctionCompiler::storeConstant(const Mem &To, const Constant &C) {
  Type *Ty = C.getType();
  if (isa<UndefValue>(C))
    return;
  if (Ty->isAggregateType()) {
    const unsigned Count = Ty->isStructTy() ? Ty->getStructNumElements()
                                            : Ty->getArrayNumElements();
    for (unsigned I = 0; I < Count; ++I) {
      const Constant *Element = C.getAggregateElement(I);
      if (!Element)
        return fail("a constant");
      const uint64_t Offset =
          Ty->isStructTy()
              ? DL.getStructLayout(cast<StructType>(Ty))->getElementOffset(I)
              : I * DL.getTypeAllocSize(Ty->getArrayElementType());
      storeConstant(To.plus(Offset), *Element);
    }
    return;
  }
  const unsigned Size = getScalarSize(Ty);
  if (!Size)
    return fail("a type");
  const GlobalValue *Base = nullptr;
  int64_t Number = 0;
  if (auto *Float = dyn_cast<ConstantFP>(&C)) {
    const APInt Bits = Float->getValueAPF().bitcastToAPInt();
    Number = Size == 4 ? Bits.getSExtValue() : int64_t(Bits.getZExtValue());
  } else if (C.isNullValue()) {
    Number = 0;
  } else if (Ty->isIntegerTy(1)) {
    Number = C.isOneValue();
    if (!isa<ConstantInt>(C))
      fail("a constant");
  } else if (!splitAddress(C, DL, Base, Number)) {
    fail("a constant");
  }
  if (!Base && isInt<32>(Number))
    return A.storeImmediate(Size, To, int32_t(Number));
  if (Base)
    loadConstant(R11, C);
  else
    A.loadImmediate(R11, Number);
  A.store(Size, To, R11);
}

/// Through r11, a leaf after the other.
void FunctionCompiler::copyLeaves(Type *Ty, const Mem &To, const Mem &From) {
  forEachLeaf(Ty, 0, [&](Type *Leaf, uint64_t Offset) {
    const unsigned Size = getScalarSize(Leaf);
    A.load(Size, R11, From.plus(Offset));
    A.store(Size, To.plus(Offset), R11);
  });
}

} // namespace reopt::baseline
