//===-- ReOptimizeLayer.cpp -----------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Modules that come, first calls, listings. How they go is in
// ReOptimizeRemoval.cpp, what the workers do in ReOptimizeWorker.cpp.
//
//===----------------------------------------------------------------------===//

#include "reopt/ReOptimizeLayer.h"
#include "ModulePartition.h"
#include "reopt/TierZero.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"
#include "llvm/Support/thread.h"
#include <cstdlib>
#include <pthread.h>
#include <unistd.h>

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

namespace {

/// Bodies of one input that are compiled together at most. Measured: 1,200
/// functions took 400 ms one by one, 160 in twenties, 131 all at once.
constexpr unsigned TierZeroGroup = 20;

/// Where a first call goes whose function cannot be compiled. The program
/// cannot go on: there is no code to run and nothing to return.
[[noreturn]] void callWithoutCode() {
  static constexpr char Text[] =
      "reopt: a function was called that could not be compiled (see above)\n";
  (void)!::write(2, Text, sizeof(Text) - 1);
  std::abort();
}

/// Stack that a compile is sure to get by with.
constexpr size_t CompileStack = 8 << 20, EnoughStack = 512 << 10;

/// Whether the caller's stack, which may be a small thread's or a coroutine's,
/// has room for a compile of tier 0.
bool hasRoomToCompile() {
  struct Bounds {
    char *Low = nullptr;
    size_t Size = 0;
    Bounds() {
      pthread_attr_t Attr;
      if (pthread_getattr_np(pthread_self(), &Attr))
        return;
      void *Base;
      if (!pthread_attr_getstack(&Attr, &Base, &Size))
        Low = static_cast<char *>(Base);
      pthread_attr_destroy(&Attr);
    }
  };
  static thread_local const Bounds Stack;
  char *Here = static_cast<char *>(__builtin_frame_address(0));
  return Here > Stack.Low + EnoughStack && Here < Stack.Low + Stack.Size;
}

} // namespace

ReOptimizeLayer::Setup ReOptimizeLayer::in(LLJIT &J) {
  return {J.getIRCompileLayer(),
          static_cast<ObjectLinkingLayer &>(J.getObjLinkingLayer()),
          J.getDataLayout(),
          // Where the JIT's platform sees the initialisers.
          [&J](ResourceTrackerSP RT, ThreadSafeModule TSM) {
            return J.addIRModule(std::move(RT), std::move(TSM));
          },
          /*CheckReferences=*/false, /*Workers=*/1};
}

Expected<std::unique_ptr<ReOptimizeLayer>>
ReOptimizeLayer::Create(Setup Place, std::unique_ptr<Policy> P, Options &Opts) {
  auto &ES = Place.Base.getExecutionSession();
  auto &MemMgr = ES.getExecutorProcessControl().getMemMgr();
  std::unique_ptr<ReOptimizeLayer> L(
      new ReOptimizeLayer(std::move(Place), std::move(P), Opts));
  auto Stubs = StubTable::Create(ES, MemMgr);
  if (!Stubs)
    return Stubs.takeError();
  L->Stubs = std::move(*Stubs);
  L->Cells = std::make_unique<CellTable>(ES, MemMgr);
  L->Place.Linker.addPlugin(L->TierZeroCode);
  auto Hook = HookEntry::Create(ES);
  if (!Hook)
    return Hook.takeError();
  L->Hook = std::move(*Hook);
  auto Entries = LazyEntries::Create(
      ES,
      // In another process nobody reads what ours would print: a trap.
      L->Hook->isInProcess() ? ExecutorAddr::fromPtr(&callWithoutCode)
                             : ExecutorAddr(),
      [Layer = L.get()](uint64_t Id,
                        LazyEntries::NotifyLandingResolved OnResolved) {
        OnResolved(Layer->compileTierZero(FunctionId(Id)));
      });
  if (!Entries)
    return Entries.takeError();
  L->Entries = std::move(*Entries);
  if (!L->Place.Workers)
    L->Inbox.serveBy([Layer = L.get()] { Layer->compileHere(); });
  ES.registerResourceManager(*L);
  return std::move(L);
}

ReOptimizeLayer::ReOptimizeLayer(Setup Place, std::unique_ptr<Policy> P,
                                 Options &Opts)
    : IRLayer(Place.Base.getExecutionSession(),
              Place.Base.getManglingOptions()),
      ES(Place.Base.getExecutionSession()), Place(std::move(Place)),
      Mangle(ES, this->Place.Layout), P(std::move(P)), Opts(Opts),
      TierZeroCode(std::make_shared<CodeRanges>(".tier0")),
      Life(std::make_shared<Lifetime>(*this)) {}

ReOptimizeLayer::~ReOptimizeLayer() {
  shutdown();
  if (Hook)
    Hook->shutdown();
  Life->end();
  ES.deregisterResourceManager(*this);
  Error Err = joinErrors(Entries ? Entries->shutdown() : Error::success(),
                         Stubs ? Stubs->shutdown() : Error::success());
  if (Cells)
    Err = joinErrors(std::move(Err), Cells->shutdown());
  if (ExecutorGone)
    consumeError(std::move(Err)); // It was told before.
  else if (Err)
    ES.reportError(std::move(Err));
}

Expected<ReOptimizeLayer::Space &> ReOptimizeLayer::getSpace(JITDylib &JD) {
  // Who finds a space finds the hook defined in it.
  std::lock_guard<std::mutex> OneAtATime(NewSpaces);
  {
    std::lock_guard<std::mutex> Lock(M);
    if (auto I = Spaces.find(&JD); I != Spaces.end())
      return I->second;
  }
  if (auto Err = Hook->define(JD, Place.Base, Place.Layout))
    return std::move(Err);
  std::lock_guard<std::mutex> Lock(M);
  return Spaces.try_emplace(&JD, JD).first->second;
}

Expected<std::unique_ptr<MaterializationUnit>> ReOptimizeLayer::createFunctions(
    Space &S, ResourceKey Key, ModulePartition &Parts,
    std::shared_ptr<ThreadSafeModule> TSM, SymbolMap &Symbols) {
  const size_t Count = Parts.Counted.size();
  FunctionId First;
  std::vector<uint64_t> Ids(Count);
  {
    std::lock_guard<std::mutex> Lock(M);
    for (auto &[F, Flags] : Parts.Counted)
      if (S.ByName.count(F->getName()))
        return createStringError(inconvertibleErrorCode(),
                                 "defined already: " +
                                     demangle(F->getName().str()));
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
    Requests.push_back(
        {Mangle(Parts.Counted[I].first->getName()), (*NewEntries)[I]});
    (Stubs->find(S.JD, Requests.back().Name) ? Old : New)
        .push_back(Requests.back());
  }
  auto Created = Stubs->create(S.JD, New);
  Error Err = Created ? Stubs->redirect(S.JD, Old) : Created.takeError();
  if (Err) {
    Entries->release(*NewEntries);
    return std::move(Err);
  }

  TierZeroUnit::BodyMap Bodies;
  std::lock_guard<std::mutex> Lock(M);
  Input &In =
      Inputs
          .emplace(Key, Input{&S, TSM, {Ids.begin(), Ids.end()}, {}, nullptr})
          ->second;
  for (size_t I = 0; I < Count; ++I) {
    auto [IR, Flags] = Parts.Counted[I];
    Record &F = Functions[First + I];
    F.Name = Requests[I].Name;
    F.In = &In;
    F.Stub = Stubs->find(S.JD, F.Name);
    F.LazyEntry = F.Tier0Entry = (*NewEntries)[I];
    F.Tier0Name = Mangle(getTierZeroName(IR->getName()));
    F.St = Stage::Lazy;
    F.Why = Reason::NotCalledYet;
    F.Size = IR->getInstructionCount();
    if (auto Cell = Cells->create())
      F.Cell = *Cell;
    else
      return Cell.takeError();
    armCell(F);
    S.ByName[*F.Name] = F.Id;
    Symbols[F.Name] = {F.Stub, Flags};
    Bodies[IR->getName().str()] = {IR, {F.Cell, Hook->getId(F.Trip), 0}};
  }
  for (auto &A : Parts.Aliases)
    Symbols[Mangle(A.Name)] = {Stubs->find(S.JD, Mangle(A.Aliasee)), A.Flags};
  startWorkers();
  return std::make_unique<TierZeroUnit>(ES, Place.Base, std::move(TSM),
                                        std::move(Bodies), TierZeroGroup);
}

void ReOptimizeLayer::noteData(Space &S, ResourceKey Key,
                               ModulePartition &Parts) {
  std::lock_guard<std::mutex> Lock(M);
  Input &In = Inputs.emplace(Key, Input{&S, nullptr, {}, {}, nullptr})->second;
  for (auto &Name : Parts.DataNames)
    S.Data.try_emplace(Name,
                       Space::DataState{Key, std::move(Parts.Mentions[Name])});
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
    S.Data.try_emplace(A.Name, Space::DataState{Key, {A.Aliasee}});
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

Error ReOptimizeLayer::add(ResourceTrackerSP RT, ThreadSafeModule Module) {
  ResourceKey Key = 0;
  if (auto Err = RT->withResourceKeyDo([&](ResourceKey K) { Key = K; }))
    return Err;
  auto Home = getSpace(RT->getJITDylib());
  if (!Home)
    return Home.takeError();
  Space &S = *Home;

  auto TSM = std::make_shared<ThreadSafeModule>(std::move(Module));
  auto Context = TSM->getContext();
  ModulePartition Parts = TSM->withModuleDo([&](llvm::Module &Mod) {
    return partitionModule(
        Mod, {*P, isEnabled(), /*MayCompileEarly=*/true,
              [&](StringRef Name) { return defines(S.JD, Name); }});
  });
  noteData(S, Key, Parts);
  if (!Parts.Counted.empty()) {
    SymbolMap Symbols;
    auto TierZero = createFunctions(S, Key, Parts, TSM, Symbols);
    if (!TierZero)
      return TierZero.takeError();
    if (auto Err = S.JD.define(absoluteSymbols(std::move(Symbols)), RT))
      return Err;
    if (auto Err = S.JD.define(std::move(*TierZero), RT))
      return Err;
  }
  noteCallSlots(S, Parts);
  if (Place.CheckReferences)
    if (auto Err = checkReferences(S, std::move(Parts.Roots))) {
      noteFailed(S, Key);
      return Err;
    }
  auto AddRest = [&](ThreadSafeModule Rest) {
    return Place.AddRest ? Place.AddRest(RT, std::move(Rest))
                         : Place.Base.add(RT, std::move(Rest));
  };
  if (Parts.Whole)
    return AddRest(std::move(*TSM));
  if (Parts.Data)
    if (auto Err = AddRest(
            ThreadSafeModule(std::move(Parts.Data), std::move(Context))))
      return Err;
  return compileEarly(S, Parts);
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
  auto TSM = std::make_shared<ThreadSafeModule>(std::move(Module));
  auto Context = TSM->getContext();
  ModulePartition Parts = TSM->withModuleDo([&](llvm::Module &Mod) {
    return partitionModule(
        Mod, {*P, isEnabled(), /*MayCompileEarly=*/false, nullptr});
  });
  if (!Parts.Whole)
    if (auto Err = emitParts(*Home, *R, Parts, TSM))
      return Fail(std::move(Err));
  if (R->getSymbols().empty())
    return;
  if (Parts.Whole)
    return Place.Base.emit(std::move(R), std::move(*TSM));
  // Nothing but the symbol that stands for initialisers may be left.
  if (!Parts.Data)
    Parts.Data = TSM->withModuleDo([](llvm::Module &Mod) {
      auto Empty = std::make_unique<llvm::Module>(Mod.getModuleIdentifier(),
                                                  Mod.getContext());
      Empty->setDataLayout(Mod.getDataLayout());
      Empty->setTargetTriple(Mod.getTargetTriple());
      return Empty;
    });
  Place.Base.emit(std::move(R),
                  ThreadSafeModule(std::move(Parts.Data), std::move(Context)));
}

Error ReOptimizeLayer::emitParts(Space &S, MaterializationResponsibility &R,
                                 ModulePartition &Parts,
                                 std::shared_ptr<ThreadSafeModule> TSM) {
  SymbolFlagsMap Exposed;
  for (auto &[Name, Flags] : Parts.Exposed)
    Exposed[Mangle(Name)] = Flags;
  if (auto Err = R.defineMaterializing(std::move(Exposed)))
    return Err;

  ResourceKey Key = 0;
  if (auto Err = R.withResourceKeyDo([&](ResourceKey K) { Key = K; }))
    return Err;
  noteData(S, Key, Parts);
  Error Result = Parts.Counted.empty()
                     ? Error::success()
                     : emitFunctions(S, Key, R, Parts, std::move(TSM));
  if (!Result) {
    noteCallSlots(S, Parts);
    // Was the tracker removed meanwhile, before it had anything of ours? If it
    // is removed from now on, ORC tells us.
    Result = R.withResourceKeyDo([](ResourceKey) {});
  }
  if (Result)
    Result = joinErrors(std::move(Result), handleRemoveResources(S.JD, Key));
  return Result;
}

Error ReOptimizeLayer::emitFunctions(Space &S, ResourceKey Key,
                                     MaterializationResponsibility &R,
                                     ModulePartition &Parts,
                                     std::shared_ptr<ThreadSafeModule> TSM) {
  SymbolMap Symbols;
  auto TierZero = createFunctions(S, Key, Parts, std::move(TSM), Symbols);
  if (!TierZero)
    return TierZero.takeError();
  SymbolNameSet Names;
  for (auto &[Name, Symbol] : Symbols)
    Names.insert(Name);
  auto Stubs = R.delegate(Names);
  if (!Stubs)
    return Stubs.takeError();
  Error Err = (*Stubs)->notifyResolved(Symbols);
  if (!Err)
    Err = (*Stubs)->notifyEmitted({});
  if (Err) {
    (*Stubs)->failMaterialization();
    return Err;
  }
  // A tracker of its own, which goes with the input: what a responsibility
  // defines later is not tracked by ORC, and would stay.
  auto RT = S.JD.createResourceTracker();
  {
    std::lock_guard<std::mutex> Lock(M);
    auto First = S.ByName.find(Parts.Counted.front().first->getName());
    if (First == S.ByName.end() || !Functions[First->second].In)
      return make_error<ResourceTrackerDefunct>(RT);
    Functions[First->second].In->TierZero = RT;
  }
  return S.JD.define(std::move(*TierZero), std::move(RT));
}

Error ReOptimizeLayer::compileEarly(Space &S, ModulePartition &Parts) {
  auto Find = [&](StringRef Name) -> std::optional<FunctionId> {
    std::lock_guard<std::mutex> Lock(M);
    auto I = S.ByName.find(Name);
    return I == S.ByName.end() ? std::nullopt : std::optional(I->second);
  };
  StringSet<> Seen;
  while (!Parts.EagerWithCallees.empty()) {
    std::string Name = std::move(Parts.EagerWithCallees.back());
    Parts.EagerWithCallees.pop_back();
    if (!Seen.insert(Name).second)
      continue;
    if (auto Id = Find(Name)) {
      Parts.Eager.push_back(std::move(Name));
      withTierZero(*Id, [&](const Function &IR) {
        append_range(Parts.EagerWithCallees, getMentionedNames(IR));
      });
    }
  }
  for (auto &Name : Parts.Eager)
    if (auto Id = Find(Name); Id && !compileTierZero(*Id))
      return createStringError(inconvertibleErrorCode(),
                               "cannot compile " + demangle(Name));
  return Error::success();
}

ExecutorAddr ReOptimizeLayer::compileTierZero(FunctionId Id) {
  SymbolStringPtr Name;
  JITDylib *JD;
  {
    std::lock_guard<std::mutex> Lock(M);
    Record &F = Functions[Id];
    if (F.St == Stage::Removed)
      return ExecutorAddr();
    JD = &F.Home->JD;
    if (F.Body)
      return F.Body;
    if (F.Tier0Compiled)
      return F.Tier0Entry;
    Name = F.Tier0Name;
  }
  Expected<ExecutorSymbolDef> Symbol = ExecutorSymbolDef();
  auto LookUp = [&] {
    Symbol = ES.lookup(
        makeJITDylibSearchOrder(JD, JITDylibLookupFlags::MatchAllSymbols),
        Name);
  };
  consumeError(Symbol.takeError());
  if (hasRoomToCompile())
    LookUp();
  else
    llvm::thread(std::optional<unsigned>(CompileStack), LookUp).join();
  if (!Symbol) {
    ES.reportError(Symbol.takeError());
    return ExecutorAddr();
  }
  std::lock_guard<std::mutex> Lock(M);
  Record &F = Functions[Id];
  if (F.St == Stage::Removed)
    return ExecutorAddr();
  F.Tier0Entry = Symbol->getAddress();
  F.Tier0Compiled = true;
  if (F.Body)
    return F.Body;
  if (F.St == Stage::Lazy) {
    F.transition(Stage::Tier0);
    if (F.Why == Reason::NotCalledYet)
      F.Why = Reason::NotHotYet;
  }
  pointTo(F, F.Tier0Entry);
  return F.Tier0Entry;
}

bool ReOptimizeLayer::defines(JITDylib &JD, StringRef Name) const {
  std::lock_guard<std::mutex> Lock(M);
  auto S = Spaces.find(&JD);
  return S != Spaces.end() &&
         (S->second.ByName.count(Name) || S->second.Data.count(Name));
}

bool ReOptimizeLayer::withTierZero(
    FunctionId Id, function_ref<void(const Function &)> Visit) const {
  std::shared_ptr<ThreadSafeModule> TSM;
  std::string Name;
  {
    std::lock_guard<std::mutex> Lock(M);
    const Record &F = Functions[Id];
    if (F.In)
      TSM = F.In->TSM;
    Name = (*F.Name).str();
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

std::vector<FunctionInfo> ReOptimizeLayer::list() const {
  std::lock_guard<std::mutex> Lock(M);
  std::vector<FunctionInfo> Result;
  for (const Record &F : Functions) {
    if (F.St == Stage::Removed)
      continue;
    Heat H = readHeat(F);
    Result.push_back({F.Id, (*F.Name).str(), F.St, F.Version, H.Calls, H.Loops,
                      F.CompileTime, F.Why, F.Detail, F.Tier0Compiled});
  }
  return Result;
}

LayerStatus ReOptimizeLayer::getStatus() const {
  std::lock_guard<std::mutex> Lock(M);
  LayerStatus S;
  S.Enabled = Opts.Enabled;
  S.Threshold = Opts.Threshold;
  S.LoopThreshold = Opts.Threshold * Opts.LoopFactor;
  S.WorkerStarted = !Workers.empty();
  S.WorkerBusy = Busy || Linking;
  S.Batches = LastBatch;
  S.Failures = FailedBatches;
  S.CompileTime = TotalCompileTime;
  auto CountOf = [&S](const Record &F) -> unsigned & {
    return F.Body ? S.Tier1 : F.Tier0Compiled ? S.Tier0 : S.Lazy;
  };
  for (const Record &F : Functions)
    switch (F.St) {
    case Stage::Lazy:
      ++S.Lazy;
      break;
    case Stage::Tier0:
      ++S.Tier0;
      break;
    case Stage::Queued:
      ++S.Queued;
      ++CountOf(F);
      break;
    case Stage::Compiling:
      ++S.Compiling;
      ++CountOf(F);
      break;
    case Stage::Tier1:
      ++S.Tier1;
      break;
    case Stage::Refused:
      ++S.Refused;
      break;
    case Stage::Removed:
      break;
    }
  return S;
}

} // namespace reopt
