//===- RedefinableState.cpp - Which versions each symbol has --------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The decisions. Everything here runs with M held.
//
//===----------------------------------------------------------------------===//

#include "RedefinableState.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ExecutionEngine/Orc/DebugUtils.h"

#include <utility>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

static Error makeFailedError(const Dylib &D, const SymbolStringPtr &N) {
  return createStringError("symbol " + *N + " in " + D.Public->getName() +
                           " failed to materialize");
}

//===----------------------------------------------------------------------===//
// Contestants
//===----------------------------------------------------------------------===//

void RedefinableState::enlist(Dylib &D, const Name &N, VersionSP V) {
  auto &List = D.Contested[N];
  if (!List.empty())
    --List.back()->Req->Newest;
  ++V->Req->Contested;
  ++V->Req->Newest;
  List.push_back(std::move(V));
}

bool RedefinableState::withdraw(Dylib &D, const Name &N, VersionSP V,
                                Aftermath &A) {
  auto I = D.Contested.find(N);
  if (I == D.Contested.end())
    return false;
  auto &List = I->second;
  auto *J = find(List, V);
  if (J == List.end())
    return false;
  --V->Req->Contested;
  if (J + 1 == List.end()) {
    --V->Req->Newest;
    if (J != List.begin())
      ++J[-1]->Req->Newest;
  }
  A.Hold.push_back(*J);
  List.erase(J);
  if (List.empty())
    D.Contested.erase(I);
  return true;
}

void RedefinableState::lose(Dylib &D, const Name &N, VersionSP V,
                            bool Cancelled, Aftermath &A) {
  if (!withdraw(D, N, V, A))
    return;
  V->Req->Cancelled |= Cancelled;
  release(V, A);
}

void RedefinableState::cancel(VersionSP V, Aftermath &A) {
  for (auto &N : V->Names)
    lose(*V->D, N, V, true, A);
  tellIfDecided(*V, A);
}

void RedefinableState::start(VersionSP V, Aftermath &A) {
  if (V->St != Stage::Waiting)
    return;
  V->St = Stage::Queued;
  A.Start.push_back(std::move(V));
}

//===----------------------------------------------------------------------===//
// Versions that nobody has any more
//===----------------------------------------------------------------------===//

void RedefinableState::release(VersionSP V, Aftermath &A) {
  if (--V->Attached == 0 && V->St != Stage::Queued && V->St != Stage::Running)
    finish(std::move(V), A);
}

void RedefinableState::finish(VersionSP V, Aftermath &A) {
  A.Hold.push_back(V);
  if (V->Req) {
    for (auto &[N, Address] : V->Req->Addresses) {
      auto I = LazyCalls.find(Address.LazyId);
      if (I == LazyCalls.end() || I->second.Owned)
        continue;
      A.Entries.push_back(I->second.Entry);
      LazyCalls.erase(I); // V is held.
    }
  }
  if (V->St == Stage::Waiting) { // There is no code.
    A.Definitions.push_back(std::move(V->Req->Definition));
    removed(*V);
  } else if (Retire && V->Replaced && V->St == Stage::Ready) {
    Retired.emplace(V->Code->getKeyUnsafe(), V);
    A.Tell.push_back([S = shared_from_this(), JD = V->D->Public,
                      Code = std::move(V->Code)]() mutable {
      S->Retire(*JD, std::move(Code));
    });
  } else {
    A.Remove.push_back(std::move(V));
  }
}

/// The names of \p V are free in its shadow.
void RedefinableState::removed(Version &V) {
  for (auto &N : V.Names) {
    auto I = V.D->Symbols.find(N);
    I->second.Shadows.reset(V.Shadow);
    if (!I->second.Home && I->second.Shadows.none())
      V.D->Symbols.erase(I);
  }
  --NumVersions;
}

//===----------------------------------------------------------------------===//
// Telling
//===----------------------------------------------------------------------===//

void RedefinableState::tell(Version &V, Expected<Outcome> Result,
                            Aftermath &A) {
  A.Tell.push_back(
      [Done = std::move(V.Req->Done), Result = std::move(Result)]() mutable {
        Done(std::move(Result));
      });
  V.Req->Done = nullptr;
}

void RedefinableState::tellIfDecided(Version &V, Aftermath &A) {
  if (!V.Req || !V.Req->Done)
    return;
  Request &R = *V.Req;
  const bool Serves = V.St == Stage::Ready || V.Lazy;
  if (R.Contested == 0 && !R.Won)
    return tell(V, R.Cancelled ? Outcome::Cancelled : Outcome::Superseded, A);
  if (!Serves)
    return;
  // Symbols that are not yet materialised have it as their definition.
  if (R.Contested != 0)
    for (auto &N : V.Names)
      if (is_contained(V.D->Contested.lookup(N), &V) &&
          !V.D->Symbols.find(N)->second.isUnseen())
        return;
  tell(V, Outcome::Published, A);
}

/// Sends the first calls of \p N that wait for \p V to \p Landing.
void RedefinableState::answer(Version &V, const Name &N, ExecutorAddr Landing,
                              Aftermath &A) {
  if (!V.Req)
    return;
  auto &Calls = V.Req->Calls;
  for (auto &[M, Answer] : Calls)
    if (M == N)
      A.Tell.push_back(
          [Answer = std::move(Answer), Landing]() mutable { Answer(Landing); });
  erase_if(Calls, [&](auto &C) { return C.first == N; });
}

/// Frees the request of a version that needs it no more.
void RedefinableState::trim(Version &V, Aftermath &A) {
  if (V.Req && V.Req->Contested == 0 && !V.Req->Done && V.Req->Calls.empty() &&
      (V.St == Stage::Ready || V.St == Stage::Failed))
    A.Requests.push_back(std::move(V.Req));
}

void RedefinableState::reportTo(Aftermath &A, Error Err) {
  if (Err)
    A.Report.push_back(std::move(Err));
}

//===----------------------------------------------------------------------===//
// Publishing
//===----------------------------------------------------------------------===//

/// \p V has addresses: publishes it wherever that is due. On an error nothing
/// has been changed (the executor is gone).
Error RedefinableState::arrive(VersionSP V, const VersionAddresses &Addresses,
                               Aftermath &A) {
  Dylib &D = *V->D;
  const bool Serves = V->St == Stage::Ready || V->Lazy;
  std::vector<Name> Due;
  std::vector<StubTable::Request> Redirections;
  for (auto &N : V->Names) {
    auto I = D.Contested.find(N);
    if (I == D.Contested.end() || !is_contained(I->second, V))
      continue;
    Symbol &S = D.Symbols.find(N)->second;
    bool IsDue = S.getOwner()
                     ? Serves
                     : S.getGate() && I->second.back() == V && S.Published != V;
    if (!IsDue)
      continue;
    Due.push_back(N);
    Redirections.push_back({N, Addresses.lookup(N).Addr});
  }
  if (auto Err = Stubs.redirect(*D.Public, Redirections))
    return Err;

  SmallSetVector<Version *, 4> Losers;
  SmallSetVector<RedefinableUnit *, 4> Open;
  for (auto &N : Due) {
    Symbol &S = D.Symbols.find(N)->second;
    if (auto *U = S.getGate()) {
      S.Published = V;
      if (--U->Awaited == 0)
        Open.insert(U);
      continue;
    }
    while (true) {
      VersionSP Older = D.Contested.find(N)->second.front();
      if (Older == V)
        break;
      lose(D, N, Older, false, A);
      Losers.insert(Older.get());
    }
    withdraw(D, N, V, A);
    publish(S, N, V, *S.getOwner(), A);
  }
  for (auto *U : Open)
    openGate(*U, A);
  for (auto *L : Losers) { // They are held.
    tellIfDecided(*L, A);
    trim(*L, A);
  }
  return Error::success();
}

void RedefinableState::publish(Symbol &S, const Name &N, VersionSP V, Owner &O,
                               Aftermath &A) {
  V->Req->Won = true;
  if (V->Lazy) {
    auto I = LazyCalls.find(V->Req->Addresses.lookup(N).LazyId);
    I->second.Owned = true;
    O.LazyIds.push_back(I->first);
  }
  std::swap(S.Published, V);
  if (V)
    replace(std::move(V), N, *S.Published->D, O, A);
}

void RedefinableState::replace(VersionSP Old, const Name &N, Dylib &D, Owner &O,
                               Aftermath &A) {
  A.Hold.push_back(Old);
  answer(*Old, N, Stubs.find(*D.Public, N), A);
  Old->Replaced = true;
  // Of a lazy version that was not called there is no code to keep.
  if (Retire || Old->St == Stage::Waiting)
    release(std::move(Old), A);
  else
    O.Kept.push_back(std::move(Old));
}

//===----------------------------------------------------------------------===//
// The gate
//===----------------------------------------------------------------------===//

/// Stubs for the symbols of \p U, which ORC has begun to materialise.
Expected<SymbolMap> RedefinableState::createStubs(RedefinableUnit &U,
                                                  const SymbolFlagsMap &Flags) {
  if (Closed || U.Gone)
    return createStringError("the symbols were removed");
  std::vector<StubTable::Request> Requests;
  for (auto &[N, F] : Flags)
    Requests.push_back({N, ExecutorAddr()});
  auto Addresses = Stubs.create(*U.D->Public, Requests);
  if (!Addresses)
    return Addresses.takeError();
  U.HasStubs = true;
  SymbolMap Result;
  for (auto [R, Address] : zip(Requests, *Addresses))
    Result[R.Name] = {Address, Flags.lookup(R.Name)};
  return Result;
}

void RedefinableState::enterGate(
    std::shared_ptr<RedefinableUnit> U,
    std::unique_ptr<MaterializationResponsibility> R, Aftermath &A) {
  U->Place = U->O->Gates.size();
  U->O->Gates.push_back(U);
  U->R = std::move(R);
  U->Awaited = U->Names.size();
  // With each version that has addresses, the gate may open.
  SmallSetVector<Version *, 4> Known;
  for (auto &N : U->Names) {
    VersionSP V = U->D->Contested.find(N)->second.back();
    if (!V->Req->Addresses.empty())
      Known.insert(V.get());
    else
      start(V, A);
  }
  for (VersionSP V : Known)
    if (auto Err = arrive(V, V->Req->Addresses, A)) {
      reportTo(A, std::move(Err));
      return failUnit(*U, A);
    }
}

void RedefinableState::leaveGate(RedefinableUnit &U, Aftermath &A) {
  auto &Gates = U.O->Gates;
  std::swap(Gates[U.Place], Gates.back());
  Gates[U.Place]->Place = U.Place;
  A.Units.push_back(std::move(Gates.back()));
  Gates.pop_back();
}

void RedefinableState::openGate(RedefinableUnit &U, Aftermath &A) {
  Dylib &D = *U.D;
  Aftermath::Emission E;
  E.R = std::move(U.R);
  DenseMap<Version *, SymbolNameSet> Winners;
  SmallSetVector<Version *, 4> Contestants;
  for (auto &N : U.Names) {
    Symbol &S = D.Symbols.find(N)->second;
    VersionSP Winner = std::move(S.Published);
    for (VersionSP V : D.Contested.lookup(N)) {
      Contestants.insert(V.get());
      if (V != Winner)
        lose(D, N, V, false, A);
    }
    withdraw(D, N, Winner, A);
    publish(S, N, Winner, *U.O, A);
    S.Home = U.O.get();
    if (!Winner->Lazy)
      Winners[Winner.get()].insert(N);
  }
  for (auto &[V, Names] : Winners) {
    SymbolDependenceGroup G;
    G.Symbols = Names;
    G.Dependencies[D.Shadows[V->Shadow].get()] = Names;
    E.Groups.push_back(std::move(G));
    if (V->St != Stage::Ready) {
      V->Req->Emitted.push_back(U.O);
      U.O->WaitingFor.push_back(V);
    }
  }
  A.Emit.push_back(std::move(E));
  leaveGate(U, A);
  for (auto *V : Contestants) { // They are held.
    tellIfDecided(*V, A);
    trim(*V, A);
  }
}

bool RedefinableState::takeNewest(RedefinableUnit &U, const Name &N,
                                  Aftermath &A) {
  auto I = U.D->Contested.find(N);
  if (I == U.D->Contested.end())
    return false;
  VersionSP V = I->second.back();
  if (V->Req->Addresses.empty()) {
    start(V, A);
    return true;
  }
  if (auto Err = Stubs.redirect(*U.D->Public,
                                {{N, V->Req->Addresses.lookup(N).Addr}})) {
    reportTo(A, std::move(Err));
    return false;
  }
  U.D->Symbols.find(N)->second.Published = V;
  if (--U.Awaited == 0)
    openGate(U, A);
  return true;
}

/// Nothing can be published for some symbol of \p U.
void RedefinableState::failUnit(RedefinableUnit &U, Aftermath &A) {
  if (!U.R)
    return;
  A.Fail.push_back(std::move(U.R));
  SmallSetVector<Version *, 4> Losers;
  for (auto &N : U.Names) {
    Symbol &S = U.D->Symbols.find(N)->second;
    S.Published = nullptr; // A contestant, hence held.
    S.Home = U.O.get();
  }
  leaveGate(U, A);
  failContestants(*U.D, U.Names, A);
}

/// The symbols of \p Names have failed, and what is asked for them fails too.
void RedefinableState::failContestants(Dylib &D, ArrayRef<Name> Names,
                                       Aftermath &A) {
  SmallSetVector<Version *, 4> Losers;
  for (auto &N : Names) {
    for (VersionSP V : D.Contested.lookup(N)) {
      lose(D, N, V, false, A);
      Losers.insert(V.get());
    }
  }
  for (auto *V : Losers) { // They are held.
    if (V->Req->Done && !V->Req->Won && V->Req->Contested == 0)
      tell(*V, makeFailedError(D, V->Names.front()), A);
    tellIfDecided(*V, A);
    trim(*V, A);
  }
}

//===----------------------------------------------------------------------===//
// Requests
//===----------------------------------------------------------------------===//

Dylib &RedefinableState::getDylib(JITDylib &JD) {
  auto &D = Dylibs[&JD];
  if (!D) {
    D = std::make_unique<Dylib>();
    D->Public = &JD;
  }
  return *D;
}

Error RedefinableState::check(JITDylib &JD, const SymbolFlagsMap &Flags) {
  if (Closed)
    return createStringError("redefinable symbols are shut down");
  auto D = Dylibs.find(&JD);
  for (auto &[N, F] : Flags) {
    const Symbol *S = nullptr;
    if (D != Dylibs.end()) {
      auto I = D->second->Symbols.find(N);
      if (I != D->second->Symbols.end() && I->second.Home)
        S = &I->second;
    }
    if (!S)
      return createStringError("symbol " + *N + " in " + JD.getName() +
                               " is not redefinable");
    if (!(S->Flags == F)) {
      std::string Text;
      raw_string_ostream OS(Text);
      OS << "symbol " << *N << " in " << JD.getName()
         << " was defined with flags " << S->Flags
         << " and cannot be redefined with flags " << F;
      return createStringError(Text);
    }
    if (S->getOwner() && (!S->Published || (S->Published->St == Stage::Failed &&
                                            !S->Published->Lazy)))
      return makeFailedError(*D->second, N);
  }
  if (Flags.empty())
    return createStringError("a definition of no symbols");
  return Error::success();
}

void RedefinableState::registerUnit(std::shared_ptr<RedefinableUnit> U,
                                    const SymbolFlagsMap &Flags, Aftermath &A) {
  Dylib &D = *U->D;
  A.Hold.push_back(U->First);
  append_range(U->O->Names, U->Names);
  for (auto &N : U->Names) {
    // ORC took the definition, so what we have under that name is being
    // removed; the news of that is on its way.
    Symbol &Old = D.Symbols.find(N)->second;
    if (auto *Gate = Old.getGate())
      removeUnit(*Gate, A);
    else if (Old.Home)
      removeSymbols(D, N, A);
    Symbol &S = D.Symbols.find(N)->second; // U->First keeps the entry.
    S.Home = U.get();
    S.Flags = Flags.lookup(N);
    enlist(D, N, U->First);
  }
  U->First = nullptr;
}

void RedefinableState::request(VersionSP V, Aftermath &A) {
  Dylib &D = *V->D;
  auto GetSymbol = [&](const Name &N) -> Symbol & {
    return D.Symbols.find(N)->second;
  };
  if (all_of(V->Names, [&](auto &N) { return GetSymbol(N).isUnseen(); })) {
    SmallSetVector<Version *, 4> Losers;
    for (auto &N : V->Names) {
      for (VersionSP Old : D.Contested.lookup(N)) {
        lose(D, N, Old, false, A);
        Losers.insert(Old.get());
      }
      enlist(D, N, V);
    }
    for (auto *Old : Losers) { // They are held.
      tellIfDecided(*Old, A);
      trim(*Old, A);
    }
    return tell(*V, Outcome::Published, A);
  }

  SmallSetVector<Version *, 4> Pointless;
  for (auto &N : V->Names) {
    auto I = D.Contested.find(N);
    VersionSP Before = I == D.Contested.end() ? VersionSP() : I->second.back();
    enlist(D, N, V);
    Symbol &S = GetSymbol(N);
    if (auto *Gate = S.getGate(); Gate && S.Published) {
      S.Published = nullptr; // It still contests.
      ++Gate->Awaited;
    }
    if (Before && Before->Req->Newest == 0 && Before->St == Stage::Queued)
      Pointless.insert(Before.get());
  }
  for (VersionSP P : Pointless)
    cancel(P, A);
  if (!V->Lazy)
    return start(V, A);
  if (auto Err = arrive(V, V->Req->Addresses, A))
    return failed(V, std::move(Err), A);
  tellIfDecided(*V, A);
}

//===----------------------------------------------------------------------===//
// What becomes of a version that ORC has
//===----------------------------------------------------------------------===//

static VersionAddresses toAddresses(const SymbolMap &Result) {
  VersionAddresses Addresses;
  for (auto &[N, Def] : Result)
    Addresses[N].Addr = Def.getAddress();
  return Addresses;
}

void RedefinableState::resolved(VersionSP V, const SymbolMap &Result,
                                Aftermath &A) {
  if (V->Attached == 0 || V->Lazy || V->St == Stage::Ready ||
      V->St == Stage::Failed)
    return;
  // A symbol whose unit comes to the gate later will ask for the address.
  V->Req->Addresses = toAddresses(Result);
  if (auto Err = arrive(V, V->Req->Addresses, A))
    failed(V, std::move(Err), A);
}

void RedefinableState::ready(VersionSP V, const SymbolMap &Result,
                             Aftermath &A) {
  settled(*V, A);
  if (V->St == Stage::Failed)
    return;
  V->St = Stage::Ready;
  if (V->Attached == 0) {
    tellIfDecided(*V, A);
    finish(V, A);
    return trim(*V, A);
  }
  if (!V->Lazy) {
    // May be published, and trimmed, before its address is asked for again.
    VersionAddresses Addresses = toAddresses(Result);
    if (V->Req->Contested != 0)
      V->Req->Addresses = Addresses;
    if (auto Err = arrive(V, Addresses, A))
      return failed(V, std::move(Err), A);
  } else {
    std::vector<StubTable::Request> Redirections;
    for (auto &N : V->Names)
      if (auto I = V->D->Symbols.find(N);
          I != V->D->Symbols.end() && I->second.Published == V)
        Redirections.push_back({N, Result.lookup(N).getAddress()});
    for (auto &[N, Address] : V->Req->Addresses)
      Address.Addr = Result.lookup(N).getAddress();
    if (auto Err = Stubs.redirect(*V->D->Public, Redirections))
      return failed(V, std::move(Err), A);
    for (auto &N : V->Names)
      answer(*V, N, Stubs.find(*V->D->Public, N), A);
  }
  tellIfDecided(*V, A);
  trim(*V, A);
}

void RedefinableState::failed(VersionSP V, Error Err, Aftermath &A) {
  Dylib &D = *V->D;
  A.Hold.push_back(V);
  V->St = Stage::Failed;
  settled(*V, A);
  if (V->Attached == 0) {
    if (V->Req && V->Req->Done)
      tell(*V, std::move(Err), A);
    else
      consumeError(std::move(Err));
    finish(V, A);
    return trim(*V, A);
  }
  for (auto &N : V->Names)
    answer(*V, N, ExecutorAddr(), A);

  SmallSetVector<RedefinableUnit *, 4> Dead;
  std::vector<Name> Published;
  for (auto &N : V->Names) {
    auto SI = D.Symbols.find(N);
    if (SI == D.Symbols.end())
      continue;
    Symbol &S = SI->second;
    if (S.getOwner() && S.Published == V)
      Published.push_back(N);
    auto I = D.Contested.find(N);
    if (I == D.Contested.end())
      continue;
    const bool WasNewest = I->second.back() == V;
    if (!withdraw(D, N, V, A))
      continue;
    if (auto *U = S.getGate()) {
      if (S.Published == V) {
        S.Published = nullptr;
        ++U->Awaited;
      }
      if (WasNewest && !takeNewest(*U, N, A))
        Dead.insert(U);
    } else if (S.getOwner() && !D.Contested.count(N) && S.Published &&
               S.Published->Req && !S.Published->Req->Calls.empty()) {
      start(S.Published, A); // Calls have waited for V instead.
    }
    release(V, A);
  }
  if (V->Req->Done)
    tell(*V, std::move(Err), A);
  else if (Err.isA<FailedToMaterialize>())
    consumeError(std::move(Err)); // Who failed has reported why.
  else
    reportTo(A, std::move(Err));
  trim(*V, A);
  for (auto *U : Dead)
    failUnit(*U, A);
  // ORC fails what a first version was emitted for. A lazy one is emitted, and
  // stays: calls of its entries go to the error handler.
  if (!V->Lazy)
    failContestants(D, Published, A);
}

void RedefinableState::takeInner(Owner &O, Aftermath &A) {
  if (!std::exchange(O.InnerTaken, true))
    A.RemoveInner.push_back(O.Inner);
}

void RedefinableState::settled(Version &V, Aftermath &A) {
  if (!V.Req)
    return;
  for (auto &Emitted : V.Req->Emitted) {
    std::shared_ptr<Owner> O = Emitted;
    while (O->Into)
      O = O->Into;
    erase(O->WaitingFor, &V); // Whoever calls holds it.
    if (O->WaitingFor.empty() && O->Gone)
      takeInner(*O, A);
  }
  append_range(A.Owners, V.Req->Emitted);
  V.Req->Emitted.clear();
}

bool RedefinableState::begin(Version &V) {
  std::lock_guard<std::mutex> Lock(M);
  if (Closed || V.Attached == 0)
    return false;
  V.St = Stage::Running;
  return true;
}

void RedefinableState::call(uint64_t Id,
                            LazyEntries::NotifyLandingResolved Answer,
                            Aftermath &A) {
  auto Go = [&](ExecutorAddr Landing) {
    A.Tell.push_back(
        [Answer = std::move(Answer), Landing]() mutable { Answer(Landing); });
  };
  auto I = LazyCalls.find(Id);
  if (I == LazyCalls.end())
    return Go(ExecutorAddr());
  VersionSP V = I->second.V;
  Name N = I->second.N;
  Dylib &D = *V->D;
  auto S = D.Symbols.find(N);
  if (S == D.Symbols.end() || !S->second.Home)
    return Go(ExecutorAddr());
  // Replaced, or compiled meanwhile: the stub knows better.
  if (S->second.Published != V || V->St == Stage::Ready)
    return Go(Stubs.find(*D.Public, N));
  if (V->St == Stage::Failed)
    return Go(ExecutorAddr());
  V->Req->Calls.push_back({N, std::move(Answer)});
  auto Newer = D.Contested.find(N);
  if (Newer == D.Contested.end() || Newer->second.back() == V)
    start(V, A);
}

//===----------------------------------------------------------------------===//
// Removal
//===----------------------------------------------------------------------===//

void RedefinableState::removeSymbols(Dylib &D, ArrayRef<Name> Names,
                                     Aftermath &A) {
  SmallSetVector<Version *, 4> Losers;
  std::vector<Name> WithStub;
  for (auto &N : Names) {
    auto SI = D.Symbols.find(N);
    Symbol &S = SI->second;
    VersionSP Published = std::move(S.Published);
    if (!S.isUnseen() || S.getUnit()->HasStubs)
      WithStub.push_back(N);
    if (Published && !S.getGate()) {
      A.Hold.push_back(Published);
      answer(*Published, N, ExecutorAddr(), A);
      release(Published, A);
      if (Published->Attached == 0 && Published->Req && Published->Req->Done)
        tell(*Published, Outcome::Cancelled, A); // It was not ready yet.
    }
    S.Home = nullptr;
    for (VersionSP V : D.Contested.lookup(N)) {
      answer(*V, N, ExecutorAddr(), A);
      lose(D, N, V, true, A);
      Losers.insert(V.get());
    }
    // Versions that go may have taken the entry along.
    SI = D.Symbols.find(N);
    if (SI != D.Symbols.end() && SI->second.Shadows.none())
      D.Symbols.erase(SI);
  }
  for (auto *V : Losers) { // They are held.
    tellIfDecided(*V, A);
    trim(*V, A);
  }
  reportTo(A, Stubs.remove(*D.Public, WithStub));
}

void RedefinableState::removeUnit(RedefinableUnit &U, Aftermath &A) {
  std::vector<Name> Names;
  for (auto &N : U.Names)
    if (auto I = U.D->Symbols.find(N);
        I != U.D->Symbols.end() && I->second.getUnit() == &U)
      Names.push_back(N);
  removeSymbols(*U.D, Names, A);
  if (U.R) {
    A.Fail.push_back(std::move(U.R));
    leaveGate(U, A);
  }
}

void RedefinableState::removeOwner(std::shared_ptr<Owner> Old, Aftermath &A) {
  Owner &O = *Old;
  A.Owners.push_back(Old);
  Owners.erase(O.Key);
  Owners.erase(O.Inner->getKeyUnsafe());
  while (!O.Gates.empty())
    removeUnit(*O.Gates.back(), A);
  SmallSetVector<Name, 4> Names; // One may have come twice.
  for (auto &N : O.Names) {
    auto I = O.D->Symbols.find(N);
    if (I == O.D->Symbols.end())
      continue;
    if (auto *U = I->second.getUnit(); U && U->O == Old)
      U->Gone = true;
    else if (I->second.getOwner() != &O)
      continue;
    Names.insert(N);
  }
  removeSymbols(*O.D, Names.getArrayRef(), A);
  O.Gone = true;
  if (O.WaitingFor.empty())
    takeInner(O, A);
  else
    A.Probe.push_back(Old);
  for (auto &V : O.Kept)
    release(V, A);
  append_range(A.Hold, O.Kept);
  O.Kept.clear();
  for (uint64_t Id : O.LazyIds) {
    auto I = LazyCalls.find(Id);
    A.Entries.push_back(I->second.Entry);
    A.Hold.push_back(std::move(I->second.V));
    LazyCalls.erase(I);
  }
}

void RedefinableState::close(Aftermath &A) {
  Closed = true;
  for (auto &[JD, D] : Dylibs) {
    for (auto &[N, List] : D->Contested)
      for (auto &V : List) {
        for (auto &Call : V->Req->Calls)
          A.Tell.push_back([Answer = std::move(Call.second)]() mutable {
            Answer(ExecutorAddr());
          });
        V->Req->Calls.clear();
        if (V->Req->Done)
          tell(*V, Outcome::Cancelled, A);
        A.Hold.push_back(V);
      }
    for (auto &[N, S] : D->Symbols) {
      if (!S.Published)
        continue;
      answer(*S.Published, N, ExecutorAddr(), A);
      if (S.Published->Req && S.Published->Req->Done)
        tell(*S.Published, Outcome::Cancelled, A);
      A.Hold.push_back(std::move(S.Published));
    }
  }
  for (auto &[K, O] : Owners) {
    append_range(A.Hold, O->Kept);
    append_range(A.Hold, O->WaitingFor);
    for (auto &U : O->Gates)
      if (U->R) // An owner comes twice, by its two keys.
        A.Fail.push_back(std::move(U->R));
  }
  for (auto &[Id, C] : LazyCalls)
    A.Hold.push_back(C.V);
  for (auto &[K, V] : Retired)
    A.Hold.push_back(V);
}
