//===-- ReOptimizeLayer.cpp -----------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Modules that come. First calls are in ReOptimizeTierZero.cpp,
// how code goes in ReOptimizeRemoval.cpp, and what the workers do in
// ReOptimizeWorker.cpp.
//
//===----------------------------------------------------------------------===//

#include "reopt/ReOptimizeLayer.h"
#include "Lifetime.h"
#include "ModulePartition.h"
#include "OwnReferences.h"
#include "RemovedCode.h"
#include "StubDefinition.h"
#include "reopt/TierZero.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

Expected<ReOptimizeLayer::Setup> ReOptimizeLayer::in(LLJIT &J) {
  auto *Linker = dyn_cast<ObjectLinkingLayer>(&J.getObjLinkingLayer());
  if (!Linker)
    return createStringError(
        inconvertibleErrorCode(),
        "the JIT's object layer is not JITLink's: set it with "
        "LLJITBuilder::setObjectLinkingLayerCreator() to an "
        "ObjectLinkingLayer");
  Setup Place{
      J.getIRTransformLayer(), *Linker, J.getDataLayout(),
      // Where the JIT's platform sees the initialisers.
      [&J](ResourceTrackerSP RT, ThreadSafeModule TSM) {
        return J.addIRModule(std::move(RT), std::move(TSM));
      },
      // With what the JIT links by default.
      [&J](std::string Name) { return J.createJITDylib(std::move(Name)); }};
  Place.Old = OldCode::Count;
  return std::move(Place);
}

Expected<std::unique_ptr<ReOptimizeLayer>>
ReOptimizeLayer::Create(Setup Place, std::unique_ptr<Policy> P, Options &Opts) {
  if (!P)
    return createStringError("a ReOptimizeLayer needs a policy");
  auto &ES = Place.Base.getExecutionSession();
  auto &MemMgr = ES.getExecutorProcessControl().getMemMgr();
  std::unique_ptr<ReOptimizeLayer> L(
      new ReOptimizeLayer(std::move(Place), std::move(P), Opts));
  auto Stubs = StubTable::Create(ES, MemMgr);
  if (!Stubs)
    return Stubs.takeError();
  L->Stubs = std::move(*Stubs);
  L->Cells = std::make_unique<CellTable>(ES, MemMgr);
  L->ActiveCounts = std::make_unique<ActiveCountTable>(ES, MemMgr);
  L->Place.Linker.addPlugin(std::make_shared<OwnReferences>());
  L->Place.Linker.addPlugin(L->TierZeroCode);
  auto Hook = HookEntry::Create(ES);
  if (!Hook)
    return Hook.takeError();
  L->Hook = std::move(*Hook);
  if (auto Err = L->defineSlowPath())
    return std::move(Err);
  if (L->Place.Old != OldCode::Keep)
    L->Place.Linker.addPlugin(L->Extents);
  L->startReclaiming();
  // In another process nobody reads what ours would print: a trap.
  if (!L->Place.OnFailedCall && L->Hook->isInProcess())
    L->Place.OnFailedCall = getCodeForFailedCalls();
  auto Entries = LazyEntries::Create(
      ES, L->Place.OnFailedCall,
      [Layer = L.get()](uint64_t Id,
                        LazyEntries::NotifyLandingResolved OnResolved) {
        OnResolved(Layer->answerFirstCall(FunctionId(Id)));
      });
  if (!Entries)
    return Entries.takeError();
  L->Entries = std::move(*Entries);
  if (!L->Place.Workers)
    L->Inbox.serveBy([Layer = L.get()] { Layer->compileHere(); });
  else if (Opts.OsrStress)
    L->Inbox.settleLoopsBy([Layer = L.get()] { Layer->wait(std::nullopt); });
  if (L->Place.Workers)
    L->Spare = std::make_unique<IdleWork>(
        [Layer = L.get()] { return Layer->speculateOnce(); },
        IdleWork::Terms{std::chrono::milliseconds(Opts.SpeculateAfter),
                        unsigned(Opts.Speculate), int(Opts.Nice),
                        L->ObservedBy});
  ES.registerResourceManager(*L);
  return std::move(L);
}

ReOptimizeLayer::ReOptimizeLayer(Setup Place, std::unique_ptr<Policy> P,
                                 Options &Opts)
    : IRLayer(Place.Base.getExecutionSession(),
              Place.Base.getManglingOptions()),
      ES(Place.Base.getExecutionSession()), Place(std::move(Place)),
      Mangle(ES, this->Place.Layout), P(std::move(P)), Opts(Opts),
      TierZeroCode(std::make_shared<CodeRanges>(TierZeroMarker.str())),
      Extents(std::make_shared<CodeExtents>()),
      Life(std::make_shared<Lifetime>(*this)) {}

ReOptimizeLayer::~ReOptimizeLayer() {
  shutdown();
  if (Hook)
    Hook->shutdown();
  Life->end();
  ES.deregisterResourceManager(*this);
  if (Reclaim)
    Reclaim->shutdown();
  Ending = true;
  Error Err = joinErrors(Entries ? Entries->shutdown() : Error::success(),
                         Stubs ? Stubs->shutdown() : Error::success());
  if (Cells)
    Err = joinErrors(std::move(Err),
                     joinErrors(Cells->shutdown(), ActiveCounts->shutdown()));
  if (ExecutorGone)
    consumeError(std::move(Err)); // It was told before.
  else if (Err)
    ES.reportError(std::move(Err));
}

Error ReOptimizeLayer::createFunctions(Space &S, Owner By,
                                       ModulePartition &Parts,
                                       std::shared_ptr<ThreadSafeModule> TSM) {
  const size_t Count = Parts.Counted.size();
  FunctionId First;
  std::vector<uint64_t> Ids(Count);
  {
    std::lock_guard<std::mutex> Lock(M);
    for (auto &F : Parts.Counted)
      if (S.ByName.count(F.Name))
        return createStringError(inconvertibleErrorCode(),
                                 "defined already: " + demangle(F.Name));
    First = Functions.size();
    for (size_t I = 0; I < Count; ++I) {
      Record &F = Functions.emplace_back();
      Ids[I] = F.Id = First + I;
      F.St = Stage::Removed; // Until all of it is defined.
      F.Home = &S;
      F.Trip.Inbox = &Inbox;
      F.Trip.Function = F.Id;
      Hook->add(F.Trip);
    }
  }
  auto NewEntries = Entries->create(Ids);
  if (!NewEntries)
    return NewEntries.takeError();

  // A stub outlives its function: code that was linked with it may run when the
  // function is defined again.
  std::vector<StubTable::Request> Requests, New, Old;
  for (size_t I = 0; I < Count; ++I) {
    Requests.push_back({Mangle(Parts.Counted[I].Name), (*NewEntries)[I]});
    (Stubs->find(S.JD, Requests.back().Name) ? Old : New)
        .push_back(Requests.back());
  }
  auto Created = Stubs->create(S.JD, New);
  Error Err = Created ? Stubs->redirect(S.JD, Old) : Created.takeError();
  if (Err) {
    Entries->release(*NewEntries);
    return Err;
  }

  std::lock_guard<std::mutex> Lock(M);
  Input &In = getInput(S, By);
  In.TSM = std::move(TSM);
  In.Grouping = std::make_shared<std::mutex>();
  append_range(In.Functions, Ids);
  for (size_t I = 0; I < Count; ++I) {
    auto &Counted = Parts.Counted[I];
    Record &F = Functions[First + I];
    F.Name = Requests[I].Name;
    F.In = &In;
    F.Stub = Stubs->find(S.JD, F.Name);
    F.LazyEntry = F.Tier0Entry = (*NewEntries)[I];
    F.RunsOnce = Parts.Once.contains(Counted.Name);
    F.St = Stage::Lazy;
    F.Why = Reason::NotCalledYet;
    F.Size = Counted.Size;
    if (auto Cell = Cells->create())
      F.Cell = *Cell;
    else
      return Cell.takeError();
    armCell(F);
    S.ByName[*F.Name] = F.Id;
    Parts.Symbols[F.Name] = {F.Stub, Counted.Flags};
  }
  for (auto &A : Parts.Aliases)
    Parts.Symbols[Mangle(A.Name)] = {Stubs->find(S.JD, Mangle(A.Aliasee)),
                                     A.Flags};
  startWorkers();
  return Error::success();
}

ReOptimizeLayer::Input &ReOptimizeLayer::getInput(Space &S, Owner By) {
  auto [I, IsNew] = Inputs.try_emplace(By);
  Input &In = I->second;
  if (IsNew) {
    In.Home = &S;
    In.Addition = By.Addition;
    if (Reclaim) {
      In.Calls = std::make_shared<HeldCalls>();
      In.Memory = std::make_shared<HeldData>(*this);
    }
  }
  return In;
}

/// Whether others may mention what \p Parts defines: it had names before.
static bool hasNames(const ModulePartition &Parts) {
  StringSet<> Local;
  for (auto &Own : Parts.Exposed)
    Local.insert(Own.Name);
  return !Parts.Aliases.empty() || any_of(Parts.Counted, [&](auto &F) {
    return !Local.contains(F.Name);
  }) || any_of(Parts.DataNames, [&](auto &N) { return !Local.contains(N); });
}

void ReOptimizeLayer::noteData(Space &S, Owner By, ModulePartition &Parts) {
  const bool HasNames = hasNames(Parts);
  std::lock_guard<std::mutex> Lock(M);
  Input &In = getInput(S, By);
  In.IsShared = HasNames;
  std::shared_ptr<Space::Mentions> Shared;
  if (!Parts.DataMentions.empty())
    Shared = std::make_shared<Space::Mentions>(
        Space::Mentions{std::move(Parts.DataMentions)});
  auto NoteData = [&](StringRef Name, std::vector<std::string> Own) {
    auto [I, IsNew] = S.Data.try_emplace(Name);
    if (!IsNew)
      return;
    I->second.Owner = By.Addition;
    I->second.Shared = Shared;
    if (!Own.empty())
      I->second.Own =
          std::make_shared<Space::Mentions>(Space::Mentions{std::move(Own)});
  };
  for (auto &Name : Parts.DataNames)
    NoteData(Name, std::move(Parts.Mentions[Name]));
  for (auto &[Name, Why] : Parts.NotCounted) {
    Record &F = Functions.emplace_back();
    F.Id = Functions.size() - 1;
    F.Home = &S;
    F.In = &In;
    F.Name = Mangle(Name);
    F.St = Stage::Refused;
    F.Why = Why;
    In.Functions.push_back(F.Id);
  }
  for (auto &A : Parts.Aliases) {
    NoteData(A.Name, {A.Aliasee});
    Parts.DataNames.push_back(A.Name);
  }
  In.Data = std::move(Parts.DataNames);
  // Its code will run soon, and trip.
  if (!Workers.empty())
    Inbox.wake();
}

void ReOptimizeLayer::noteCallSlots(Space &S, const ModulePartition &Parts) {
  std::lock_guard<std::mutex> Lock(M);
  for (auto &Slot : Parts.CallSlots)
    if (auto I = S.ByName.find(Slot.Function); I != S.ByName.end())
      CallSlots.insert({I->second, {&S, Mangle(Slot.Table), Slot.Offset}});
}

/// What runs as soon as it is defined will call these one after the other; the
/// first call makes an object for all.
void ReOptimizeLayer::noteCalled(Space &S, const ModulePartition &Parts) {
  std::lock_guard<std::mutex> Lock(M);
  S.SoonCalled.clear();
  for (auto &Name : Parts.Called) {
    auto I = S.ByName.find(Name);
    if (I == S.ByName.end() || is_contained(S.SoonCalled, I->second))
      continue;
    // What runs once may have to be compiled alone.
    const Record &F = Functions[I->second];
    if (F.St == Stage::Lazy && !F.RunsOnce)
      S.SoonCalled.push_back(F.Id);
  }
}

Error ReOptimizeLayer::checkModule(llvm::Module &Mod) const {
  // As LLJIT does for modules of its own.
  if (Mod.getDataLayout().isDefault())
    Mod.setDataLayout(Place.Layout);
  if (Mod.getDataLayout() == Place.Layout)
    return checkAssembly(Mod);
  return createStringError(inconvertibleErrorCode(),
                           "module " + Mod.getName() + " has the data layout " +
                               Mod.getDataLayoutStr() + ", and the JIT has " +
                               Place.Layout.getStringRepresentation());
}

void ReOptimizeLayer::loseDefinition(Space &S, uint64_t Addition,
                                     StringRef Name) {
  std::lock_guard<std::mutex> Lock(M);
  if (auto I = S.ByName.find(Name); I != S.ByName.end())
    if (const Input *In = Functions[I->second].In;
        In && In->Addition == Addition)
      S.ByName.erase(I);
  if (auto I = S.Data.find(Name);
      I != S.Data.end() && I->second.Owner == Addition)
    S.Data.erase(I);
}

std::unique_ptr<MaterializationUnit>
ReOptimizeLayer::defineStubs(Space &S, uint64_t Addition, SymbolMap Stubs) {
  return std::make_unique<StubDefinition>(
      std::move(Stubs), [Life = Life, &S, Addition](const SymbolStringPtr &N) {
        if (ReOptimizeLayer *L = Life->enter()) {
          L->loseDefinition(S, Addition, *N);
          Life->leave();
        }
      });
}

Error ReOptimizeLayer::add(ResourceTrackerSP RT, ThreadSafeModule Module) {
  if (!Module)
    return createStringError("add() needs a module");
  ResourceKey Key = 0;
  if (auto Err = RT->withResourceKeyDo([&](ResourceKey K) { Key = K; }))
    return Err;
  auto Home = getSpace(RT->getJITDylib());
  if (!Home)
    return Home.takeError();
  if (auto Err = Module.withModuleDo(
          [&](llvm::Module &Mod) { return checkModule(Mod); }))
    return Err;

  const Owner By{Key, ++LastAddition};
  auto TSM = std::make_shared<ThreadSafeModule>(std::move(Module));
  auto Parts = identify(*Home, By, TSM);
  Error Err = Parts ? addParts(*Home, By, RT, std::move(TSM), *Parts)
                    : Parts.takeError();
  if (Err)
    Err = joinErrors(std::move(Err), removeInputs(Home->JD, Key, By.Addition));
  return Err;
}

Error ReOptimizeLayer::addRest(const ResourceTrackerSP &RT,
                               ThreadSafeModule Rest) {
  return Place.AddRest ? Place.AddRest(RT, std::move(Rest))
                       : Place.Base.add(RT, std::move(Rest));
}

Expected<ModulePartition>
ReOptimizeLayer::identify(Space &S, Owner By,
                          std::shared_ptr<ThreadSafeModule> TSM) {
  std::lock_guard<std::mutex> OneByOne(S.Adding);
  ModulePartition Parts = partitionModule(
      *TSM, {*P, isEnabled(), /*MayCompileEarly=*/true,
             /*BodiesMayGo=*/Place.Old != OldCode::Keep,
             /*HideData=*/Reclaim != nullptr,
             /*FillTables=*/Place.Old != OldCode::Count,
             [&](StringRef Name) { return defines(S.JD, Name); }});
  noteData(S, By, Parts);
  if (!Parts.Counted.empty())
    if (auto Err = createFunctions(S, By, Parts, TSM))
      return std::move(Err);
  return std::move(Parts);
}

Expected<std::unique_ptr<MaterializationUnit>>
ReOptimizeLayer::defineHeldData(Space &S, Owner By, ModulePartition &Parts) {
  ResourceTrackerSP RT = S.JD.createResourceTracker();
  if (auto Err = addRest(RT, std::move(Parts.Data)))
    return joinErrors(std::move(Err), RT->remove());
  {
    std::lock_guard<std::mutex> Lock(M);
    getInput(S, By).Memory->RT = std::move(RT);
  }
  SymbolAliasMap Names;
  for (auto &Hidden : Parts.HiddenData)
    Names[Mangle(Hidden.Name)] = {Mangle(Hidden.Aliasee), Hidden.Flags};
  const StringRef Prefix =
      getManglingOptions()->EmulatedTLS ? StringRef(EmulatedTLSPrefix) : "";
  for (auto &Hidden : Parts.HiddenThreadLocals)
    Names[Mangle((Prefix + Hidden.Name).str())] = {
        Mangle((Prefix + Hidden.Aliasee).str()), Hidden.Flags};
  if (Names.empty())
    return nullptr;
  return symbolAliases(std::move(Names));
}

Error ReOptimizeLayer::addParts(Space &S, Owner By, const ResourceTrackerSP &RT,
                                std::shared_ptr<ThreadSafeModule> TSM,
                                ModulePartition &Parts) {
  noteCallSlots(S, Parts);
  noteCalled(S, Parts);
  if (Place.CheckReferences)
    if (auto Err = checkReferences(S, std::move(Parts.Roots))) {
      noteFailed(S, By);
      return Err;
    }
  // One more tracker for what is defined in several steps, of which a later
  // one may fail. It is no tracker for good: to merge trackers is cheap, but
  // ORC cannot remove two of them that a weak and a strong definition of one
  // name came with.
  auto Tracker = Parts.Symbols.empty() || (!Parts.Data && Parts.Eager.empty() &&
                                           Parts.EagerWithCallees.empty())
                     ? RT
                     : S.JD.createResourceTracker();
  auto Define = [&]() -> Error {
    if (!Parts.Symbols.empty())
      if (auto Err = S.JD.define(
              defineStubs(S, By.Addition, std::move(Parts.Symbols)), Tracker))
        return Err;
    if (Parts.Whole)
      return addRest(Tracker, std::move(*TSM));
    if (Parts.Data && Reclaim) {
      auto Names = defineHeldData(S, By, Parts);
      if (!Names)
        return Names.takeError();
      if (*Names)
        if (auto Err = S.JD.define(std::move(*Names), Tracker))
          return Err;
    } else if (Parts.Data) {
      if (auto Err = addRest(Tracker, std::move(Parts.Data)))
        return Err;
    }
    return compileEarly(S, Parts);
  };
  Error Err = Define();
  if (Tracker == RT)
    return Err;
  if (Err)
    return joinErrors(std::move(Err), Tracker->remove());
  Tracker->transferTo(*RT);
  return Error::success();
}

void ReOptimizeLayer::emit(std::unique_ptr<MaterializationResponsibility> R,
                           ThreadSafeModule Module) {
  auto Fail = [&](Error Err) {
    ES.reportError(std::move(Err));
    R->failMaterialization();
  };
  auto Home = getSpace(R->getTargetJITDylib());
  if (!Home)
    return Fail(Home.takeError());
  if (auto Err = Module.withModuleDo(
          [&](llvm::Module &Mod) { return checkModule(Mod); }))
    return Fail(std::move(Err));
  auto TSM = std::make_shared<ThreadSafeModule>(std::move(Module));
  ModulePartition Parts = partitionModule(
      *TSM, {*P, isEnabled(), /*MayCompileEarly=*/false,
             /*BodiesMayGo=*/Place.Old != OldCode::Keep, /*HideData=*/false,
             /*FillTables=*/Place.Old != OldCode::Count, nullptr});
  if (!Parts.Whole)
    if (auto Err = emitParts(*Home, *R, Parts, TSM))
      return Fail(std::move(Err));
  if (R->getSymbols().empty())
    return;
  if (Parts.Whole)
    return Place.Base.emit(std::move(R), std::move(*TSM));
  // Nothing but the symbol that stands for initialisers may be left.
  if (!Parts.Data)
    Parts.Data = TSM->withModuleDo([&](llvm::Module &Mod) {
      auto Empty = std::make_unique<llvm::Module>(Mod.getModuleIdentifier(),
                                                  Mod.getContext());
      Empty->setDataLayout(Mod.getDataLayout());
      Empty->setTargetTriple(Mod.getTargetTriple());
      return ThreadSafeModule(std::move(Empty), TSM->getContext());
    });
  Place.Base.emit(std::move(R), std::move(Parts.Data));
}

Error ReOptimizeLayer::emitParts(Space &S, MaterializationResponsibility &R,
                                 ModulePartition &Parts,
                                 std::shared_ptr<ThreadSafeModule> TSM) {
  SymbolFlagsMap Exposed;
  for (auto &[Name, Flags, Is] : Parts.Exposed) {
    const bool IsEmulated =
        getManglingOptions()->EmulatedTLS && Is != ModulePartition::Ordinary;
    Exposed[Mangle(((IsEmulated ? EmulatedTLSPrefix : "") + Name).str())] =
        Flags;
    if (IsEmulated && Is == ModulePartition::InitialisedThreadLocal)
      Exposed[Mangle((EmulatedTLSInitialPrefix + Name).str())] = Flags;
  }
  if (auto Err = R.defineMaterializing(std::move(Exposed)))
    return Err;

  ResourceKey Key = 0;
  if (auto Err = R.withResourceKeyDo([&](ResourceKey K) { Key = K; }))
    return Err;
  const Owner By{Key, ++LastAddition};
  noteData(S, By, Parts);
  Error Result = Parts.Counted.empty()
                     ? Error::success()
                     : emitFunctions(S, By, R, Parts, std::move(TSM));
  if (!Result) {
    noteCallSlots(S, Parts);
    // Was the tracker removed meanwhile, before it had anything of ours? If it
    // is removed from now on, ORC tells us.
    Result = R.withResourceKeyDo([](ResourceKey) {});
  }
  if (Result)
    Result =
        joinErrors(std::move(Result), removeInputs(S.JD, Key, By.Addition));
  return Result;
}

Error ReOptimizeLayer::emitFunctions(Space &S, Owner By,
                                     MaterializationResponsibility &R,
                                     ModulePartition &Parts,
                                     std::shared_ptr<ThreadSafeModule> TSM) {
  {
    std::lock_guard<std::mutex> OneByOne(S.Adding);
    if (auto Err = createFunctions(S, By, Parts, std::move(TSM)))
      return Err;
  }
  SymbolNameSet Names;
  for (auto &[Name, Symbol] : Parts.Symbols)
    Names.insert(Name);
  auto Stubs = R.delegate(Names);
  if (!Stubs)
    return Stubs.takeError();
  Error Err = (*Stubs)->notifyResolved(Parts.Symbols);
  if (!Err)
    Err = (*Stubs)->notifyEmitted({});
  if (Err)
    (*Stubs)->failMaterialization();
  return Err;
}

bool ReOptimizeLayer::defines(JITDylib &JD, StringRef Name) const {
  std::lock_guard<std::mutex> Lock(M);
  auto S = Spaces.find(&JD);
  return S != Spaces.end() &&
         (S->second->ByName.count(Name) || S->second->Data.count(Name));
}

bool ReOptimizeLayer::withTierZero(
    FunctionId Id, function_ref<void(const Function &)> Visit) const {
  std::shared_ptr<ThreadSafeModule> TSM;
  std::string Name;
  {
    std::lock_guard<std::mutex> Lock(M);
    // Without a stub there is no tier 0.
    if (Id >= Functions.size() || !Functions[Id].In || !Functions[Id].Stub)
      return false;
    TSM = Functions[Id].In->TSM;
    Name = (*Functions[Id].Name).str();
  }
  if (!TSM)
    return false;
  return TSM->withModuleDo([&](Module &Mod) {
    const Function *F = Mod.getFunction(Name);
    if (F)
      Visit(*F);
    return F != nullptr;
  });
}

} // namespace reopt
