//===-- PollFunction.cpp --------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/PollFunction.h"
#include "reopt/Cell.h"
#include "reopt/Hook.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

FunctionCallee declareHook(Module &M) {
  LLVMContext &Ctx = M.getContext();
  return M.getOrInsertFunction(
      HookName, FunctionType::get(Type::getVoidTy(Ctx),
                                  {Type::getInt64Ty(Ctx), Type::getInt32Ty(Ctx),
                                   Type::getInt64Ty(Ctx)},
                                  /*isVarArg=*/false));
}

FunctionCallee declarePoll(Module &M) {
  LLVMContext &Ctx = M.getContext();
  auto *Long = Type::getInt64Ty(Ctx);
  auto *Word = Type::getInt32Ty(Ctx);
  FunctionCallee Poll = M.getOrInsertFunction(
      PollName,
      FunctionType::get(PointerType::getUnqual(Ctx), {Long, Long, Word, Word},
                        /*isVarArg=*/false));
  // The hook does not throw.
  cast<Function>(Poll.getCallee())->setDoesNotThrow();
  return Poll;
}

/// Fills in \p Poll, line by line what the header has.
static void definePoll(Function *Poll) {
  FunctionCallee Hook = declareHook(*Poll->getParent());
  LLVMContext &Ctx = Poll->getContext();
  auto *Long = Type::getInt64Ty(Ctx);
  auto *Ptr = PointerType::getUnqual(Ctx);
  auto Block = [&](const char *Name) {
    return BasicBlock::Create(Ctx, Name, Poll);
  };
  BasicBlock *Begin = Block("begin"), *First = Block("first"),
             *Call = Block("hook"), *Again = Block("again"),
             *Polled = Block("polled"), *Look = Block("look"),
             *Find = Block("find"), *Enter = Block("enter"),
             *None = Block("none"), *Found = Block("found"),
             *Made = Block("made"), *Left = Block("left"), *Ask = Block("ask"),
             *Asked = Block("asked"), *Soon = Block("soon");
  constexpr auto Acquire = AtomicOrdering::Acquire;
  auto LoadSeen = [&](IRBuilder<> &B, Value *At) {
    LoadInst *Seen = B.CreateAlignedLoad(Long, At, Align(8));
    Seen->setAtomic(Acquire);
    return Seen;
  };
  auto Swap = [&](IRBuilder<> &B, Value *At, Value *Old, Value *New) {
    return B.CreateExtractValue(
        B.CreateAtomicCmpXchg(At, Old, New, Align(8),
                              AtomicOrdering::AcquireRelease, Acquire),
        1);
  };

  IRBuilder<> B(Begin);
  Value *CellAt = B.CreateIntToPtr(Poll->getArg(0), Ptr);
  Value *LoopsAt =
      B.CreatePtrAdd(CellAt, B.getInt64(offsetof(Cell, LoopsLeft)));
  Value *SeenAt =
      B.CreatePtrAdd(CellAt, B.getInt64(offsetof(Cell, Continuations)));
  B.CreateStore(B.getInt32(PollInterval), LoopsAt, /*isVolatile=*/true);
  Value *Seen = LoadSeen(B, SeenAt);
  B.CreateCondBr(B.CreateIsNull(Seen), First, Again);

  B.SetInsertPoint(First);
  B.CreateCondBr(Swap(B, SeenAt, B.getInt64(0), B.getInt64(1)), Call, Look);
  B.SetInsertPoint(Call);
  auto CallHook = [&] {
    B.CreateCall(Hook, {Poll->getArg(1), Poll->getArg(2),
                        B.CreateAdd(B.CreateZExt(Poll->getArg(3), Long),
                                    B.getInt64(1))});
  };
  CallHook();
  B.CreateBr(Look);

  B.SetInsertPoint(Again);
  B.CreateCondBr(B.CreateTrunc(Seen, B.getInt1Ty()), Polled, Look);
  B.SetInsertPoint(Polled);
  Value *Loop = B.CreateZExt(Poll->getArg(3), Long);
  Value *Number = B.CreateSelect(B.CreateICmpULT(Loop, B.getInt64(63)), Loop,
                                 B.getInt64(63));
  Value *Bit = B.CreateSelect(
      B.CreateICmpULT(Loop, B.getInt64(LoopsEverPolled)),
      B.CreateShl(B.getInt64(uint64_t(1) << EverPolledShift), Loop),
      B.getInt64(0));
  const uint64_t EverPolledMask = ~uint64_t(0) << EverPolledShift;
  Value *Polls = B.CreateAnd(Seen, PollsMask);
  Value *Notes[] = {
      B.CreateSelect(B.CreateICmpEQ(Polls, B.getInt64(PollsMask)), Polls,
                     B.CreateAdd(Polls, B.getInt64(2))),
      B.CreateShl(B.CreateAdd(Number, B.getInt64(1)), LastPolledShift),
      B.CreateAnd(Seen, EverPolledMask), Bit};
  Swap(B, SeenAt, Seen, B.CreateOr(Notes));
  B.CreateBr(None);

  B.SetInsertPoint(Look);
  Value *Table = LoadSeen(B, SeenAt);
  B.CreateCondBr(
      B.CreateOr(B.CreateIsNull(Table), B.CreateTrunc(Table, B.getInt1Ty())),
      None, Find);
  B.SetInsertPoint(Find);
  Value *TableAt = B.CreateIntToPtr(Table, Ptr);
  Value *EntryAt = B.CreateGEP(
      Ptr, B.CreatePtrAdd(TableAt, B.getInt64(sizeof(ContinuationTable))),
      B.CreateZExt(Poll->getArg(3), Long));
  Value *Entry = LoadSeen(B, EntryAt);
  B.CreateCondBr(B.CreateIsNull(Entry), None, Made);
  B.SetInsertPoint(Made);
  B.CreateCondBr(B.CreateTrunc(Entry, B.getInt1Ty()), Left, Enter);
  B.SetInsertPoint(Left);
  B.CreateCondBr(B.CreateICmpEQ(Entry, B.getInt64(1)), Ask, Soon);
  B.SetInsertPoint(Soon);
  Swap(B, EntryAt, Entry, B.CreateSub(Entry, B.getInt64(2)));
  B.CreateStore(B.getInt32(0), LoopsAt, /*isVolatile=*/true);
  B.CreateBr(None);
  B.SetInsertPoint(Ask);
  B.CreateCondBr(Swap(B, EntryAt, Entry, B.getInt64(0)), Asked, None);
  B.SetInsertPoint(Asked);
  CallHook();
  B.CreateBr(Look);
  B.SetInsertPoint(Enter);
  B.CreateAtomicRMW(AtomicRMWInst::Add, TableAt, B.getInt64(1), Align(8),
                    AtomicOrdering::Monotonic);
  B.CreateBr(Found);

  B.SetInsertPoint(None);
  B.CreateRet(ConstantPointerNull::get(Ptr));
  B.SetInsertPoint(Found);
  B.CreateRet(B.CreateIntToPtr(Entry, Ptr));
}

ThreadSafeModule createPollModule(const DataLayout &Layout,
                                  const Triple &Target) {
  auto Context = std::make_unique<LLVMContext>();
  auto M = std::make_unique<Module>("<reopt poll>", *Context);
  M->setDataLayout(Layout);
  M->setTargetTriple(Target);
  definePoll(cast<Function>(declarePoll(*M).getCallee()));
  return ThreadSafeModule(std::move(M), std::move(Context));
}

} // namespace reopt
