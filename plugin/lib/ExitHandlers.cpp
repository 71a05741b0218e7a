//===-- ExitHandlers.cpp --------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExitHandlers.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

int ExitHandlers::add(Function F, void *Object, void *Handle) {
  auto &Self = *static_cast<ExitHandlers *>(Handle);
  std::lock_guard<std::mutex> Lock(Self.M);
  Self.Handlers.push_back({F, Object});
  return 0;
}

void ExitHandlers::intercept(Module &Mod) {
  auto *PtrTy = PointerType::getUnqual(Mod.getContext());
  // The third argument of __cxa_atexit says which library registers; here it
  // says which session.
  auto *Handle = ConstantExpr::getIntToPtr(
      ConstantInt::get(Type::getInt64Ty(Mod.getContext()),
                       reinterpret_cast<uintptr_t>(this)),
      PtrTy);
  auto *Ty = FunctionType::get(Type::getInt32Ty(Mod.getContext()),
                               {PtrTy, PtrTy, PtrTy}, /*isVarArg=*/false);
  // atexit() too, so that the order of both kinds is kept. Its handler takes no
  // argument, and will not miss the null that it gets.
  for (const char *Name : {"__cxa_atexit", "atexit"}) {
    llvm::Function *F = Mod.getFunction(Name);
    if (!F || !F->isDeclaration())
      continue;
    for (User *U : make_early_inc_range(F->users())) {
      auto *Call = dyn_cast<CallInst>(U);
      if (!Call || Call->getCalledFunction() != F || Call->arg_size() == 0)
        continue;
      Value *Object = Call->arg_size() == 3 ? Call->getArgOperand(1)
                                            : ConstantPointerNull::get(PtrTy);
      IRBuilder<> B(Call);
      Call->replaceAllUsesWith(
          B.CreateCall(Mod.getOrInsertFunction(SymbolName, Ty),
                       {Call->getArgOperand(0), Object, Handle}));
      Call->eraseFromParent();
    }
  }
}

bool ExitHandlers::isIn(const void *Address, ResourceKey K) const {
  const ExecutorAddr A = ExecutorAddr::fromPtr(Address);
  return any_of(Ranges, [&](const Range &R) {
    return R.Owner == K && R.Addresses.contains(A);
  });
}

void ExitHandlers::runFor(ResourceKey K) {
  // A destructor may register more; look again until none is left.
  while (true) {
    std::unique_lock<std::mutex> Lock(M);
    auto I = find_if(reverse(Handlers), [&](const Handler &H) {
      return isIn(H.Object ? H.Object : reinterpret_cast<void *>(H.F), K);
    });
    if (I == Handlers.rend())
      return;
    Handler H = *I;
    Handlers.erase(std::next(I).base());
    Lock.unlock();
    H.F(H.Object);
  }
}

void ExitHandlers::runAll() {
  while (true) {
    std::unique_lock<std::mutex> Lock(M);
    if (Handlers.empty())
      return;
    Handler H = Handlers.back();
    Handlers.pop_back();
    Lock.unlock();
    H.F(H.Object);
  }
}

void ExitHandlers::linked(jitlink::LinkGraph &G, ResourceKey Owner) {
  std::lock_guard<std::mutex> Lock(M);
  for (jitlink::Section &S : G.sections())
    if (jitlink::SectionRange R(S); !R.empty())
      Ranges.push_back({R.getRange(), Owner});
}

Error ExitHandlers::notifyRemovingResources(JITDylib &, ResourceKey K) {
  std::lock_guard<std::mutex> Lock(M);
  erase_if(Ranges, [&](const Range &R) { return R.Owner == K; });
  return Error::success();
}

void ExitHandlers::notifyTransferringResources(JITDylib &, ResourceKey Dst,
                                               ResourceKey Src) {
  std::lock_guard<std::mutex> Lock(M);
  for (Range &R : Ranges)
    if (R.Owner == Src)
      R.Owner = Dst;
}

} // namespace reopt
