//===- RedefinableRemoval.cpp - When trackers are removed or merged -----===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What ORC tells of trackers, and the decisions about it, which run with M
// held.
//
//===----------------------------------------------------------------------===//

#include "RedefinableState.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

#include <utility>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

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
    for (auto &RT : From->Inner)
      Owners[RT->getKeyUnsafe()] = To;
    append_range(To->Inner, From->Inner);
    To->InLast = From->InLast;
    From->Inner.clear();
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
}

//===----------------------------------------------------------------------===//
// Decisions
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
    for (const VersionSP &V : D.Contested.lookup(N)) {
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
  for (auto &RT : O.Inner)
    Owners.erase(RT->getKeyUnsafe());
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
