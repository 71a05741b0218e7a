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

namespace {

/// Versions that this thread is to link. With tasks in place, ORC comes to the
/// next unit while a look-up for the one before is just being made; without a
/// queue each would nest in the other, and thousands overflow the stack.
using VersionQueue =
    std::deque<std::pair<std::shared_ptr<RedefinableState>, VersionSP>>;
thread_local VersionQueue *LinkQueue = nullptr;

/// While code of others runs that may wait for a look-up, what it brings about
/// is not left for later.
struct LinkAtOnce {
  LinkAtOnce() : Saved(std::exchange(LinkQueue, nullptr)) {}
  ~LinkAtOnce() { LinkQueue = Saved; }
  VersionQueue *Saved;
};

/// A version in its shadow. When ORC comes to it, it may not be wanted any
/// more.
class VersionMaterializationUnit : public MaterializationUnit {
public:
  VersionMaterializationUnit(std::shared_ptr<RedefinableState> S, VersionSP V,
                             std::unique_ptr<MaterializationUnit> Definition)
      : MaterializationUnit(Interface(Definition->getSymbols(), nullptr)),
        S(std::move(S)), V(std::move(V)), Definition(std::move(Definition)) {}

  StringRef getName() const override { return Definition->getName(); }

  void materialize(std::unique_ptr<MaterializationResponsibility> R) override {
    if (!S->begin(*V))
      return R->failMaterialization();
    V = nullptr;
    S = nullptr;
    LinkAtOnce AtOnce;
    Definition->materialize(std::move(R));
  }

private:
  void discard(const JITDylib &JD, const SymbolStringPtr &Name) override {
    Definition->doDiscard(JD, Name);
  }

  std::shared_ptr<RedefinableState> S;
  VersionSP V;
  std::unique_ptr<MaterializationUnit> Definition;
};

} // namespace

//===----------------------------------------------------------------------===//
// Versions: made, linked
//===----------------------------------------------------------------------===//

Expected<VersionSP> RedefinableState::createVersion(
    Dylib &D, std::unique_ptr<MaterializationUnit> Definition, When W) {
  if (W == When::OnFirstCall && !Entries)
    return createStringError(
        "lazy definitions need RedefinableSymbols::Setup::LazyErrorHandler");
  VersionSP V(new Version);
  V->D = &D;
  V->Lazy = W == When::OnFirstCall;
  for (auto &[N, F] : Definition->getSymbols())
    V->Names.push_back(N);
  V->Attached = V->Names.size();
  V->Req = std::make_unique<Request>();
  V->Req->Definition = std::move(Definition);

  JITDylibSP Shadow;
  while (true) {
    {
      std::lock_guard<std::mutex> Lock(M);
      if (Closed)
        return createStringError("redefinable symbols are shut down");
      SmallBitVector Used(D.Shadows.size());
      for (auto &N : V->Names)
        Used |= D.Symbols[N].Shadows;
      int Free = Used.find_first_unset();
      if (Free >= 0) {
        V->Shadow = Free;
        Shadow = D.Shadows[Free];
        for (auto &N : V->Names) {
          auto &Shadows = D.Symbols[N].Shadows;
          if (Shadows.size() <= V->Shadow)
            Shadows.resize(V->Shadow + 1);
          Shadows.set(V->Shadow);
        }
        ++NumVersions;
        break;
      }
    }
    // Not bare: the platform must know where exception tables go.
    static std::atomic<unsigned> Count{0};
    auto New = ES.createJITDylib(
        formatv("<{0}: versions {1}>", D.Public->getName(), Count++));
    if (!New)
      return New.takeError();
    std::lock_guard<std::mutex> Lock(M);
    D.Shadows.push_back(&*New);
  }
  V->Code = Shadow->createResourceTracker();
  if (V->Lazy)
    if (auto Err = createEntries(*V)) {
      discardVersion(V);
      return std::move(Err);
    }
  return V;
}

Error RedefinableState::createEntries(Version &V) {
  std::vector<uint64_t> Ids;
  {
    std::lock_guard<std::mutex> Lock(M);
    for (size_t I = 0; I != V.Names.size(); ++I)
      Ids.push_back(++LastLazyId);
  }
  auto New = Entries->create(Ids);
  if (!New)
    return New.takeError();
  std::lock_guard<std::mutex> Lock(M);
  for (size_t I = 0; I != V.Names.size(); ++I) {
    V.Req->Addresses[V.Names[I]] = {(*New)[I], Ids[I]};
    LazyCalls[Ids[I]] = {VersionSP(&V), V.Names[I], (*New)[I]};
  }
  return Error::success();
}

void RedefinableState::discardVersion(VersionSP V) {
  Aftermath A;
  {
    std::lock_guard<std::mutex> Lock(M);
    if (!Closed)
      finish(std::move(V), A);
  }
  carryOut(std::move(A));
}

/// Gives \p V, which is Queued, to ORC.
void RedefinableState::link(VersionSP V) {
  std::unique_ptr<MaterializationUnit> Definition;
  std::vector<SymbolStringPtr> Discarded;
  SymbolLookupSet Names;
  JITDylibSP Shadow, Public;
  bool MayBeAwaited = false;
  {
    std::lock_guard<std::mutex> Lock(M);
    if (Closed)
      return;
    Definition = std::move(V->Req->Definition);
    Discarded = std::move(V->Req->Discarded);
    Shadow = V->D->Shadows[V->Shadow];
    Public = V->D->Public;
    for (auto &N : V->Names) {
      Names.add(N);
      auto I = V->D->Symbols.find(N);
      MayBeAwaited |= I != V->D->Symbols.end() && I->second.getUnit();
    }
  }
  for (auto &N : Discarded)
    Definition->doDiscard(*Public, N);
  JITDylibSearchOrder Order;
  Public->withLinkOrderDo([&](const JITDylibSearchOrder &O) { Order = O; });
  Shadow->setLinkOrder(std::move(Order), false);
  if (auto Err =
          Shadow->define(std::make_unique<VersionMaterializationUnit>(
                             shared_from_this(), V, std::move(Definition)),
                         V->Code))
    return onReady(V, std::move(Err));

  // Symbols at the gate are emitted as soon as addresses are known; ORC waits
  // for the rest, since it can tell cycles from what will never be ready.
  JITDylibSearchOrder InShadow = {
      {Shadow.get(), JITDylibLookupFlags::MatchAllSymbols}};
  if (MayBeAwaited)
    ES.lookup(
        LookupKind::Static, InShadow, Names, SymbolState::Resolved,
        [S = shared_from_this(), V](Expected<SymbolMap> Result) {
          S->onResolved(V, std::move(Result));
        },
        NoDependenciesToRegister);
  ES.lookup(
      LookupKind::Static, InShadow, std::move(Names), SymbolState::Ready,
      [S = shared_from_this(), V](Expected<SymbolMap> Result) {
        S->onReady(V, std::move(Result));
      },
      NoDependenciesToRegister);
}

void RedefinableState::onResolved(VersionSP V, Expected<SymbolMap> Result) {
  if (!Result)
    return consumeError(Result.takeError()); // onReady will hear of it too.
  Aftermath A;
  {
    std::lock_guard<std::mutex> Lock(M);
    if (!Closed)
      resolved(std::move(V), *Result, A);
  }
  carryOut(std::move(A));
}

void RedefinableState::onReady(VersionSP V, Expected<SymbolMap> Result) {
  Aftermath A;
  {
    std::lock_guard<std::mutex> Lock(M);
    if (Closed)
      consumeError(Result.takeError());
    else if (Result)
      ready(V, *Result, A);
    else
      failed(V, Result.takeError(), A);
  }
  carryOut(std::move(A));
}

void RedefinableState::onFirstCall(uint64_t Id,
                                   LazyEntries::NotifyLandingResolved Answer) {
  Aftermath A;
  {
    std::lock_guard<std::mutex> Lock(M);
    if (Closed)
      A.Tell.push_back(
          [Answer = std::move(Answer)]() mutable { Answer(ExecutorAddr()); });
    else
      call(Id, std::move(Answer), A);
  }
  carryOut(std::move(A));
}

void RedefinableState::carryOut(Aftermath A) {
  for (auto &E : A.Emit)
    if (auto Err = E.R->notifyEmitted(E.Groups)) {
      // That its tracker was removed is no news.
      if (Err.isA<ResourceTrackerDefunct>())
        consumeError(std::move(Err));
      else
        ES.reportError(std::move(Err));
      E.R->failMaterialization();
    }
  for (auto &R : A.Fail)
    R->failMaterialization();
  for (auto &O : A.Probe) {
    if (isWaiting(*O))
      continue; // settled() will see to it.
    std::lock_guard<std::mutex> Lock(M);
    append_range(A.Hold, O->WaitingFor);
    O->WaitingFor.clear();
    takeInner(*O, A);
  }
  for (auto &RT : A.RemoveInner)
    if (!RT->isDefunct())
      if (auto Err = RT->remove())
        ES.reportError(std::move(Err));
  for (auto &V : A.Remove) {
    if (!V->Code->isDefunct())
      if (auto Err = V->Code->remove())
        ES.reportError(std::move(Err));
    std::lock_guard<std::mutex> Lock(M);
    if (!Closed)
      removed(*V);
  }
  if (!A.Entries.empty())
    Entries->release(A.Entries);
  for (auto &Err : A.Report)
    ES.reportError(std::move(Err));
  {
    LinkAtOnce AtOnce;
    for (auto &F : A.Tell)
      F();
  }
  VersionQueue Own;
  VersionQueue &Queue = LinkQueue ? *LinkQueue : Own;
  for (auto &V : A.Start)
    Queue.emplace_back(shared_from_this(), std::move(V));
  if (LinkQueue)
    return;
  LinkQueue = &Own;
  while (!Own.empty()) {
    auto [S, V] = std::move(Own.front());
    Own.pop_front();
    S->link(std::move(V));
  }
  LinkQueue = nullptr;
}

bool RedefinableState::isWaiting(const Owner &O) {
  std::vector<std::pair<JITDylibSP, SymbolLookupSet>> LookUps;
  {
    std::lock_guard<std::mutex> Lock(M);
    if (Closed)
      return false;
    for (auto &V : O.WaitingFor)
      LookUps.push_back({V->D->Shadows[V->Shadow], SymbolLookupSet(V->Names)});
  }
  // ORC says what a look-up has to wait for before it returns; the result is of
  // no interest. (Shadows have no generators, with which that could be later.)
  bool Waits = false;
  for (auto &[Shadow, Names] : LookUps)
    ES.lookup(
        LookupKind::Static,
        {{Shadow.get(), JITDylibLookupFlags::MatchAllSymbols}},
        std::move(Names), SymbolState::Ready,
        [](Expected<SymbolMap> Result) { consumeError(Result.takeError()); },
        [&](const SymbolDependenceMap &) { Waits = true; });
  return Waits;
}

void RedefinableState::carryOutLater(Aftermath A) {
  if (A.empty())
    return;
  ES.dispatchTask(makeGenericNamedTask(
      [S = shared_from_this(), A = std::move(A)]() mutable {
        S->carryOut(std::move(A));
      },
      "reopt: end requests of removed symbols"));
}

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
  O->Inner = D.Public->createResourceTracker();
  std::lock_guard<std::mutex> Lock(M);
  if (!Closed) {
    Owners[K] = O;
    Owners[O->Inner->getKeyUnsafe()] = O;
  }
  return O;
}

Error RedefinableState::define(ResourceTrackerSP RT,
                               std::unique_ptr<MaterializationUnit> Definition,
                               When W) {
  JITDylib &JD = RT->getJITDylib();
  SymbolFlagsMap Flags = Definition->getSymbols();
  for (auto &[N, F] : Flags)
    if (!F.isCallable() || F.hasMaterializationSideEffectsOnly())
      return createStringError("symbol " + *N + " in " + JD.getName() +
                               " is no function: it cannot be redefinable");
  if (Flags.empty())
    return createStringError("a definition of no symbols");

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
    if (auto Err = JD.define(std::move(MU), U->O->Inner))
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
    // They may have gone meanwhile.
    std::lock_guard<std::mutex> Lock(M);
    Err = check(JD, Flags);
    if (!Err) {
      (*V)->Req->Done = std::move(Done);
      request(*V, A);
    }
  }
  if (Err) {
    discardVersion(*V);
    return Done(std::move(Err));
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
    std::lock_guard<std::mutex> Lock(M);
    if (!Closed && !U->Gone)
      enterGate(U, std::move(R), A);
  }
  if (!R)
    return carryOut(std::move(A));
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
      for (VersionSP V : U.D->Contested.lookup(N)) {
        if (V->St == Stage::Waiting)
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
// Trackers
//===----------------------------------------------------------------------===//

Error RedefinableState::handleRemoveResources(JITDylib &, ResourceKey K) {
  Aftermath A;
  {
    std::lock_guard<std::mutex> Lock(M);
    if (Closed)
      return Error::success();
    if (auto O = Owners.lookup(K))
      removeOwner(std::move(O), A);
    for (auto I = Retired.lower_bound(K); I != Retired.upper_bound(K); ++I) {
      removed(*I->second);
      A.Hold.push_back(I->second);
    }
    Retired.erase(K);
  }
  Error Err = Error::success();
  for (auto &E : A.Report)
    Err = joinErrors(std::move(Err), std::move(E));
  A.Report.clear();
  carryOut(std::move(A));
  return Err;
}

/// Called under the session lock.
void RedefinableState::handleTransferResources(JITDylib &, ResourceKey Dst,
                                               ResourceKey Src) {
  std::shared_ptr<Owner> From, To;
  {
    std::lock_guard<std::mutex> Lock(M);
    for (auto I = Retired.find(Src); I != Retired.end();
         I = Retired.find(Src)) {
      Retired.emplace(Dst, std::move(I->second));
      Retired.erase(I);
    }
    From = Owners.lookup(Src);
    if (!From || From->Key != Src)
      return;
    Owners.erase(Src);
    To = Owners.lookup(Dst);
    if (!To) {
      From->Key = Dst;
      Owners[Dst] = std::move(From);
      return;
    }
    Owners.erase(From->Inner->getKeyUnsafe());
    From->Into = To;
    append_range(To->WaitingFor, From->WaitingFor);
    From->WaitingFor.clear();
    for (auto &N : From->Names) {
      auto S = From->D->Symbols.find(N);
      if (S == From->D->Symbols.end())
        continue;
      if (S->second.getOwner() == From.get())
        S->second.Home = To.get();
      else if (auto *U = S->second.getUnit(); U && U->O == From)
        U->O = To;
    }
    for (auto &U : From->Gates)
      U->Place += To->Gates.size();
    append_range(To->Gates, From->Gates);
    append_range(To->Names, From->Names);
    append_range(To->Kept, From->Kept);
    append_range(To->LazyIds, From->LazyIds);
    From->Gates.clear();
    From->Kept.clear();
  }
  From->Inner->transferTo(*To->Inner);
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

RedefinableSymbols::Usage RedefinableSymbols::usage() const {
  return S->usage();
}
