//===-- ExitHandlers.cpp --------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExitHandlers.h"
#include "llvm/ExecutionEngine/JITLink/JITLink.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/InstrTypes.h"
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
  llvm::Function *F = Mod.getFunction("__cxa_atexit");
  if (!F || !F->isDeclaration() || F->arg_size() != 3)
    return;
  F->setName(SymbolName);
  // The third argument says which library registers; here it says which
  // session.
  auto *Handle = ConstantExpr::getIntToPtr(
      ConstantInt::get(Type::getInt64Ty(Mod.getContext()),
                       reinterpret_cast<uintptr_t>(this)),
      PointerType::getUnqual(Mod.getContext()));
  for (User *U : F->users())
    if (auto *Call = dyn_cast<CallBase>(U); Call && Call->arg_size() == 3)
      Call->setArgOperand(2, Handle);
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

void ExitHandlers::modifyPassConfig(MaterializationResponsibility &MR,
                                    jitlink::LinkGraph &,
                                    jitlink::PassConfiguration &Config) {
  ResourceKey Key = 0;
  // A tracker that is gone already will have its link fail.
  consumeError(MR.withResourceKeyDo([&](ResourceKey K) { Key = K; }));
  Config.PostFixupPasses.push_back([this, Key](jitlink::LinkGraph &G) {
    std::lock_guard<std::mutex> Lock(M);
    for (jitlink::Section &S : G.sections())
      if (jitlink::SectionRange R(S); !R.empty())
        Ranges.push_back({R.getRange(), Key});
    return Error::success();
  });
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
