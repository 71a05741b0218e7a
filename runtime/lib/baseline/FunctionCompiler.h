//===-- FunctionCompiler.h --------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// One function's machine code, in one pass over its blocks as they lie.
///
/// **Where values are.** A value that only its own block uses lives in a
/// register from its definition to its last use, and moves to a slot of the
/// frame when registers run out or a call comes. A value that other blocks use,
/// or a phi, is stored to a slot where it is defined, before anything can
/// branch, and each block loads it from there again. So no two blocks have to
/// agree on registers. Phis live in slots, which their predecessors write.
/// Aggregates live in the frame always. All registers that values live in are
/// the caller's to save, so a function saves none.
///
/// **The frame.** rbp is a frame pointer. What calls pass on the stack lies
/// lowest, so that rsp moves for variables of unknown size only.
///
/// **Integers.** The bits of a register above those of its value's type mean
/// nothing, except of an i1, which is 0 or 1 in at least 32 bits.
///
/// r11 and xmm15 are free between any two steps below, and hold nothing.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_LIB_BASELINE_FUNCTIONCOMPILER_H
#define REOPT_LIB_BASELINE_FUNCTIONCOMPILER_H

#include "ModuleSymbols.h"
#include "UnwindTables.h"
#include "X86Assembler.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"

namespace reopt::baseline {

class FunctionCompiler {
public:
  FunctionCompiler(const llvm::Function &F, ModuleSymbols &Symbols,
                   X86Assembler &A);

  /// Appends the code, and fills in all of \p Unwind but the function's symbol.
  /// Returns why it cannot be compiled here, or nothing; then what was appended
  /// is of no use.
  llvm::StringRef compile(FunctionUnwind &Unwind);

private:
  struct Value {
    Reg R = NoReg;
    /// Lives in a vector register.
    bool Vector = false;
    /// Used in another block than its own.
    bool Global = false;
    /// The slot at Offset holds it.
    bool Stored = false;
    bool HasSlot = false;
    /// It is the address rbp + Offset.
    bool FrameAddress = false;
    /// Its users do its work: an address of constant distance to another, a
    /// comparison that a branch is on, or a load that is an operand.
    bool Folded = false;
    bool Aggregate = false;
    uint8_t Size = 0;
    int32_t Offset = 0;
    /// Not yet compiled.
    unsigned Uses = 0;
  };

  /// A jump whose way leads past the phis of its target.
  struct Edge {
    X86Assembler::Label At;
    const llvm::BasicBlock *From, *To;
  };

  /// Where an argument is passed.
  struct Passed {
    Reg R = NoReg;
    /// If not in a register: from the lowest stack argument on.
    uint32_t StackOffset = 0;
    /// Bytes that are copied to the stack; the argument is their address.
    uint64_t ByValue = 0;
  };

  void fail(llvm::StringRef Why) {
    if (Failure.empty())
      Failure = Why;
  }

  // Analysis.cpp
  llvm::StringRef findUnsupported() const;
  void analyze();
  void countUses(const llvm::Instruction &I);
  void foldAddress(const llvm::GetElementPtrInst &Gep);
  bool isFusedWithBranch(const llvm::Instruction &I) const;
  bool isOperandOfNext(const llvm::LoadInst &I) const;

  // Values.cpp
  Value &get(const llvm::Value *V);
  int32_t allocateFrame(uint64_t Size, uint64_t Align);
  int32_t getSlot(Value &V);
  Reg allocate(bool Vector);
  void allocateFixed(Reg R);
  void lock(Reg R) { Locked |= 1u << R; }
  void release(Reg R);
  void spill(Reg R);
  void forgetRegisters();
  Reg use(const llvm::Value *V);
  Reg take(const llvm::Value *V);
  void setResult(const llvm::Instruction &I, Reg R);
  void finish(const llvm::Instruction &I);
  void dropUses(const llvm::Instruction &I);
  void loadTo(Reg To, const llvm::Value *V);
  void loadConstant(Reg To, const llvm::Constant &C);
  Mem address(const llvm::Value *Pointer);
  bool isFoldedLoad(const llvm::Value *V);
  Mem foldedLoad(const llvm::Value *V);
  Mem constantAddress(const llvm::Constant &C);
  Mem slot(Value &V) { return Mem::at(RBP, getSlot(V)); }
  Mem aggregate(const llvm::Value *V);
  void forEachLeaf(llvm::Type *Ty, uint64_t Offset,
                   llvm::function_ref<void(llvm::Type *, uint64_t)> Do);
  void storeConstant(const Mem &To, const llvm::Constant &C);
  void copyLeaves(llvm::Type *Ty, const Mem &To, const Mem &From);

  // Instructions.cpp
  void compile(const llvm::Instruction &I);
  void compileBinary(const llvm::BinaryOperator &I);
  void compileShift(const llvm::BinaryOperator &I);
  void compileDivision(const llvm::BinaryOperator &I);
  bool compileConstantDivision(const llvm::BinaryOperator &I);
  void compileFloat(const llvm::BinaryOperator &I);
  void compileNegation(const llvm::Instruction &I);
  void compileCast(const llvm::CastInst &I);
  void compileToInteger(const llvm::CastInst &I);
  void compileFromInteger(const llvm::CastInst &I);
  void compileSelect(const llvm::SelectInst &I);
  Reg takeExtended(const llvm::Value *V, bool Signed);

  // Memory.cpp
  void compileAlloca(const llvm::AllocaInst &I);
  void compileLoad(const llvm::LoadInst &I);
  void compileStore(const llvm::StoreInst &I);
  void compileAddress(const llvm::GetElementPtrInst &I);
  void compileExtract(const llvm::ExtractValueInst &I);
  void compileInsert(const llvm::InsertValueInst &I);
  void compileExchange(const llvm::AtomicCmpXchgInst &I);
  void compileReadModifyWrite(const llvm::AtomicRMWInst &I);
  bool compileCount(const llvm::LoadInst &I);
  void compileScaled(Reg To, Mem From, const llvm::Value *Index,
                     uint64_t Scale);

  // Control.cpp
  Cond compare(const llvm::ICmpInst &I);
  void compileCompare(const llvm::CmpInst &I);
  void compileBranch(const llvm::BranchInst &I);
  void branchOn(const llvm::BranchInst &I, Cond C);
  void branchOnFloat(const llvm::BranchInst &I, const llvm::FCmpInst &Compare);
  void compileSwitch(const llvm::SwitchInst &I);
  void compileReturn(const llvm::ReturnInst &I);
  void compileLandingPad(const llvm::LandingPadInst &I);
  void compileResume(const llvm::ResumeInst &I);
  X86Assembler::Label edgeTo(const llvm::BasicBlock *To);
  void copyPhis(const llvm::BasicBlock *From, const llvm::BasicBlock *To);
  void emitEdges();
  void jumpTo(const llvm::BasicBlock *To);
  unsigned getTypeNumber(const llvm::Constant *TypeInfo);
  unsigned getAction(const llvm::LandingPadInst &Pad);

  // Calls.cpp
  llvm::SmallVector<Passed, 8> passArguments(
      llvm::ArrayRef<llvm::Type *> Types,
      llvm::function_ref<llvm::Attribute(unsigned, llvm::Attribute::AttrKind)>
          GetAttribute,
      uint32_t &StackBytes, unsigned &Vectors);
  void enter();
  void saveVariadic(unsigned Integers, unsigned Vectors, int32_t OnStack);
  void compileVaStart(const llvm::Value *List);
  void compileCall(const llvm::CallBase &I);
  void callLibrary(llvm::StringRef Name, const llvm::Instruction &I,
                   llvm::ArrayRef<const llvm::Value *> Arguments);
  void copyBytes(const Mem &To, const Mem &From, uint64_t Bytes);
  void saveForCall(const llvm::Instruction &I);
  void
  moveToRegisters(llvm::ArrayRef<std::pair<Reg, const llvm::Value *>> Moves);
  void takeReturned(const llvm::CallBase &I);
  void forEachReturned(
      llvm::Type *Ty,
      llvm::function_ref<void(llvm::Type *, uint64_t Offset, Reg)> Do);

  // Intrinsics.cpp
  bool compileIntrinsic(const llvm::IntrinsicInst &I);
  void compileMemory(const llvm::MemIntrinsic &I);
  void compileOverflow(const llvm::WithOverflowInst &I);
  void compileCountZeros(const llvm::IntrinsicInst &I);
  void compileRotate(const llvm::IntrinsicInst &I);
  bool compileMath(const llvm::IntrinsicInst &I);

  const llvm::Function &F;
  const llvm::DataLayout &DL;
  ModuleSymbols &Symbols;
  X86Assembler &A;
  FunctionUnwind *Unwind = nullptr;
  llvm::StringRef Failure;
  uint32_t Begin = 0;

  llvm::DenseMap<const llvm::Value *, unsigned> Numbers;
  std::vector<Value> Values;
  /// By register, the number of its value plus 1; 0 for none.
  unsigned Owner[32] = {};
  unsigned LastUsed[32] = {};
  unsigned Clock = 0;
  uint32_t Locked = 0;
  llvm::SmallVector<int32_t, 8> FreeSlots, FreePairs;
  /// Pairs that are free after the instruction.
  llvm::SmallVector<int32_t, 2> BorrowedPairs;
  uint64_t FrameBytes = 0;
  uint32_t CallBytes = 0;
  /// Distances to what lies above that.
  std::vector<uint32_t> AboveCalls;
  /// Of the address that structures are returned to, if it is passed.
  const llvm::Argument *ReturnedTo = nullptr;

  /// Of a variadic function, for va_start: places in the frame, and how far the
  /// named arguments reach in the first.
  struct {
    int32_t Saved = 0, OnStack = 0, NextInteger = 0, NextVector = 0;
  } Variadic;

  llvm::DenseMap<const llvm::BasicBlock *, X86Assembler::Label> Blocks;
  const llvm::BasicBlock *Block = nullptr;
  std::vector<Edge> Edges;
  struct PendingSite {
    uint32_t Begin, End;
    X86Assembler::Label Pad;
    unsigned Action;
  };
  std::vector<PendingSite> Sites;
  llvm::DenseMap<const llvm::LandingPadInst *, unsigned> Actions;
  /// What the code goes on behind, done by an earlier instruction.
  const llvm::Instruction *SkipTo = nullptr;
};

/// Bytes of a scalar that lives in one register; 0 for other types.
unsigned getScalarSize(const llvm::Type *Ty);

/// Whether scalars of \p Ty live in vector registers: floating point, and the
/// pairs of floats that the ABI passes as one.
inline bool livesInVector(const llvm::Type *Ty) {
  return Ty->isFPOrFPVectorTy();
}

/// Whether \p V is made in its function, and not a constant.
bool hasHome(const llvm::Value *V);

/// Whether \p V is an integer that instructions can have in themselves; a truth
/// value is 0 or 1.
bool fits(const llvm::Value *V, int32_t &Number);

} // namespace reopt::baseline

#endif // REOPT_LIB_BASELINE_FUNCTIONCOMPILER_H
