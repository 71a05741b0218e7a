//===- RedefinableVersions.cpp - Versions, as ORC compiles them ---------===//
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

#include "RedefinableState.h"
#include "reopt/RedefinableSymbols.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <atomic>
#include <deque>
#include <optional>
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

/// While this thread makes the code of a version: what the session's error
/// reporter is told meanwhile. ORC tells only the reporter why something
/// failed, and the look-ups no more than that it did. Some layers fail first
/// and report then (IRCompileLayer), others report first (JITLink): so the
/// failure of the version is held back until the layers have returned, which
/// have nothing else to do any more than to report.
struct CauseScope {
  explicit CauseScope(VersionSP V);
  ~CauseScope();
  CauseScope(const CauseScope &) = delete;
  CauseScope &operator=(const CauseScope &) = delete;

  const VersionSP V;
  CauseScope *const Outer;
  std::string Reported;
  /// Set if V has failed.
  std::shared_ptr<RedefinableState> S;
  std::optional<Error> Failure;
};
thread_local CauseScope *Causes = nullptr;
/// What this thread reported last while it made no version. A link that had to
/// wait goes on on the thread that ended the wait, reports there, and fails
/// next.
thread_local std::string LastReported;

CauseScope::CauseScope(VersionSP V)
    : V(std::move(V)), Outer(std::exchange(Causes, this)) {
  LastReported.clear();
}

CauseScope::~CauseScope() {
  Causes = Outer;
  LastReported.clear();
  if (S)
    S->onFailed(V, std::move(*Failure), Reported);
}

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
    CauseScope Cause(std::move(V));
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

  JITDylibSearchOrder InShadow = {
      {Shadow.get(), JITDylibLookupFlags::MatchAllSymbols}};
  // ORC comes to the unit with the first look-up, and another thread may have
  // made it, or failed to, before the second. onReady() is told on the thread
  // that fails, which knows why, only if it asked first.
  ES.lookup(
      LookupKind::Static, InShadow, Names, SymbolState::Ready,
      [S = shared_from_this(), V](Expected<SymbolMap> Result) {
        S->onReady(V, std::move(Result));
      },
      NoDependenciesToRegister);
  // Symbols at the gate are emitted as soon as addresses are known; ORC waits
  // for the rest, since it can tell cycles from what will never be ready.
  {
    std::lock_guard<std::mutex> Lock(M);
    MayBeAwaited &= V->Attached != 0 && (V->St == VersionStage::Queued ||
                                         V->St == VersionStage::Running);
  }
  if (MayBeAwaited)
    ES.lookup(
        LookupKind::Static, InShadow, std::move(Names), SymbolState::Resolved,
        [S = shared_from_this(), V](Expected<SymbolMap> Result) {
          S->onResolved(V, std::move(Result));
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

void RedefinableState::noteError(const Error &Err) {
  std::string &Text = Causes ? Causes->Reported : LastReported;
  if (!Causes)
    Text.clear();
  raw_string_ostream OS(Text);
  OS << (Text.empty() ? "" : "; ") << Err;
}

void RedefinableState::onReady(VersionSP V, Expected<SymbolMap> Result) {
  if (!Result) {
    if (Causes && Causes->V == V && !Causes->S) {
      Causes->S = shared_from_this();
      Causes->Failure = Result.takeError();
      return;
    }
    return onFailed(std::move(V), Result.takeError(),
                    Causes ? Causes->Reported
                           : std::exchange(LastReported, std::string()));
  }
  Aftermath A;
  {
    std::lock_guard<std::mutex> Lock(M);
    if (!Closed)
      ready(V, *Result, A);
  }
  carryOut(std::move(A));
}

void RedefinableState::onFailed(VersionSP V, Error Err, StringRef Cause) {
  // Other errors are causes themselves.
  if (!Err.isA<FailedToMaterialize>())
    Cause = "";
  Aftermath A;
  {
    std::lock_guard<std::mutex> Lock(M);
    if (Closed)
      consumeError(std::move(Err));
    else
      failed(V, std::move(Err), A, Cause);
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
