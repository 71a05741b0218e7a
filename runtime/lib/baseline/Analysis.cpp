//===-- Analysis.cpp ------------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is found out about a function before its code is generated.
//
//===----------------------------------------------------------------------===//

#include "FunctionCompiler.h"

using namespace llvm;

namespace reopt::baseline {

StringRef FunctionCompiler::findUnsupported() const {
  if (F.getCallingConv() != CallingConv::C)
    return "a calling convention";
  if (F.getSubprogram())
    return "debug information";
  if (F.hasGC() || F.hasPrefixData() || F.hasPrologueData() ||
      (F.hasSection() && F.getSection() != ".text.startup") ||
      F.getAlign().valueOrOne().value() > 16)
    return "a property of the function";
  constexpr Attribute::AttrKind Kinds[] = {Attribute::Naked,
                                           Attribute::StackProtect,
                                           Attribute::StackProtectReq,
                                           Attribute::StackProtectStrong,
                                           Attribute::SafeStack,
                                           Attribute::ShadowCallStack,
                                           Attribute::SanitizeAddress,
                                           Attribute::SanitizeThread,
                                           Attribute::SanitizeMemory,
                                           Attribute::SanitizeHWAddress,
                                           Attribute::SanitizeMemTag,
                                           Attribute::StackAlignment,
                                           Attribute::FnRetThunkExtern,
                                           Attribute::StrictFP,
                                           Attribute::SpeculativeLoadHardening,
                                           Attribute::PresplitCoroutine,
                                           Attribute::NoImplicitFloat,
                                           Attribute::ReturnsTwice};
  for (auto Kind : Kinds)
    if (F.hasFnAttribute(Kind))
      return "an attribute of the function";
  for (StringRef Name : {"probe-stack",
                         "split-stack",
                         "fentry-call",
                         "patchable-function",
                         "patchable-function-entry",
                         "patchable-function-prefix",
                         "function-instrument",
                         "xray-instruction-threshold",
                         "indirect-tls-seg-refs",
                         "zero-call-used-regs",
                         "stackrealign",
                         "instrument-function-entry",
                         "instrument-function-exit",
                         "instrument-function-entry-inlined",
                         "instrument-function-exit-inlined",
                         "use-soft-float",
                         "denormal-fp-math",
                         "denormal-fp-math-f32",
                         "thunk",
                         "save-reg-params",
                         "warn-stack-size",
                         "no_caller_saved_registers",
                         "no_callee_saved_registers"})
    if (F.hasFnAttribute(Name))
      return "an attribute of the function";
  StringRef Features = F.getFnAttribute("target-features").getValueAsString();
  for (StringRef Feature : {"-sse", "-x87", "+soft-float", "+retpoline",
                            "+harden-sls", "+lvi", "+seses"})
    if (Features.contains(Feature))
      return "a feature of the processor";
  if (F.hasPersonalityFn() &&
      !isa<Function>(F.getPersonalityFn()->stripPointerCasts()))
    return "a personality";
  return {};
}

void FunctionCompiler::countUses(const Instruction &I) {
  for (const Use &Operand : I.operands()) {
    const llvm::Value *V = Operand.get();
    if (!hasHome(V) || V->getType()->isTokenTy())
      continue;
    Value &Used = get(V);
    ++Used.Uses;
    auto *From = dyn_cast<Instruction>(V);
    const BasicBlock *Home = From ? From->getParent() : &F.getEntryBlock();
    if (Home != I.getParent() || isa<PHINode>(I) ||
        (From && (isa<PHINode>(From) || isa<InvokeInst>(From))))
      Used.Global = true;
  }
}

static bool isAddressIn(const GetElementPtrInst &Gep, const Instruction &User) {
  if (auto *Load = dyn_cast<LoadInst>(&User))
    return Load->getPointerOperand() == &Gep;
  auto *Store = dyn_cast<StoreInst>(&User);
  return Store && Store->getPointerOperand() == &Gep &&
         Store->getValueOperand() != &Gep;
}

/// An address of constant distance to another is worked out where it is used:
/// always, if the other is in the frame, and else if it is used for memory of
/// its own block only.
void FunctionCompiler::foldAddress(const GetElementPtrInst &Gep) {
  APInt Distance(64, 0);
  if (!getScalarSize(Gep.getType()) ||
      !Gep.accumulateConstantOffset(DL, Distance) || !Distance.isSignedIntN(31))
    return;
  const llvm::Value *Base = Gep.getPointerOperand();
  if (!hasHome(Base))
    return;
  const Value From = get(Base);
  Value &To = get(&Gep);
  if (From.FrameAddress) {
    if (!isInt<31>(From.Offset + Distance.getSExtValue()))
      return;
    To.FrameAddress = true;
    To.Offset = From.Offset + int32_t(Distance.getSExtValue());
    return;
  }
  if (From.Folded || Gep.use_empty())
    return;
  unsigned Users = 0;
  for (const Use &U : Gep.uses()) {
    auto *User = cast<Instruction>(U.getUser());
    if (!isAddressIn(Gep, *User) || User->getParent() != Gep.getParent())
      return;
    ++Users;
  }
  To.Folded = true;
  To.Offset = int32_t(Distance.getSExtValue());
  get(Base).Uses += Users - 1;
}

/// A comparison right before the branch on it, which nothing else uses.
bool FunctionCompiler::isFusedWithBranch(const Instruction &I) const {
  if (!isa<CmpInst>(I) && !isa<TruncInst>(I))
    return false;
  auto *Branch = dyn_cast_or_null<BranchInst>(I.getNextNode());
  return Branch && Branch->isConditional() && Branch->getCondition() == &I &&
         I.hasOneUse() && I.getType()->isIntegerTy(1);
}

/// A load that the next instruction, its only user, can have as an operand in
/// memory. Nothing lies between that could write there.
bool FunctionCompiler::isOperandOfNext(const LoadInst &I) const {
  const Instruction *User = I.getNextNode();
  const unsigned Size = getScalarSize(I.getType());
  if (!Size || !I.isSimple() || !I.hasOneUse() || I.user_back() != User ||
      I.getType()->isIntegerTy(1))
    return false;
  switch (User->getOpcode()) {
  case Instruction::FAdd:
  case Instruction::FSub:
  case Instruction::FMul:
  case Instruction::FDiv:
    return User->getOperand(1) == &I;
  case Instruction::Sub:
    return Size >= 4 && User->getOperand(1) == &I;
  case Instruction::Add:
  case Instruction::And:
  case Instruction::Or:
  case Instruction::Xor:
  case Instruction::Mul:
    return Size >= 4 && !isa<Constant>(User->getOperand(1));
  case Instruction::ICmp:
    return User->getOperand(1) == &I || isa<ConstantInt>(User->getOperand(1)) ||
           isa<ConstantPointerNull>(User->getOperand(1));
  case Instruction::SExt:
  case Instruction::ZExt:
    return true;
  default:
    return false;
  }
}

void FunctionCompiler::analyze() {
  Numbers.reserve(F.getInstructionCount() + F.arg_size());
  Values.reserve(F.getInstructionCount() + F.arg_size());
  for (const BasicBlock &B : F) {
    Blocks[&B] = A.makeLabel();
    for (const Instruction &I : B)
      countUses(I);
  }
  for (const BasicBlock &B : F)
    for (const Instruction &I : B) {
      if (auto *Alloca = dyn_cast<AllocaInst>(&I)) {
        constexpr uint64_t MostAlign = 16, MostBytes = 1 << 26;
        if (Alloca->getAlign().value() > MostAlign ||
            Alloca->isUsedWithInAlloca() || Alloca->isSwiftError())
          return fail("a variable in the frame");
        if (!Alloca->isStaticAlloca())
          continue;
        auto Size = Alloca->getAllocationSize(DL);
        if (!Size || Size->isScalable() || *Size > MostBytes)
          return fail("a variable in the frame");
        // Of no bytes, too: its address shall be its own.
        Value &Home = get(Alloca);
        Home.FrameAddress = true;
        Home.Offset =
            allocateFrame(std::max<uint64_t>(Size->getFixedValue(), 1),
                          Alloca->getAlign().value());
      } else if (auto *Gep = dyn_cast<GetElementPtrInst>(&I)) {
        foldAddress(*Gep);
      } else if (isFusedWithBranch(I)) {
        get(&I).Folded = true;
      } else if (auto *Load = dyn_cast<LoadInst>(&I)) {
        if (isOperandOfNext(*Load))
          get(&I).Folded = true;
      } else if (isa<PHINode>(I)) {
        Value &Phi = get(&I);
        Phi.Global = Phi.Stored = true;
      }
    }
  for (const Argument &Arg : F.args())
    if (Arg.hasStructRetAttr()) {
      ReturnedTo = &Arg;
      get(&Arg).Global = true;
    }
  for (Value &V : Values)
    V.Stored |= V.Global;
}

} // namespace reopt::baseline
