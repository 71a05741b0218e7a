//===-- Memory.cpp --------------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loads, stores, addresses, aggregates, and atomic operations.
//
//===----------------------------------------------------------------------===//

#include "FunctionCompiler.h"
#include "llvm/IR/GetElementPtrTypeIterator.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace reopt::baseline {

/// Others take calls of a library, which has locks for them.
template <class Access>
static bool isAtomicInMemory(const Access &I, const Type *Ty) {
  const unsigned Size = getScalarSize(Ty);
  return Size && !livesInVector(Ty) && I.getAlign().value() >= Size;
}

/// Instrumenter's count: one instruction in memory, and a branch on its sign.
bool FunctionCompiler::compileCount(const LoadInst &I) {
  if (!I.isVolatile() || !I.getType()->isIntegerTy(32) || !I.hasOneUse() ||
      I.isAtomic() || !isa<Constant>(I.getPointerOperand()))
    return false;
  auto *Less = dyn_cast_or_null<BinaryOperator>(I.getNextNode());
  auto *Store =
      Less ? dyn_cast_or_null<StoreInst>(Less->getNextNode()) : nullptr;
  auto *Compare =
      Store ? dyn_cast_or_null<ICmpInst>(Store->getNextNode()) : nullptr;
  int32_t One, Zero;
  if (!Compare || Less->getOpcode() != Instruction::Sub ||
      Less->getOperand(0) != &I || !fits(Less->getOperand(1), One) ||
      !Less->hasNUses(2) || Store->getValueOperand() != Less ||
      Store->getPointerOperand() != I.getPointerOperand() ||
      Store->isAtomic() || Compare->getOperand(0) != Less ||
      Compare->getPredicate() != CmpInst::ICMP_SLT ||
      !fits(Compare->getOperand(1), Zero) || Zero || !get(Compare).Folded)
    return false;
  A.aluImmediate(Alu::Sub, 4, address(I.getPointerOperand()), One);
  auto *Branch = cast<BranchInst>(Compare->getNextNode());
  branchOn(*Branch, Sign);
  SkipTo = Branch;
  return true;
}

/// A variable of a size that is known when it runs lies above what calls pass,
/// and below all else.
void FunctionCompiler::compileAlloca(const AllocaInst &I) {
  constexpr int32_t Align = 16;
  const TypeSize Step = DL.getTypeAllocSize(I.getAllocatedType());
  const unsigned Size = getScalarSize(I.getArraySize()->getType());
  if (Step.isScalable() || !isUInt<31>(Step.getFixedValue()) || Size < 4)
    return fail("a variable in the frame");
  const Reg R = take(I.getArraySize());
  if (Size == 4)
    A.extend(/*Signed=*/false, 4, 8, R, R);
  A.imulImmediate(8, R, R, int32_t(Step.getFixedValue()));
  A.aluImmediate(Alu::Add, 8, R, Align - 1);
  A.aluImmediate(Alu::And, 8, R, -Align);
  A.alu(Alu::Sub, 8, RSP, R);
  AboveCalls.push_back(A.leaFromRsp(R));
  setResult(I, R);
}

void FunctionCompiler::compileLoad(const LoadInst &I) {
  if (I.getType()->isAggregateType()) {
    if (I.isAtomic())
      return fail("an atomic access");
    const Mem From = address(I.getPointerOperand());
    return copyLeaves(I.getType(), aggregate(&I), From);
  }
  const unsigned Size = getScalarSize(I.getType());
  if (!Size)
    return fail("a type");
  if (I.isAtomic() && !isAtomicInMemory(I, I.getType()))
    return fail("an atomic access");
  const Mem From = address(I.getPointerOperand());
  const Reg To = allocate(livesInVector(I.getType()));
  A.load(Size, To, From);
  setResult(I, To);
}

void FunctionCompiler::compileStore(const StoreInst &I) {
  const llvm::Value *V = I.getValueOperand();
  const unsigned Size = getScalarSize(V->getType());
  if (!Size && !V->getType()->isAggregateType())
    return fail("a type");
  if (I.isAtomic() && !isAtomicInMemory(I, V->getType()))
    return fail("an atomic access");
  if (I.getOrdering() == AtomicOrdering::SequentiallyConsistent) {
    const Reg R = take(V);
    return A.xchg(Size, address(I.getPointerOperand()), R);
  }
  if (auto *C = dyn_cast<Constant>(V)) {
    const GlobalValue *Base = nullptr;
    int64_t Number = 0;
    // One access, whatever is stored.
    if (!Size || livesInVector(C->getType()) ||
        (splitAddress(*C, DL, Base, Number) && !Base && isInt<32>(Number)))
      return isa<UndefValue>(C)
                 ? void()
                 : storeConstant(address(I.getPointerOperand()), *C);
  }
  if (!Size)
    return copyLeaves(V->getType(), address(I.getPointerOperand()),
                      aggregate(V));
  const Reg R = use(V);
  A.store(Size, address(I.getPointerOperand()), R);
}

/// Adds \p Index times \p Scale to \p From.
void FunctionCompiler::compileScaled(Reg To, Mem From, const llvm::Value *Index,
                                     uint64_t Scale) {
  const unsigned Size = getScalarSize(Index->getType());
  if (!Size || !isUInt<31>(Scale) || Index->getType()->isIntegerTy(1))
    return fail("an index");
  const bool IsDirect = Scale == 1 || Scale == 2 || Scale == 4 || Scale == 8;
  Reg R;
  if (Size == 8 && IsDirect) {
    R = use(Index);
  } else {
    R = take(Index);
    if (Size < 8)
      A.extend(/*Signed=*/true, Size, 8, R, R);
  }
  if (!IsDirect)
    A.imulImmediate(8, R, R, int32_t(Scale));
  From.Index = R;
  From.Scale = IsDirect ? Scale : 1;
  A.lea(To, From);
}

void FunctionCompiler::compileAddress(const GetElementPtrInst &I) {
  if (!getScalarSize(I.getType()))
    return fail("a type");
  Mem From = address(I.getPointerOperand());
  // What the linker fills in leaves no room for an index.
  if (From.Symbol != ElfObject::NoSymbol || From.Base == NoReg) {
    const Reg Base = allocate(false);
    A.lea(Base, From);
    From = Mem::at(Base);
  }
  const Reg To = allocate(false);
  int64_t Distance = From.Disp;
  SmallVector<std::pair<const llvm::Value *, uint64_t>, 2> Indices;
  for (auto T = gep_type_begin(I), E = gep_type_end(I); T != E; ++T) {
    const llvm::Value *Index = T.getOperand();
    if (StructType *Struct = T.getStructTypeOrNull()) {
      const unsigned Field = cast<ConstantInt>(Index)->getZExtValue();
      Distance += DL.getStructLayout(Struct)->getElementOffset(Field);
      continue;
    }
    const TypeSize Step = T.getSequentialElementStride(DL);
    if (Step.isScalable())
      return fail("a type");
    if (auto *Number = dyn_cast<ConstantInt>(Index)) {
      if (Number->getBitWidth() > 64)
        return fail("an index");
      Distance += Number->getSExtValue() * int64_t(Step.getFixedValue());
    } else if (Step.getFixedValue()) {
      Indices.push_back({Index, Step.getFixedValue()});
    }
  }
  if (!isInt<32>(Distance))
    return fail("an index");
  From.Disp = int32_t(Distance);
  if (Indices.empty())
    A.lea(To, From);
  for (auto [Index, Step] : Indices) {
    compileScaled(To, From, Index, Step);
    From = Mem::at(To);
  }
  setResult(I, To);
}

static uint64_t getFieldOffset(const DataLayout &DL, Type *Ty,
                               ArrayRef<unsigned> Indices) {
  uint64_t Offset = 0;
  for (unsigned Index : Indices) {
    if (auto *Struct = dyn_cast<StructType>(Ty)) {
      Offset += DL.getStructLayout(Struct)->getElementOffset(Index);
      Ty = Struct->getElementType(Index);
    } else {
      Ty = Ty->getArrayElementType();
      Offset += Index * DL.getTypeAllocSize(Ty);
    }
  }
  return Offset;
}

void FunctionCompiler::compileExtract(const ExtractValueInst &I) {
  const Mem From =
      aggregate(I.getAggregateOperand())
          .plus(getFieldOffset(DL, I.getAggregateOperand()->getType(),
                               I.getIndices()));
  if (I.getType()->isAggregateType())
    return copyLeaves(I.getType(), aggregate(&I), From);
  const unsigned Size = getScalarSize(I.getType());
  if (!Size)
    return fail("a type");
  const Reg To = allocate(livesInVector(I.getType()));
  A.load(Size, To, From);
  setResult(I, To);
}

void FunctionCompiler::compileInsert(const InsertValueInst &I) {
  const Mem Whole = aggregate(&I);
  const llvm::Value *Base = I.getAggregateOperand();
  if (auto *C = dyn_cast<Constant>(Base))
    storeConstant(Whole, *C);
  else
    copyLeaves(I.getType(), Whole, aggregate(Base));
  const Mem To = Whole.plus(getFieldOffset(DL, I.getType(), I.getIndices()));
  const llvm::Value *V = I.getInsertedValueOperand();
  if (auto *C = dyn_cast<Constant>(V))
    storeConstant(To, *C);
  else if (V->getType()->isAggregateType())
    copyLeaves(V->getType(), To, aggregate(V));
  else if (const unsigned Size = getScalarSize(V->getType()))
    A.store(Size, To, use(V));
  else
    fail("a type");
}

void FunctionCompiler::compileExchange(const AtomicCmpXchgInst &I) {
  Type *Ty = I.getCompareOperand()->getType();
  const unsigned Size = getScalarSize(Ty);
  if (!isAtomicInMemory(I, Ty))
    return fail("an atomic access");
  allocateFixed(RAX);
  const Reg New = use(I.getNewValOperand());
  const Mem Memory = address(I.getPointerOperand());
  loadTo(RAX, I.getCompareOperand());
  A.lockCmpxchg(Size, Memory, New);
  const Mem To = aggregate(&I);
  A.setcc(Equal, R11);
  A.store(Size, To, RAX);
  A.store(1, To.plus(getFieldOffset(DL, I.getType(), {1u})), R11);
}

void FunctionCompiler::compileReadModifyWrite(const AtomicRMWInst &I) {
  const unsigned Size = getScalarSize(I.getType());
  if (!isAtomicInMemory(I, I.getType()))
    return fail("an atomic access");
  switch (I.getOperation()) {
  case AtomicRMWInst::Add:
  case AtomicRMWInst::Sub:
  case AtomicRMWInst::Xchg: {
    const Reg R = take(I.getValOperand());
    const Mem Memory = address(I.getPointerOperand());
    if (I.getOperation() == AtomicRMWInst::Xchg) {
      A.xchg(Size, Memory, R);
    } else {
      if (I.getOperation() == AtomicRMWInst::Sub)
        A.group3(3, std::max(Size, 4u), R);
      A.lockXadd(Size, Memory, R);
    }
    return setResult(I, R);
  }
  case AtomicRMWInst::And:
  case AtomicRMWInst::Or:
  case AtomicRMWInst::Xor: {
    const Alu Op = I.getOperation() == AtomicRMWInst::And  ? Alu::And
                   : I.getOperation() == AtomicRMWInst::Or ? Alu::Or
                                                           : Alu::Xor;
    allocateFixed(RAX);
    const Reg With = use(I.getValOperand());
    const Mem Memory = address(I.getPointerOperand());
    const auto Again = A.makeLabel();
    A.load(Size, RAX, Memory);
    A.bind(Again);
    A.mov(8, R11, RAX);
    A.alu(Op, std::max(Size, 4u), R11, With);
    A.lockCmpxchg(Size, Memory, R11);
    A.jump(NotEqual, Again);
    return setResult(I, RAX);
  }
  default:
    fail("an atomic operation");
  }
}

} // namespace reopt::baseline
