//===-- Calls.cpp ---------------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calls, as the System V ABI for AMD64 has them (3.2).
//
//===----------------------------------------------------------------------===//

#include "FunctionCompiler.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace reopt::baseline {

static constexpr Reg ForIntegers[] = {RDI, RSI, RDX, RCX, R8, R9};
static constexpr unsigned VectorsForArguments = 8;

SmallVector<FunctionCompiler::Passed, 8> FunctionCompiler::passArguments(
    ArrayRef<Type *> Types,
    function_ref<Attribute(unsigned, Attribute::AttrKind)> GetAttribute,
    uint32_t &StackBytes, unsigned &Vectors) {
  SmallVector<Passed, 8> Places;
  unsigned Integers = 0;
  StackBytes = Vectors = 0;
  for (unsigned I = 0; I < Types.size(); ++I) {
    for (auto Kind :
         {Attribute::InReg, Attribute::Nest, Attribute::InAlloca,
          Attribute::Preallocated, Attribute::SwiftSelf, Attribute::SwiftError,
          Attribute::SwiftAsync, Attribute::ByRef})
      if (GetAttribute(I, Kind).isValid())
        fail("an attribute of an argument");
    if (Types[I]->isIntegerTy(1) && GetAttribute(I, Attribute::SExt).isValid())
      fail("a truth value with a sign");
    Passed &P = Places.emplace_back();
    if (Attribute ByValue = GetAttribute(I, Attribute::ByVal);
        ByValue.isValid()) {
      Attribute Align = GetAttribute(I, Attribute::Alignment);
      const uint64_t Needed =
          Align.isValid() ? std::max<uint64_t>(Align.getAlignment()->value(), 8)
                          : 32;
      constexpr uint64_t Most = 256;
      P.ByValue = DL.getTypeAllocSize(ByValue.getValueAsType());
      if (Needed > 16 || P.ByValue > Most)
        fail("an argument that is copied");
      StackBytes = alignTo(StackBytes, Needed);
      P.StackOffset = StackBytes;
      StackBytes += alignTo(P.ByValue, 8);
      continue;
    }
    if (!getScalarSize(Types[I])) {
      fail("the type of an argument");
    } else if (Types[I]->isVectorTy() && Vectors == VectorsForArguments) {
      fail("the type of an argument"); // takes more than its size
    } else if (livesInVector(Types[I]) && Vectors < VectorsForArguments) {
      P.R = Reg(XMM0 + Vectors++);
    } else if (!livesInVector(Types[I]) && Integers < std::size(ForIntegers)) {
      P.R = ForIntegers[Integers++];
    } else {
      P.StackOffset = StackBytes;
      StackBytes += 8;
    }
  }
  return Places;
}

/// Finds the arguments. Above the frame pointer lie the caller's, the return
/// address, and what was passed on the stack.
void FunctionCompiler::enter() {
  constexpr int32_t Above = 16;
  SmallVector<Type *, 8> Types;
  for (const Argument &Arg : F.args())
    Types.push_back(Arg.getType());
  uint32_t StackBytes;
  unsigned Vectors;
  auto Places = passArguments(
      Types,
      [&](unsigned I, Attribute::AttrKind Kind) {
        return F.getAttributeAtIndex(AttributeList::FirstArgIndex + I, Kind);
      },
      StackBytes, Vectors);
  if (!Failure.empty())
    return;
  if (F.isVarArg())
    saveVariadic(
        count_if(Places,
                 [](auto &P) { return P.R != NoReg && !isVector(P.R); }),
        Vectors, Above + StackBytes);
  for (const Argument &Arg : F.args()) {
    const Passed &P = Places[Arg.getArgNo()];
    const bool IsBit = Arg.getType()->isIntegerTy(1);
    if (Arg.use_empty() && &Arg != ReturnedTo)
      continue;
    Value &V = get(&Arg);
    if (Arg.hasByValAttr()) {
      V.FrameAddress = true;
      V.Offset = Above + P.StackOffset;
    } else if (P.R == NoReg) {
      V.Offset = Above + P.StackOffset;
      V.HasSlot = V.Stored = true;
      if (IsBit) {
        A.load(1, R11, slot(V));
        A.aluImmediate(Alu::And, 4, R11, 1);
        A.store(8, slot(V), R11);
      }
    } else {
      if (IsBit)
        A.aluImmediate(Alu::And, 4, P.R, 1);
      V.R = P.R;
      Owner[P.R] = Numbers.lookup(&Arg) + 1;
      if (V.Global)
        A.store(V.Vector ? V.Size : 8, slot(V), P.R);
    }
  }
}

/// Stores what may be in registers of the arguments without a name where
/// va_arg looks for it: the ABI's register save area.
void FunctionCompiler::saveVariadic(unsigned Integers, unsigned Vectors,
                                    int32_t OnStack) {
  constexpr unsigned IntegerBytes = 8 * std::size(ForIntegers);
  constexpr unsigned Bytes = IntegerBytes + 16 * VectorsForArguments;
  Variadic.Saved = allocateFrame(Bytes, 16);
  Variadic.OnStack = OnStack;
  Variadic.NextInteger = 8 * Integers;
  Variadic.NextVector = IntegerBytes + 16 * Vectors;
  for (unsigned I = Integers; I < std::size(ForIntegers); ++I)
    A.store(8, Mem::at(RBP, Variadic.Saved + 8 * I), ForIntegers[I]);
  // al: how many vector registers the caller used, at most.
  const auto Done = A.makeLabel();
  A.test(1, RAX, RAX);
  A.jump(Equal, Done);
  for (unsigned I = Vectors; I < VectorsForArguments; ++I)
    A.vector(0, 0x11, Reg(XMM0 + I), // movups
             Mem::at(RBP, Variadic.Saved + IntegerBytes + 16 * I));
  A.bind(Done);
}

void FunctionCompiler::compileVaStart(const llvm::Value *List) {
  const Mem To = address(List);
  A.storeImmediate(4, To, Variadic.NextInteger);
  A.storeImmediate(4, To.plus(4), Variadic.NextVector);
  A.lea(R11, Mem::at(RBP, Variadic.OnStack));
  A.store(8, To.plus(8), R11);
  A.lea(R11, Mem::at(RBP, Variadic.Saved));
  A.store(8, To.plus(16), R11);
}

/// What is in registers and needed after \p I goes to the frame.
void FunctionCompiler::saveForCall(const Instruction &I) {
  for (unsigned R = 0; R < 32; ++R) {
    if (!Owner[R])
      continue;
    Value &V = Values[Owner[R] - 1];
    if (V.Stored)
      continue;
    const unsigned Here = count_if(I.operands(), [&](const Use &U) {
      return (isa<Instruction>(U) || isa<Argument>(U)) && &get(U) == &V;
    });
    if (V.Uses > Here) {
      A.store(V.Vector ? V.Size : 8, slot(V), Reg(R));
      V.Stored = true;
    }
  }
}

/// All at once: no move overwrites what another one reads.
void FunctionCompiler::moveToRegisters(
    ArrayRef<std::pair<Reg, const llvm::Value *>> Moves) {
  SmallVector<std::pair<Reg, Reg>, 8> Between;
  SmallVector<std::pair<Reg, const llvm::Value *>, 8> Loads;
  for (auto [To, V] : Moves) {
    if (isa<Constant>(V) || get(V).FrameAddress || get(V).R == NoReg)
      Loads.push_back({To, V});
    else if (get(V).R != To)
      Between.push_back({To, get(V).R});
  }
  while (!Between.empty()) {
    auto *Ready = find_if(Between, [&](auto &Move) {
      return none_of(Between,
                     [&](auto &Other) { return Other.second == Move.first; });
    });
    if (Ready != Between.end()) {
      A.mov(8, Ready->first, Ready->second);
      Between.erase(Ready);
      continue;
    }
    // A ring: one of its registers is read now.
    auto &Move = Between.front();
    const Reg Read = Move.second;
    const Reg Scratch = isVector(Read) ? XMM15 : R11;
    A.mov(8, Scratch, Read);
    for (auto &Other : Between)
      if (Other.second == Read)
        Other.second = Scratch;
  }
  for (auto [To, V] : Loads)
    loadTo(To, V);
}

/// In which registers the parts of an aggregate are returned.
void FunctionCompiler::forEachReturned(
    Type *Ty, function_ref<void(Type *, uint64_t, Reg)> Do) {
  unsigned Integers = 0, Floats = 0;
  forEachLeaf(Ty, 0, [&](Type *Leaf, uint64_t Offset) {
    const bool IsFloat = livesInVector(Leaf);
    unsigned &Count = IsFloat ? Floats : Integers;
    if (Count == 2)
      return fail("a returned value");
    Do(Leaf, Offset, IsFloat ? Reg(XMM0 + Count) : Count ? RDX : RAX);
    ++Count;
  });
}

void FunctionCompiler::takeReturned(const CallBase &I) {
  Type *Ty = I.getType();
  if (Ty->isVoidTy())
    return;
  if (getScalarSize(Ty)) {
    const Reg R = livesInVector(Ty) ? XMM0 : RAX;
    if (Ty->isIntegerTy(1))
      A.aluImmediate(Alu::And, 4, R, 1);
    lock(R);
    return setResult(I, R);
  }
  if (!Ty->isAggregateType())
    return fail("the type of a result");
  const Mem To = aggregate(&I);
  forEachReturned(Ty, [&](Type *Leaf, uint64_t Offset, Reg From) {
    if (Leaf->isIntegerTy(1))
      A.aluImmediate(Alu::And, 4, From, 1);
    A.store(getScalarSize(Leaf), To.plus(Offset), From);
  });
}

void FunctionCompiler::compileCall(const CallBase &I) {
  if (auto *Intrinsic = dyn_cast<IntrinsicInst>(&I)) {
    if (!compileIntrinsic(*Intrinsic))
      fail("an intrinsic");
    return;
  }
  auto *Callee = dyn_cast<Function>(I.getCalledOperand());
  if (Callee && Callee->isIntrinsic())
    return fail("an intrinsic");
  auto *Call = dyn_cast<CallInst>(&I);
  auto *Invoke = dyn_cast<InvokeInst>(&I);
  if (I.isInlineAsm() || (!Call && !Invoke) || I.isMustTailCall() ||
      I.getCallingConv() != CallingConv::C || I.hasOperandBundles() ||
      I.hasFnAttr(Attribute::ReturnsTwice) || I.isStrictFP() ||
      I.hasFnAttr("no_callee_saved_registers"))
    return fail("a call");
  SmallVector<Type *, 8> Types;
  for (const Use &Arg : I.args())
    Types.push_back(Arg->getType());
  uint32_t StackBytes;
  unsigned Vectors;
  auto Places = passArguments(
      Types,
      [&](unsigned N, Attribute::AttrKind Kind) {
        return I.getParamAttr(N, Kind);
      },
      StackBytes, Vectors);
  if (!Failure.empty())
    return;
  CallBytes = std::max<uint32_t>(CallBytes, alignTo(StackBytes, 16));

  saveForCall(I);
  SmallVector<std::pair<Reg, const llvm::Value *>, 8> Moves;
  auto Extend = [&](unsigned N, Reg R) {
    const unsigned Size = getScalarSize(Types[N]);
    const bool Signed = I.paramHasAttr(N, Attribute::SExt);
    if (Size < 4 && (Signed || I.paramHasAttr(N, Attribute::ZExt)))
      A.extend(Signed, Size, 4, R, R);
  };
  for (unsigned N = 0; N < Types.size(); ++N) {
    const Passed &P = Places[N];
    const llvm::Value *V = I.getArgOperand(N);
    if (P.R != NoReg) {
      Moves.push_back({P.R, V});
    } else if (I.isByValArgument(N)) {
      copyBytes(Mem::at(RSP, P.StackOffset), address(V), P.ByValue);
      Locked = 0;
    } else {
      const bool IsFloat = livesInVector(Types[N]);
      const Reg R = IsFloat ? XMM15 : R11;
      loadTo(R, V);
      Extend(N, R);
      A.store(IsFloat ? getScalarSize(Types[N]) : 8,
              Mem::at(RSP, P.StackOffset), R);
    }
  }
  if (!Callee)
    Moves.push_back({R10, I.getCalledOperand()});
  moveToRegisters(Moves);
  for (unsigned N = 0; N < Types.size(); ++N)
    if (Places[N].R != NoReg)
      Extend(N, Places[N].R);
  if (I.getFunctionType()->isVarArg())
    A.loadImmediate(RAX, Vectors);

  const uint32_t CallBegin = A.here() - Begin;
  if (Callee)
    A.call(Symbols.get(*Callee));
  else
    A.call(R10);
  if (Invoke) {
    const BasicBlock *Pad = Invoke->getUnwindDest();
    if (!isa<LandingPadInst>(Pad->getFirstNonPHIIt()))
      return fail("a pad that is entered otherwise");
    Sites.push_back({CallBegin, A.here() - Begin, edgeTo(Pad),
                     getAction(*Invoke->getLandingPadInst())});
  }
  forgetRegisters();
  takeReturned(I);
  if (Invoke) {
    copyPhis(Block, Invoke->getNormalDest());
    jumpTo(Invoke->getNormalDest());
  }
}

void FunctionCompiler::callLibrary(StringRef Name, const Instruction &I,
                                   ArrayRef<const llvm::Value *> Arguments) {
  saveForCall(I);
  SmallVector<std::pair<Reg, const llvm::Value *>, 4> Moves;
  unsigned Integers = 0, Vectors = 0;
  for (const llvm::Value *V : Arguments)
    Moves.push_back({livesInVector(V->getType()) ? Reg(XMM0 + Vectors++)
                                                 : ForIntegers[Integers++],
                     V});
  moveToRegisters(Moves);
  A.call(Symbols.getLibrary(Name));
  forgetRegisters();
}

void FunctionCompiler::copyBytes(const Mem &To, const Mem &From,
                                 uint64_t Bytes) {
  uint64_t At = 0;
  // What was just stored in words is not forwarded to a load of two.
  constexpr uint64_t MostWords = 32;
  for (; Bytes > MostWords && Bytes - At >= 16; At += 16) {
    A.vector(0, 0x10, XMM15, From.plus(At)); // movups
    A.vector(0, 0x11, XMM15, To.plus(At));
  }
  for (unsigned Size : {8u, 4u, 2u, 1u})
    for (; Bytes - At >= Size; At += Size) {
      A.load(Size, R11, From.plus(At));
      A.store(Size, To.plus(At), R11);
    }
}

} // namespace reopt::baseline
