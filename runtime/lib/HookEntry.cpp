//===-- HookEntry.cpp -----------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/HookEntry.h"
#include "ExecutorDispatch.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"
#include "llvm/ExecutionEngine/Orc/Layer.h"
#include "llvm/ExecutionEngine/Orc/Mangling.h"
#include "llvm/ExecutionEngine/Orc/Shared/SimplePackedSerialization.h"
#include "llvm/ExecutionEngine/Orc/ThreadSafeModule.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

/// What the session's dispatch handler needs: it may outlive the object.
struct HookEntry::Shared {
  std::mutex Mutex; ///< Guards what follows.
  QuestionsInWork Pushes;
  /// By TripRecord::Function; null where there is none.
  std::vector<TripRecord *> Records;

  void trip(uint64_t Id, uint64_t Caller) {
    TripRecord *R = nullptr;
    {
      std::lock_guard<std::mutex> Lock(Mutex);
      if (Id < Records.size())
        R = Records[Id];
      if (!R)
        return;
      Pushes.begin();
    }
    R->Inbox->push(*R, Caller);
    std::lock_guard<std::mutex> Lock(Mutex);
    Pushes.end();
  }
};

/// SelfExecutorProcessControl is its own dispatch context. (A cast would tell,
/// but LLVM is often built, and used, without run-time type information.)
bool isThisProcess(const ExecutorProcessControl &EPC) {
  return EPC.getJITDispatchInfo().JITDispatchContext ==
         ExecutorAddr::fromPtr(&EPC);
}

Expected<std::unique_ptr<HookEntry>> HookEntry::Create(ExecutionSession &ES) {
  std::unique_ptr<HookEntry> Hook(new HookEntry(ES));
  auto &EPC = ES.getExecutorProcessControl();
  if (isThisProcess(EPC))
    return std::move(Hook);
  if (!EPC.getJITDispatchInfo().JITDispatchFunction)
    return createStringError("the executor has no JIT dispatch: no hook");
  Hook->Remote = std::make_shared<Shared>();
  Hook->Tag = makeDispatchTag();
  Hook->ErrnoLocation = findErrnoLocation(ES);
  auto Handler =
      [S = Hook->Remote](ExecutionSession::SendResultFunction SendResult,
                         const char *Data, size_t Size) {
        shared::SPSInputBuffer Arguments(Data, Size);
        uint64_t Id, Caller;
        uint32_t Version;
        if (shared::SPSArgList<uint64_t, uint32_t, uint64_t>::deserialize(
                Arguments, Id, Version, Caller))
          S->trip(Id, Caller);
        SendResult({});
      };
  if (auto Err = registerDispatchHandler(ES, Hook->Tag, std::move(Handler)))
    return std::move(Err);
  return std::move(Hook);
}

HookEntry::~HookEntry() { shutdown(); }

Error HookEntry::define(const ResourceTrackerSP &RT, IRLayer &Base,
                        const DataLayout &Layout) {
  if (Remote)
    return Base.add(RT, createModule(Layout));
  return RT->getJITDylib().define(
      absoluteSymbols(
          {{MangleAndInterner(ES, Layout)(HookName),
            {ExecutorAddr::fromPtr(&reopt_hook),
             JITSymbolFlags::Exported | JITSymbolFlags::Callable}}}),
      RT);
}

/// void __orc_rt_reoptimize(uint64_t Id, uint32_t Version, uint64_t Caller) {
///   struct __attribute__((packed)) {...} Arguments = {Id, Version, Caller};
///   int Errno = errno;
///   CWrapperFunctionBuffer Ignored = Dispatch(Context, Tag, &Arguments, 20);
///   errno = Errno;
/// }
///
/// The arguments' layout is that of SPS, which packs, on the little-endian
/// targets that have stubs. These return the buffer, two words, in registers,
/// as they do {i64, i64}. It is empty, or a message that the session is gone;
/// that is lost, since the executor's free() is not known.
ThreadSafeModule HookEntry::createModule(const DataLayout &Layout) {
  auto &EPC = ES.getExecutorProcessControl();
  auto Context = std::make_unique<LLVMContext>();
  auto M = std::make_unique<Module>("<reopt hook>", *Context);
  M->setDataLayout(Layout);
  M->setTargetTriple(EPC.getTargetTriple());

  IRBuilder<> B(*Context);
  Type *I64 = B.getInt64Ty(), *I32 = B.getInt32Ty(), *Ptr = B.getPtrTy();
  auto *Hook = Function::Create(
      FunctionType::get(B.getVoidTy(), {I64, I32, I64}, /*isVarArg=*/false),
      GlobalValue::ExternalLinkage, HookName, *M);
  Hook->setDoesNotThrow();
  B.SetInsertPoint(BasicBlock::Create(*Context, "", Hook));
  auto At = [&](ExecutorAddr Addr) {
    return ConstantExpr::getIntToPtr(B.getInt64(Addr.getValue()), Ptr);
  };

  auto *ArgumentsTy =
      StructType::get(*Context, {I64, I32, I64}, /*isPacked=*/true);
  Value *Arguments = B.CreateAlloca(ArgumentsTy);
  for (Argument &A : Hook->args())
    B.CreateStore(&A, B.CreateStructGEP(ArgumentsTy, Arguments, A.getArgNo()));
  Value *ErrnoPtr = nullptr, *Errno = nullptr;
  if (ErrnoLocation) {
    ErrnoPtr = B.CreateCall(FunctionType::get(Ptr, /*isVarArg=*/false),
                            At(ErrnoLocation));
    Errno = B.CreateLoad(I32, ErrnoPtr);
  }
  const auto &Dispatch = EPC.getJITDispatchInfo();
  B.CreateCall(FunctionType::get(StructType::get(I64, I64),
                                 {Ptr, Ptr, Ptr, I64}, /*isVarArg=*/false),
               At(Dispatch.JITDispatchFunction),
               {At(Dispatch.JITDispatchContext), At(Tag), Arguments,
                B.getInt64(Layout.getTypeAllocSize(ArgumentsTy))});
  if (Errno)
    B.CreateStore(Errno, ErrnoPtr);
  B.CreateRetVoid();
  return ThreadSafeModule(std::move(M), std::move(Context));
}

void HookEntry::add(TripRecord &R) {
  if (!Remote)
    return;
  std::lock_guard<std::mutex> Lock(Remote->Mutex);
  if (Remote->Records.size() <= R.Function)
    Remote->Records.resize(R.Function + 1);
  Remote->Records[R.Function] = &R;
}

uint64_t HookEntry::getId(const TripRecord &R) const {
  return Remote ? R.Function : R.getHookId();
}

void HookEntry::shutdown() {
  if (!Remote)
    return;
  std::unique_lock<std::mutex> Lock(Remote->Mutex);
  Remote->Records.clear();
  Remote->Pushes.waitForNone(Lock);
}

} // namespace reopt
