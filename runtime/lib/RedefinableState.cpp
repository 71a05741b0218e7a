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
  if (V->St != VersionStage::Waiting)
    return;
  V->St = VersionStage::Queued;
  A.Start.push_back(std::move(V));
}

//===----------------------------------------------------------------------===//
// Versions that nobody has any more
//===----------------------------------------------------------------------===//

void RedefinableState::release(VersionSP V, Aftermath &A) {
  if (--V->Attached == 0 && V->St != VersionStage::Queued &&
      V->St != VersionStage::Running)
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
  if (V->St == VersionStage::Waiting) { // There is no code.
    A.Definitions.push_back(std::move(V->Req->Definition));
    removed(*V);
  } else if (Retire && V->Replaced && V->St == VersionStage::Ready) {
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
  const bool Serves = V.St == VersionStage::Ready || V.Lazy;
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
      (V.St == VersionStage::Ready || V.St == VersionStage::Failed))
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
  const bool Serves = V->St == VersionStage::Ready || V->Lazy;
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
  if (Retire || Old->St == VersionStage::Waiting)
    release(std::move(Old), A);
  else
    O.Kept.push_back(std::move(Old));
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
    if (S->getOwner() &&
        (!S->Published ||
         (S->Published->St == VersionStage::Failed && !S->Published->Lazy)))
      return makeFailedError(*D->second, N);
  }
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
      for (const VersionSP &Old : D.Contested.lookup(N)) {
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
    if (Before && Before->Req->Newest == 0 &&
        Before->St == VersionStage::Queued)
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
  if (V->Attached == 0 || V->Lazy || V->St == VersionStage::Ready ||
      V->St == VersionStage::Failed)
    return;
  // A symbol whose unit comes to the gate later will ask for the address.
  V->Req->Addresses = toAddresses(Result);
  if (auto Err = arrive(V, V->Req->Addresses, A))
    failed(V, std::move(Err), A);
}

void RedefinableState::ready(VersionSP V, const SymbolMap &Result,
                             Aftermath &A) {
  settled(*V, A);
  if (V->St == VersionStage::Failed)
    return;
  V->St = VersionStage::Ready;
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

void RedefinableState::failed(VersionSP V, Error Err, Aftermath &A,
                              StringRef Cause) {
  Dylib &D = *V->D;
  std::string Why;
  raw_string_ostream(Why) << Err;
  if (!Cause.empty())
    Why += (": " + Cause).str();
  A.Hold.push_back(V);
  V->St = VersionStage::Failed;
  settled(*V, A);
  auto TellWhy = [&] {
    if (Cause.empty())
      return tell(*V, std::move(Err), A);
    consumeError(std::move(Err)); // Why says the same.
    tell(*V, createStringError(Why), A);
  };
  if (V->Attached == 0) {
    if (V->Req && V->Req->Done)
      TellWhy();
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
    TellWhy();
  else if (Err.isA<FailedToMaterialize>())
    consumeError(std::move(Err)); // Who failed has reported why.
  else
    reportTo(A, std::move(Err));
  trim(*V, A);
  for (auto *U : Dead)
    failUnit(*U, Why, A);
  // ORC fails what a first version was emitted for. A lazy one is emitted, and
  // stays: calls of its entries go to the error handler.
  if (!V->Lazy)
    failContestants(D, Published, Why, A);
}

void RedefinableState::takeInner(Owner &O, Aftermath &A) {
  if (!std::exchange(O.InnerTaken, true))
    append_range(A.RemoveInner, O.Inner);
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
  V.St = VersionStage::Running;
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
  if (S->second.Published != V || V->St == VersionStage::Ready)
    return Go(Stubs.find(*D.Public, N));
  if (V->St == VersionStage::Failed)
    return Go(ExecutorAddr());
  V->Req->Calls.push_back({N, std::move(Answer)});
  auto Newer = D.Contested.find(N);
  if (Newer == D.Contested.end() || Newer->second.back() == V)
    start(V, A);
}
