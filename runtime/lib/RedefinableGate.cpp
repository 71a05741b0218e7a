//===- RedefinableGate.cpp - Symbols until they are emitted -------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The decisions about symbols at the gate: materialising, their stubs resolved,
// each waiting for a version whose address is known. With M held.
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
      std::string Why;
      raw_string_ostream(Why) << Err;
      reportTo(A, std::move(Err));
      return failUnit(*U, Why, A);
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
    for (const VersionSP &V : D.Contested.lookup(N)) {
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
    if (V->St != VersionStage::Ready) {
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
void RedefinableState::failUnit(RedefinableUnit &U, StringRef Why,
                                Aftermath &A) {
  if (!U.R)
    return;
  A.Fail.push_back(std::move(U.R));
  for (auto &N : U.Names) {
    Symbol &S = U.D->Symbols.find(N)->second;
    S.Published = nullptr; // A contestant, hence held.
    S.Home = U.O.get();
  }
  leaveGate(U, A);
  failContestants(*U.D, U.Names, Why, A);
}

/// The symbols of \p Names have failed, and what is asked for them fails too.
void RedefinableState::failContestants(Dylib &D, ArrayRef<Name> Names,
                                       StringRef Why, Aftermath &A) {
  SmallSetVector<Version *, 4> Losers;
  for (auto &N : Names) {
    for (const VersionSP &V : D.Contested.lookup(N)) {
      lose(D, N, V, false, A);
      Losers.insert(V.get());
    }
  }
  for (auto *V : Losers) { // They are held.
    if (V->Req->Done && !V->Req->Won && V->Req->Contested == 0)
      tell(*V, makeFailedError(D, V->Names.front(), Why), A);
    tellIfDecided(*V, A);
    trim(*V, A);
  }
}
