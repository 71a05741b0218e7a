//===- RedefinableSymbols.cpp - Functions defined more than once ----------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What talks to ORC, and is called by it. Nothing here holds M but for the
// moment of a decision.
//
//===----------------------------------------------------------------------===//

#include "reopt/RedefinableSymbols.h"
#include "RedefinableState.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <atomic>
#include <deque>
#include <utility>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

//===----------------------------------------------------------------------===//
// Requests
//===----------------------------------------------------------------------===//

/// Called under the session lock, which keeps the owner from being removed.
std::shared_ptr<Owner> RedefinableState::getOwner(Dylib &D, ResourceKey K) {
  {
    std::lock_guard<std::mutex> Lock(M);
    if (auto O = Owners.lookup(K))
      return O;
  }
  auto O = std::make_shared<Owner>();
  O->D = &D;
  O->Key = K;
  std::lock_guard<std::mutex> Lock(M);
  if (!Closed)
    Owners[K] = O;
  return O;
}

/// Called under the session lock, too.
ResourceTrackerSP RedefinableState::getInner(const std::shared_ptr<Owner> &O,
                                             size_t Symbols) {
  {
    std::lock_guard<std::mutex> Lock(M);
    if (!O->Inner.empty() && O->InLast + Symbols <= Owner::SymbolsPerTracker) {
      O->InLast += Symbols;
      return O->Inner.back();
    }
  }
  // ORC is not called under M.
  ResourceTrackerSP New = O->D->Public->createResourceTracker();
  std::lock_guard<std::mutex> Lock(M);
  O->Inner.push_back(New);
  O->InLast = Symbols;
  if (!Closed)
    Owners[New->getKeyUnsafe()] = O;
  return New;
}

/// Whether \p Definition is one of functions and nothing else.
static Error checkDefinition(JITDylib &JD,
                             const MaterializationUnit *Definition) {
  if (!Definition)
    return createStringError("no definition: the MaterializationUnit for " +
                             JD.getName() + " is null");
  if (Definition->getInitializerSymbol())
    return createStringError(
        "definition " + Definition->getName() + " in " + JD.getName() +
        " has static initialisers, and only functions are redefinable: define "
        "the initialisers, and the data that they set, apart and as usual");
  for (auto &[N, F] : Definition->getSymbols())
    if (!F.isCallable() || F.hasMaterializationSideEffectsOnly())
      return createStringError("symbol " + *N + " in " + JD.getName() +
                               " is no function: it cannot be redefinable");
  if (Definition->getSymbols().empty())
    return createStringError("a definition of no symbols");
  return Error::success();
}

Error RedefinableState::define(ResourceTrackerSP RT,
                               std::unique_ptr<MaterializationUnit> Definition,
                               When W) {
  JITDylib &JD = RT->getJITDylib();
  if (auto Err = checkDefinition(JD, Definition.get()))
    return Err;
  SymbolFlagsMap Flags = Definition->getSymbols();

  Dylib *D;
  {
    std::lock_guard<std::mutex> Lock(M);
    if (Closed)
      return createStringError("redefinable symbols are shut down");
    D = &getDylib(JD);
  }
  auto V = createVersion(*D, std::move(Definition), W);
  if (!V)
    return V.takeError();

  auto U = std::make_shared<RedefinableUnit>();
  U->D = D;
  U->First = *V;
  U->Names.assign((*V)->Names.begin(), (*V)->Names.end());
  std::unique_ptr<RedefinableMaterializationUnit> MU(
      new RedefinableMaterializationUnit(shared_from_this(), U, Flags));
  // ORC tells nobody that a unit was defined, so this is one step with it.
  Aftermath A;
  Error Err = ES.runSessionLocked([&]() -> Error {
    if (auto Err = RT->withResourceKeyDo(
            [&](ResourceKey K) { U->O = getOwner(*D, K); }))
      return Err;
    if (auto Err = JD.define(std::move(MU), getInner(U->O, Flags.size())))
      return Err;
    std::lock_guard<std::mutex> Lock(M);
    if (!Closed && !U->Names.empty())
      registerUnit(U, Flags, A);
    return Error::success();
  });
  if (Err) {
    MU = nullptr;
    if ((*V)->Attached)
      discardVersion(*V);
  }
  carryOut(std::move(A));
  return Err;
}

void RedefinableState::redefine(JITDylib &JD,
                                std::unique_ptr<MaterializationUnit> Definition,
                                DoneFn Done, When W) {
  if (!Done)
    Done = [this](Expected<Outcome> Result) {
      if (!Result)
        ES.reportError(Result.takeError());
    };
  if (auto Err = checkDefinition(JD, Definition.get()))
    return Done(std::move(Err));
  const SymbolFlagsMap Flags = Definition->getSymbols();
  Dylib *D = nullptr;
  Error Err = Error::success();
  {
    std::lock_guard<std::mutex> Lock(M);
    Err = check(JD, Flags);
    if (!Err)
      D = &getDylib(JD);
  }
  if (Err)
    return Done(std::move(Err));
  auto V = createVersion(*D, std::move(Definition), W);
  if (!V)
    return Done(V.takeError());
  Aftermath A;
  {
    std::unique_lock<std::mutex> Lock(M);
    if (auto Gone = check(JD, Flags)) { // Meanwhile.
      Lock.unlock();
      discardVersion(*V);
      return Done(std::move(Gone));
    }
    (*V)->Req->Done = std::move(Done);
    request(*V, A);
  }
  carryOut(std::move(A));
}

//===----------------------------------------------------------------------===//
// The unit in the user's JITDylib
//===----------------------------------------------------------------------===//

void RedefinableState::materialize(
    std::shared_ptr<RedefinableUnit> U,
    std::unique_ptr<MaterializationResponsibility> R) {
  bool Removed;
  auto Resolved = [&] {
    std::lock_guard<std::mutex> Lock(M);
    Removed = Closed || U->Gone;
    return createStubs(*U, R->getSymbols());
  }();
  if (!Resolved) {
    unitDestroyed(std::move(U));
    if (Removed)
      consumeError(Resolved.takeError());
    else
      ES.reportError(Resolved.takeError());
    return R->failMaterialization();
  }
  Aftermath A;
  if (auto Err = R->notifyResolved(*Resolved)) {
    consumeError(std::move(Err)); // Removed.
  } else {
    std::unique_lock<std::mutex> Lock(M);
    if (!Closed && !U->Gone) {
      enterGate(U, std::move(R), A);
      Lock.unlock();
      return carryOut(std::move(A));
    }
  }
  // Removed, or shut down, meanwhile: nobody is interested.
  unitDestroyed(std::move(U));
  R->failMaterialization();
}

/// Called under the session lock: another definition of \p Name prevails.
void RedefinableState::discard(RedefinableUnit &U, const SymbolStringPtr &N) {
  Aftermath A;
  {
    std::lock_guard<std::mutex> Lock(M);
    if (Closed)
      return;
    if (U.Gone)
      return;
    auto SI = U.D->Symbols.find(N);
    erase(U.Names, N);
    auto Discard = [&](VersionSP V) {
      A.Hold.push_back(V);
      V->Req->Discarded.push_back(N);
      SI->second.Shadows.reset(V->Shadow);
      erase(V->Names, N);
      V->Req->Addresses.erase(N);
    };
    if (U.First) { // It is just being defined.
      Discard(U.First);
      release(U.First, A);
    } else {
      for (const VersionSP &V : U.D->Contested.lookup(N)) {
        if (V->St == VersionStage::Waiting)
          Discard(V);
        lose(*U.D, N, V, true, A);
        tellIfDecided(*V, A);
      }
      SI->second.Home = nullptr;
    }
    if (!SI->second.Home && SI->second.Shadows.none())
      U.D->Symbols.erase(SI);
  }
  carryOutLater(std::move(A));
}

/// Called under the session lock, if the unit was never materialised.
void RedefinableState::unitDestroyed(std::shared_ptr<RedefinableUnit> U) {
  Aftermath A;
  {
    std::lock_guard<std::mutex> Lock(M);
    if (!Closed && !U->First)
      removeUnit(*U, A);
  }
  carryOutLater(std::move(A));
}

RedefinableMaterializationUnit::RedefinableMaterializationUnit(
    std::shared_ptr<RedefinableState> S, std::shared_ptr<RedefinableUnit> U,
    SymbolFlagsMap Flags)
    : MaterializationUnit(Interface(std::move(Flags), nullptr)),
      S(std::move(S)), U(std::move(U)) {}

RedefinableMaterializationUnit::~RedefinableMaterializationUnit() {
  if (U)
    S->unitDestroyed(std::move(U));
}

StringRef RedefinableMaterializationUnit::getName() const {
  return "<Redefinable Symbols>";
}

void RedefinableMaterializationUnit::materialize(
    std::unique_ptr<MaterializationResponsibility> R) {
  S->materialize(std::move(U), std::move(R));
}

void RedefinableMaterializationUnit::discard(const JITDylib &,
                                             const SymbolStringPtr &Name) {
  S->discard(*U, Name);
}

//===----------------------------------------------------------------------===//
// The rest
//===----------------------------------------------------------------------===//

Error RedefinableState::setUpLazyEntries(ExecutorAddr ErrorHandler) {
  // shutdown() waits for calls of this, so the state is there.
  auto New = LazyEntries::Create(
      ES, ErrorHandler,
      [this](uint64_t Id, LazyEntries::NotifyLandingResolved Answer) {
        shared_from_this()->onFirstCall(Id, std::move(Answer));
      });
  if (!New)
    return New.takeError();
  Entries = std::move(*New);
  return Error::success();
}

bool RedefinableState::isRedefinable(JITDylib &JD, const SymbolStringPtr &N) {
  std::lock_guard<std::mutex> Lock(M);
  auto D = Dylibs.find(&JD);
  if (D == Dylibs.end())
    return false;
  auto I = D->second->Symbols.find(N);
  return I != D->second->Symbols.end() && I->second.Home;
}

Error RedefinableState::forget(JITDylib &JD) {
  std::vector<JITDylibSP> Shadows;
  {
    std::lock_guard<std::mutex> Lock(M);
    auto I = Dylibs.find(&JD);
    if (I == Dylibs.end())
      return Error::success();
    for (auto &[K, O] : Owners)
      if (O->D == I->second.get())
        return createStringError("not all redefinable symbols of " +
                                 JD.getName() + " are removed");
    Shadows = I->second->Shadows;
    Forgotten.push_back(std::move(I->second));
    Dylibs.erase(I);
  }
  return ES.removeJITDylibs(std::move(Shadows));
}

void RedefinableState::shutdown() {
  Aftermath A;
  decltype(Dylibs) OldDylibs;
  decltype(Forgotten) OldForgotten;
  decltype(Owners) OldOwners;
  decltype(Retired) OldRetired;
  decltype(LazyCalls) OldCalls;
  {
    std::lock_guard<std::mutex> Lock(M);
    if (Closed)
      return;
    close(A);
    std::swap(Dylibs, OldDylibs);
    std::swap(Forgotten, OldForgotten);
    std::swap(Owners, OldOwners);
    std::swap(Retired, OldRetired);
    std::swap(LazyCalls, OldCalls);
    NumVersions = 0;
  }
  ES.deregisterResourceManager(*this);
  carryOut(std::move(A));
  if (Entries)
    if (auto Err = Entries->shutdown())
      ES.reportError(std::move(Err));
}

RedefinableSymbols::Usage RedefinableState::usage() {
  std::lock_guard<std::mutex> Lock(M);
  RedefinableSymbols::Usage U;
  DenseSet<Version *> Requests;
  for (auto &[JD, D] : Dylibs) {
    U.Shadows += D->Shadows.size();
    for (auto &[N, S] : D->Symbols)
      U.Symbols += bool(S.Home);
    for (auto &[N, List] : D->Contested)
      for (auto &V : List)
        Requests.insert(V.get());
  }
  U.Requests = Requests.size();
  U.Versions = NumVersions;
  return U;
}

RedefinableSymbols::RedefinableSymbols(std::shared_ptr<RedefinableState> S)
    : S(std::move(S)) {}

RedefinableSymbols::~RedefinableSymbols() { shutdown(); }

Expected<std::unique_ptr<RedefinableSymbols>>
RedefinableSymbols::Create(ExecutionSession &ES, StubTable &Stubs, Setup S) {
  auto State =
      std::make_shared<RedefinableState>(ES, Stubs, std::move(S.Retire));
  if (S.LazyErrorHandler)
    if (auto Err = State->setUpLazyEntries(S.LazyErrorHandler))
      return std::move(Err);
  ES.registerResourceManager(*State);
  return std::unique_ptr<RedefinableSymbols>(
      new RedefinableSymbols(std::move(State)));
}

Error RedefinableSymbols::define(
    ResourceTrackerSP RT, std::unique_ptr<MaterializationUnit> Definition,
    When W) {
  return S->define(std::move(RT), std::move(Definition), W);
}

Error RedefinableSymbols::define(
    JITDylib &JD, std::unique_ptr<MaterializationUnit> Definition, When W) {
  return S->define(JD.getDefaultResourceTracker(), std::move(Definition), W);
}

void RedefinableSymbols::redefine(
    JITDylib &JD, std::unique_ptr<MaterializationUnit> Definition, DoneFn Done,
    When W) {
  S->redefine(JD, std::move(Definition), std::move(Done), W);
}

bool RedefinableSymbols::isRedefinable(JITDylib &JD,
                                       const SymbolStringPtr &Name) const {
  return S->isRedefinable(JD, Name);
}

Error RedefinableSymbols::forget(JITDylib &JD) { return S->forget(JD); }

void RedefinableSymbols::shutdown() { S->shutdown(); }

void RedefinableSymbols::noteError(const Error &Err) {
  RedefinableState::noteError(Err);
}

RedefinableSymbols::Usage RedefinableSymbols::usage() const {
  return S->usage();
}
