//===- ActiveCount.cpp - Who is inside a body -----------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/ActiveCount.h"
#include "llvm/IR/EHPersonalities.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"
#include "llvm/Transforms/Utils/Local.h"
#include <cstddef>

using namespace llvm;

namespace reopt {

namespace {

class ActiveCounter {
public:
  ActiveCounter(Function &F, orc::ExecutorAddr Count)
      : F(F), Count(Count),
        PadType(StructType::get(PointerType::getUnqual(F.getContext()),
                                Type::getInt32Ty(F.getContext()))) {}

  void run() {
    // Found before anything is added, so that nothing added is found.
    SmallVector<Instruction *, 8> Exits;
    SmallVector<CallInst *, 16> Throwing;
    SmallVector<LandingPadInst *, 8> Pads;
    bool Unwinds = !F.doesNotThrow();
    for (BasicBlock &BB : F) {
      if (Instruction *Exit = getExit(BB))
        Exits.push_back(Exit);
      for (Instruction &I : BB) {
        if (auto *Pad = dyn_cast<LandingPadInst>(&I))
          Pads.push_back(Pad);
        else if (auto *Call = dyn_cast<CallInst>(&I); Call && mayThrow(*Call))
          Throwing.push_back(Call);
      }
    }

    if (!Pads.empty())
      PadType = Pads.front()->getType();
    for (Instruction *Exit : Exits)
      count(Exit, offsetof(ActiveCount, Exits));
    if (Unwinds) {
      for (LandingPadInst *Pad : Pads)
        catchWhatPasses(Pad);
      for (CallInst *Call : Throwing)
        changeToInvokeAndSplitBasicBlock(Call, getCleanup());
    }
    count(&*F.getEntryBlock().getFirstNonPHIOrDbgOrAlloca(),
          offsetof(ActiveCount, Entries));
    dropAttributes();
  }

private:
  /// Whether nothing of \p Call's caller is left when the callee runs. With two
  /// calling conventions, that a call says `tail` in front of a return is
  /// enough.
  static bool leavesFrame(const CallInst &Call) {
    if (Call.isMustTailCall())
      return true;
    const CallingConv::ID CC = Call.getCallingConv();
    if (!Call.isTailCall() ||
        (CC != CallingConv::Tail && CC != CallingConv::SwiftTail) ||
        Call.getFunction()->getCallingConv() != CC)
      return false;
    auto *Return = dyn_cast_or_null<ReturnInst>(Call.getNextNode());
    return Return &&
           (!Return->getReturnValue() || Return->getReturnValue() == &Call ||
            isa<UndefValue>(Return->getReturnValue()));
  }

  /// Before which instruction \p BB leaves the function; null if it does not.
  static Instruction *getExit(BasicBlock &BB) {
    if (CallInst *Tail = BB.getTerminatingMustTailCall())
      return Tail;
    Instruction *Term = BB.getTerminator();
    if (auto *Tail = dyn_cast_or_null<CallInst>(Term->getPrevNode());
        Tail && isa<ReturnInst>(Term) && leavesFrame(*Tail))
      return Tail;
    return isa<ReturnInst, ResumeInst>(Term) ? Term : nullptr;
  }

  /// Whether an exception may come out of \p Call and leave the function. What
  /// cannot be invoked does not count: intrinsics, and calls that return twice.
  static bool mayThrow(const CallInst &Call) {
    if (Call.doesNotThrow() || leavesFrame(Call) ||
        Call.hasFnAttr(Attribute::ReturnsTwice) || isa<IntrinsicInst>(Call))
      return false;
    if (auto *Asm = dyn_cast<InlineAsm>(Call.getCalledOperand()))
      return Asm->canThrow();
    return true;
  }

  /// One word up, before \p Where. Sequentially consistent: no access of the
  /// body moves out of the counted stretch.
  void count(Instruction *Where, size_t Offset) {
    IRBuilder<> B(Where);
    B.CreateAtomicRMW(AtomicRMWInst::Add,
                      ConstantExpr::getIntToPtr(
                          B.getInt64(Count.getValue() + Offset), B.getPtrTy()),
                      B.getInt64(1), Align(8),
                      AtomicOrdering::SequentiallyConsistent);
  }

  /// The block that counts out an exception on its way through, and lets it
  /// go on.
  BasicBlock *getCleanup() {
    if (Cleanup)
      return Cleanup;
    LLVMContext &Ctx = F.getContext();
    if (!F.hasPersonalityFn()) {
      FunctionCallee Personality = F.getParent()->getOrInsertFunction(
          "__gxx_personality_v0",
          FunctionType::get(Type::getInt32Ty(Ctx), /*isVarArg=*/true));
      F.setPersonalityFn(cast<Constant>(Personality.getCallee()));
    }
    Cleanup = BasicBlock::Create(Ctx, "active.cleanup", &F);
    IRBuilder<> B(Cleanup);
    LandingPadInst *Pad =
        B.CreateLandingPad(PadType, /*NumClauses=*/0, "active.pad");
    Pad->setCleanup(true);
    count(B.CreateResume(Pad), offsetof(ActiveCount, Exits));
    return Cleanup;
  }

  /// An exception that no clause of \p Pad takes would pass the function by
  /// without stopping. It is made to stop, with selector 0, and to go on at
  /// once; the code behind the pad never sees it.
  void catchWhatPasses(LandingPadInst *Pad) {
    if (Pad->isCleanup())
      return;
    for (unsigned I = 0, E = Pad->getNumClauses(); I != E; ++I)
      if (Pad->isCatch(I) && isa<ConstantPointerNull>(Pad->getClause(I)))
        return;
    Pad->setCleanup(true);
    Instruction *Next = Pad->getNextNode();
    IRBuilder<> B(Next);
    Value *Selector = B.CreateExtractValue(Pad, 1);
    Instruction *Passes = SplitBlockAndInsertIfThen(B.CreateIsNull(Selector),
                                                    Next, /*Unreachable=*/true);
    B.SetInsertPoint(Passes);
    count(B.CreateResume(Pad), offsetof(ActiveCount, Exits));
    Passes->eraseFromParent();
  }

  /// The function writes memory now, and so that other threads see it.
  void dropAttributes() {
    F.removeFnAttr(Attribute::Memory);
    F.removeFnAttr(Attribute::NoSync);
    F.removeFnAttr(Attribute::Speculatable);
  }

  Function &F;
  const orc::ExecutorAddr Count;
  /// All landing pads of a function have one type.
  Type *PadType;
  BasicBlock *Cleanup = nullptr;
};

} // namespace

std::string whyNotCounted(const Function &F) {
  if (F.isDeclaration())
    return "it has no body";
  if (F.hasFnAttribute(Attribute::Naked))
    return "a naked function has no place to count";
  if (F.isPresplitCoroutine())
    return "a coroutine leaves and is entered again where it suspends";
  if (F.hasPersonalityFn() &&
      isScopedEHPersonality(classifyEHPersonality(F.getPersonalityFn())))
    return "it unwinds by funclets";
  return {};
}

Error countActive(Function &F, orc::ExecutorAddr Count) {
  if (std::string Why = whyNotCounted(F); !Why.empty())
    return createStringError("executions of " + F.getName().str() +
                             " are not counted: " + Why);
  ActiveCounter(F, Count).run();
  return Error::success();
}

} // namespace reopt
