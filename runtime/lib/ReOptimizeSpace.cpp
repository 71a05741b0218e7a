//===-- ReOptimizeSpace.cpp -----------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What machine code of ours needs in a JITDylib: the hook, the poll, and where
// executions are counted the unwinder.
//
//===----------------------------------------------------------------------===//

#include "reopt/PollFunction.h"
#include "reopt/ReOptimizeLayer.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"
#include "llvm/Support/FormatVariadic.h"
#include <unwind.h>

using namespace llvm;
using namespace llvm::orc;

/// Of the C++ runtime that this library is linked with.
extern "C" int __gxx_personality_v0(...);

namespace reopt {

/// What tripping code calls lives as long as the session, in a JITDylib that
/// nobody else has: code that was removed may run on for a while.
Error ReOptimizeLayer::defineSlowPath() {
  static std::atomic<unsigned> Layers{0};
  // Not a bare one: the ORC runtime must know whose code it is.
  const std::string Name = formatv("<reopt {0}>", Layers++);
  auto Created = Place.CreateJITDylib ? Place.CreateJITDylib(Name)
                                      : ES.createJITDylib(Name);
  if (!Created)
    return Created.takeError();
  SlowPath = &*Created;
  auto RT = SlowPath->getDefaultResourceTracker();
  if (auto Err = Hook->define(RT, Place.Base, Place.Layout))
    return Err;
  return Place.Base.add(
      RT, createPollModule(Place.Layout,
                           ES.getExecutorProcessControl().getTargetTriple()));
}

/// Code that counts its executions has to do so when an exception passes, too.
/// What does not use exceptions otherwise may be linked without their runtime.
Error ReOptimizeLayer::defineUnwinder(JITDylib &JD,
                                      const ResourceTrackerSP &RT) {
  SymbolMap Ours = {
      {Mangle("__gxx_personality_v0"),
       {ExecutorAddr::fromPtr(&__gxx_personality_v0), {}}},
      {Mangle("_Unwind_Resume"), {ExecutorAddr::fromPtr(&_Unwind_Resume), {}}}};
  SymbolLookupSet Names;
  for (auto &[Name, Symbol] : Ours)
    Names.add(Name, SymbolLookupFlags::WeaklyReferencedSymbol);
  JITDylibSearchOrder Order;
  JD.withLinkOrderDo(
      [&](const JITDylibSearchOrder &LinkOrder) { Order = LinkOrder; });
  auto Found = ES.lookupFlags(LookupKind::Static, std::move(Order), Names);
  if (!Found)
    return Found.takeError();
  SymbolMap Missing;
  for (auto &[Name, Symbol] : Ours)
    if (!Found->count(Name))
      Missing[Name] = {Symbol.getAddress(),
                       JITSymbolFlags::Exported | JITSymbolFlags::Callable};
  return Missing.empty() ? Error::success()
                         : JD.define(absoluteSymbols(std::move(Missing)), RT);
}

Expected<ReOptimizeLayer::Space &> ReOptimizeLayer::getSpace(JITDylib &JD) {
  auto Find = [&]() -> Space * {
    std::lock_guard<std::mutex> Lock(M);
    auto I = Spaces.find(&JD);
    return I == Spaces.end() || I->second->Support->isDefunct()
               ? nullptr
               : I->second.get();
  };
  if (Space *S = Find())
    return *S;
  std::lock_guard<std::mutex> OneByOne(Preparing);
  if (Space *S = Find())
    return *S;
  // Who removes the default tracker removes what it added, and nothing of ours.
  ResourceTrackerSP RT = JD.createResourceTracker();
  SymbolAliasMap Ours;
  for (const char *Name : {HookName, PollName})
    Ours[Mangle(Name)] = {Mangle(Name),
                          JITSymbolFlags::Exported | JITSymbolFlags::Callable};
  Error Err = JD.define(reexports(*SlowPath, std::move(Ours)), RT);
  if (!Err && Place.Old == OldCode::Count)
    Err = defineUnwinder(JD, RT);
  if (Err)
    return joinErrors(std::move(Err), RT->remove());
  std::lock_guard<std::mutex> Lock(M);
  Space &S =
      *Spaces.try_emplace(&JD, std::make_shared<Space>(JD)).first->second;
  std::swap(S.Support, RT);
  return S;
}

} // namespace reopt
