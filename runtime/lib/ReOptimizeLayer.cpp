//===-- ReOptimizeLayer.cpp -----------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Definitions: adding modules, taking them back, first calls, listings. What
// the worker does is in ReOptimizeWorker.cpp.
//
//===----------------------------------------------------------------------===//

#include "reopt/ReOptimizeLayer.h"
#include "reopt/ModuleExtractor.h"
#include "reopt/TierZero.h"
#include "reopt/TierZeroCompiler.h"
#include "llvm/Analysis/CFG.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"
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

/// ORC's target machines reach thread-locals through a control variable, which
/// libraries that were compiled otherwise do not have.
constexpr StringLiteral EmulatedTLSPrefix = "__emutls_v.";

/// Lazy entries keep the low 128 bits of vector registers only.
bool hasWideVectors(const Function &F) {
  auto IsWide = [&](Type *Ty) {
    return Ty->isVectorTy() && Ty->getPrimitiveSizeInBits() > 128;
  };
  return IsWide(F.getReturnType()) ||
         any_of(F.getFunctionType()->params(), IsWide);
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

/// What is passed to signal() and sigaction(). Its first call may interrupt
/// anything, malloc and the compiler included, so it must not compile.
bool mayBeSignalHandler(const Function &F) {
  const FunctionType &Ty = *F.getFunctionType();
  return Ty.getReturnType()->isVoidTy() && !Ty.isVarArg() &&
         (Ty.getNumParams() == 1 || Ty.getNumParams() == 3) &&
         Ty.getParamType(0)->isIntegerTy(32) &&
         all_of(Ty.params().drop_front(),
                [](Type *P) { return P->isPointerTy(); }) &&
         F.hasAddressTaken();
}

/// A function whose blocks are taken by address belongs with the data that
/// takes them.
bool hasAddressTakenBlocks(const Function &F) {
  return any_of(F, [](const BasicBlock &B) { return B.hasAddressTaken(); });
}

/// The names of the globals that \p U's operands mention, through constants.
void collectMentioned(const User &U, SmallPtrSetImpl<const Value *> &Seen,
                      std::vector<std::string> &Names) {
  SmallVector<const User *, 8> Work{&U};
  while (!Work.empty())
    for (const Value *Op : Work.pop_back_val()->operands()) {
      if (!isa<Constant>(Op) || !Seen.insert(Op).second)
        continue;
      auto *GV = dyn_cast<GlobalValue>(Op);
      if (!GV) {
        Work.push_back(cast<User>(Op));
        continue;
      }
      if (GV->hasLocalLinkage()) {
        // A copied constant: look at what it mentions.
        Work.push_back(GV);
        continue;
      }
      if (!GV->hasExternalWeakLinkage() && !GV->getName().starts_with("llvm."))
        Names.push_back(
            ((GV->isThreadLocal() ? EmulatedTLSPrefix : "") + GV->getName())
                .str());
    }
}

std::vector<std::string> getMentioned(const Function &F) {
  std::vector<std::string> Names;
  SmallPtrSet<const Value *, 16> Seen;
  for (const Instruction &I : instructions(F))
    collectMentioned(I, Seen, Names);
  return Names;
}

/// Calls \p Visit with each function whose address \p C holds, and where.
void forEachFunctionIn(const Constant &C, uint64_t Offset, const DataLayout &DL,
                       function_ref<void(const Function &, uint64_t)> Visit) {
  if (auto *F = dyn_cast<Function>(&C))
    return Visit(*F, Offset);
  auto *Aggregate = dyn_cast<ConstantAggregate>(&C);
  if (!Aggregate)
    return;
  for (unsigned I = 0; I < Aggregate->getNumOperands(); ++I) {
    uint64_t At = Offset;
    if (auto *STy = dyn_cast<StructType>(C.getType()))
      At += DL.getStructLayout(STy)->getElementOffset(I);
    else
      At += I * DL.getTypeAllocSize(Aggregate->getOperand(I)->getType());
    forEachFunctionIn(*Aggregate->getOperand(I), At, DL, Visit);
  }
}

/// Makes \p GV a declaration of a symbol that the session has already.
void dropDefinition(GlobalValue &GV) {
  if (auto *F = dyn_cast<Function>(&GV)) {
    F->deleteBody();
    F->setComdat(nullptr);
  } else if (auto *Var = dyn_cast<GlobalVariable>(&GV)) {
    Var->setInitializer(nullptr);
    Var->setLinkage(GlobalValue::ExternalLinkage);
    Var->setComdat(nullptr);
  }
  GV.setVisibility(GlobalValue::DefaultVisibility);
  GV.setDSOLocal(false);
}

} // namespace

struct ReOptimizeLayer::Partition {
  std::shared_ptr<ThreadSafeModule> TSM;
  /// Functions that get a stub, with the flags of their symbols.
  std::vector<std::pair<Function *, JITSymbolFlags>> Counted;
  /// Functions to compile at once, by name; with what they reach, or alone.
  std::vector<std::string> EagerWithCallees, Eager;
  /// Alias name, the function it stands for, its flags.
  std::vector<std::tuple<std::string, std::string, JITSymbolFlags>> Aliases;
  std::vector<GlobalValue *> Rest;
  std::vector<std::string> DataNames;
  /// Functions that the policy would have counted, were it not for Why.
  std::vector<std::string> Untiered;
  Reason UntieredWhy = Reason::DefinedWhileOff;
  /// Nothing is parted from the module: it goes to the JIT as it is.
  bool Whole = false;
  struct Slot {
    std::string Function, Table;
    uint64_t Offset;
  };
  std::vector<Slot> CallSlots;
  /// What is mentioned by code that runs without being called by name.
  std::vector<std::string> Roots;
  /// What merged data and merged uncounted functions mention, by their names:
  /// a header has many that nothing ever mentions.
  StringMap<std::vector<std::string>> Mentions;
  std::unique_ptr<Module> Data;
};

Expected<std::unique_ptr<ReOptimizeLayer>>
ReOptimizeLayer::Create(LLJIT &J, std::unique_ptr<Policy> P, Options &Opts) {
  auto &ES = J.getExecutionSession();
  auto &MemMgr = ES.getExecutorProcessControl().getMemMgr();
  std::unique_ptr<ReOptimizeLayer> L(
      new ReOptimizeLayer(J, std::move(P), Opts));
  auto Stubs = StubTable::Create(ES, MemMgr);
  if (!Stubs)
    return Stubs.takeError();
  L->Stubs = std::move(*Stubs);
  L->Cells = std::make_unique<CellTable>(ES, MemMgr);
  L->TierZeroCode = std::make_shared<CodeRanges>(".tier0");
  static_cast<ObjectLinkingLayer &>(J.getObjLinkingLayer())
      .addPlugin(L->TierZeroCode);
  auto Entries = LazyEntries::Create(
      ES, ExecutorAddr::fromPtr(&callWithoutCode),
      [Layer = L.get()](uint64_t Id,
                        LazyEntries::NotifyLandingResolved OnResolved) {
        OnResolved(Layer->compileTierZero(FunctionId(Id)));
      });
  if (!Entries)
    return Entries.takeError();
  L->Entries = std::move(*Entries);
  if (auto Err = J.getMainJITDylib().define(absoluteSymbols(
          {{J.mangleAndIntern(HookName),
            {ExecutorAddr::fromPtr(&reopt_hook),
             JITSymbolFlags::Exported | JITSymbolFlags::Callable}}})))
    return std::move(Err);
  ES.registerResourceManager(*L);
  return std::move(L);
}

ReOptimizeLayer::ReOptimizeLayer(LLJIT &J, std::unique_ptr<Policy> P,
                                 Options &Opts)
    : J(J), P(std::move(P)), Opts(Opts) {}

ReOptimizeLayer::~ReOptimizeLayer() {
  shutdown();
  auto &ES = J.getExecutionSession();
  ES.deregisterResourceManager(*this);
  if (auto Err = joinErrors(Entries ? Entries->shutdown() : Error::success(),
                            Stubs ? Stubs->shutdown() : Error::success()))
    ES.reportError(std::move(Err));
  if (Cells)
    if (auto Err = Cells->shutdown())
      ES.reportError(std::move(Err));
}

Error ReOptimizeLayer::partition(Module &Mod, Partition &Parts) {
  // The session links symbol by symbol; a group would only keep together what
  // we are about to part.
  for (GlobalObject &GO : Mod.global_objects())
    GO.setComdat(nullptr);

  {
    std::lock_guard<std::mutex> Lock(M);
    for (GlobalValue &GV : Mod.global_values()) {
      if (GV.isDeclaration() || isa<GlobalAlias>(GV) || isa<GlobalIFunc>(GV))
        continue;
      if (GV.hasAvailableExternallyLinkage() ||
          (GV.isWeakForLinker() && !GV.hasAppendingLinkage() &&
           (ByName.count(GV.getName()) || Data.count(GV.getName()))))
        dropDefinition(GV);
    }
  }

  // Assembly at file level and the functions beside it may share local labels:
  // one object has to hold both.
  const bool Enabled = isEnabled();
  const bool Counting =
      Enabled && Mod.ifuncs().empty() && Mod.getModuleInlineAsm().empty();
  if (Enabled)
    Parts.UntieredWhy = Reason::BesideAssembly;
  for (Function &F : Mod) {
    if (F.isDeclaration())
      continue;
    if (!Counting || F.hasLocalLinkage() || hasAddressTakenBlocks(F) ||
        F.hasFnAttribute(Attribute::Naked) ||
        P->instrument(F) == Tier0Kind::Plain) {
      Parts.Rest.push_back(&F);
      continue;
    }
    Parts.Counted.push_back({&F, JITSymbolFlags::fromGlobalValue(F)});
    if (hasWideVectors(F))
      Parts.Eager.push_back(F.getName().str());
  }
  for (Function &F : Mod)
    if (Counting && mayBeSignalHandler(F))
      Parts.EagerWithCallees.push_back(F.getName().str());

  SmallPtrSet<GlobalValue *, 16> Stubbed;
  for (auto &[F, Flags] : Parts.Counted)
    Stubbed.insert(F);
  for (GlobalAlias &A : Mod.aliases()) {
    auto *Aliasee = dyn_cast<Function>(A.getAliaseeObject());
    if (Aliasee && Stubbed.count(Aliasee))
      Parts.Aliases.push_back({A.getName().str(), Aliasee->getName().str(),
                               JITSymbolFlags::fromGlobalValue(A)});
    else
      Parts.Rest.push_back(&A);
  }
  for (GlobalVariable &Var : Mod.globals())
    if (!Var.isDeclaration() && Var.getName() != "llvm.used" &&
        Var.getName() != "llvm.compiler.used" && !isCopiedConstant(Var))
      Parts.Rest.push_back(&Var);

  Parts.Whole =
      !Counting && !(Parts.Rest.empty() && Mod.getModuleInlineAsm().empty());
  if (Parts.Rest.empty())
    return Error::success();

  // Local data that function bodies share with the rest gets a name that the
  // bodies' modules can refer to.
  static std::atomic<uint64_t> Unique{0};
  for (GlobalValue *GV : Parts.Rest)
    if (auto *F = dyn_cast<Function>(GV);
        F && !Counting && P->instrument(*F) == Tier0Kind::Counted)
      Parts.Untiered.push_back(F->getName().str());
  for (GlobalValue *GV : Parts.Rest)
    if (GV->hasLocalLinkage()) {
      GV->setName(GV->getName() + ".reopt." + Twine(++Unique));
      GV->setLinkage(GlobalValue::ExternalLinkage);
    }
  for (GlobalValue *GV : Parts.Rest) {
    if (!GV->hasAppendingLinkage())
      Parts.DataNames.push_back(GV->getName().str());
    std::vector<std::string> Mentioned;
    if (auto *F = dyn_cast<Function>(GV)) {
      Mentioned = getMentioned(*F);
    } else {
      SmallPtrSet<const Value *, 16> Seen;
      collectMentioned(*GV, Seen, Mentioned);
    }
    if (GV->isWeakForLinker() && !GV->hasAppendingLinkage())
      Parts.Mentions[GV->getName()] = std::move(Mentioned);
    else
      append_range(Parts.Roots, Mentioned);
  }
  if (Parts.Whole) {
    markUncounted(Mod);
    Parts.Roots.clear();
    return Error::success();
  }
  Parts.Data = extractModule(Mod, Mod.getModuleIdentifier(), Parts.Rest);
  for (GlobalVariable &Var : Parts.Data->globals())
    if (!Var.isDeclaration() && Var.isConstant() && P->isCallOnlyTable(Var)) {
      // We shall write to it; the program cannot tell.
      Var.setConstant(false);
      forEachFunctionIn(*Var.getInitializer(), 0, Mod.getDataLayout(),
                        [&](const Function &F, uint64_t Offset) {
                          Parts.CallSlots.push_back(
                              {F.getName().str(), Var.getName().str(), Offset});
                        });
    }
  // What loops here will never be replaced: no code of ours may be slower than
  // stock's for good.
  if (any_of(*Parts.Data, [](const Function &F) {
        SmallVector<std::pair<const BasicBlock *, const BasicBlock *>, 1> Loops;
        if (!F.isDeclaration())
          FindFunctionBackedges(F, Loops);
        return !Loops.empty();
      }))
    markUncounted(*Parts.Data);
  return Error::success();
}

Error ReOptimizeLayer::defineFunctions(ResourceTrackerSP RT, ResourceKey Key,
                                       Partition &Parts) {
  auto &ES = J.getExecutionSession();
  auto &JD = RT->getJITDylib();
  const size_t Count = Parts.Counted.size();

  FunctionId First;
  std::vector<uint64_t> Ids(Count);
  {
    std::lock_guard<std::mutex> Lock(M);
    for (auto &[F, Flags] : Parts.Counted)
      if (ByName.count(F->getName()))
        return createStringError(inconvertibleErrorCode(),
                                 "defined already: " +
                                     demangle(F->getName().str()));
    First = Functions.size();
    for (size_t I = 0; I < Count; ++I) {
      FunctionState &F = Functions.emplace_back();
      Ids[I] = F.Id = First + I;
      F.St = Stage::Removed; // Until all of it is defined.
      F.Trip.Inbox = &Inbox;
      F.Trip.Function = F.Id;
    }
  }
  auto NewEntries = Entries->create(Ids);
  if (!NewEntries)
    return NewEntries.takeError();

  // A stub outlives its function: code that was linked with it may run when the
  // function is defined again.
  std::vector<StubTable::Request> Requests, New, Old;
  for (size_t I = 0; I < Count; ++I) {
    Requests.push_back({J.mangleAndIntern(Parts.Counted[I].first->getName()),
                        (*NewEntries)[I]});
    (Stubs->find(JD, Requests.back().Name) ? Old : New)
        .push_back(Requests.back());
  }
  auto Created = Stubs->create(JD, New);
  Error Err = Created ? Stubs->redirect(JD, Old) : Created.takeError();
  if (Err) {
    Entries->release(*NewEntries);
    return Err;
  }

  SymbolMap Symbols;
  TierZeroUnit::BodyMap Bodies;
  {
    std::lock_guard<std::mutex> Lock(M);
    for (size_t I = 0; I < Count; ++I) {
      auto [IR, Flags] = Parts.Counted[I];
      FunctionState &F = Functions[First + I];
      F.Name = Requests[I].Name;
      F.Owner = Key;
      F.Stub = Stubs->find(JD, F.Name);
      F.LazyEntry = F.Tier0Entry = (*NewEntries)[I];
      F.Tier0Name = J.mangleAndIntern(getTierZeroName(IR->getName()));
      F.St = Stage::Lazy;
      F.Why = Reason::NotCalledYet;
      F.Size = IR->getInstructionCount();
      if (auto Cell = Cells->create())
        F.Cell = *Cell;
      else
        return Cell.takeError();
      armCell(F);
      ByName[*F.Name] = F.Id;
      Symbols[F.Name] = {F.Stub, Flags};
      Bodies[IR->getName().str()] = {IR, {F.Cell, F.Trip.getHookId(), 0}};
    }
    Input In;
    In.TSM = Parts.TSM;
    In.Functions.assign(Ids.begin(), Ids.end());
    Inputs.emplace(Key, std::move(In));
    startWorker();
  }
  for (auto &[Alias, Name, Flags] : Parts.Aliases)
    Symbols[J.mangleAndIntern(Alias)] = {
        Stubs->find(JD, J.mangleAndIntern(Name)), Flags};
  if ((Err = JD.define(absoluteSymbols(std::move(Symbols)), RT)))
    return Err;
  return JD.define(std::make_unique<TierZeroUnit>(ES, J.getIRCompileLayer(),
                                                  Parts.TSM, std::move(Bodies),
                                                  TierZeroGroup),
                   RT);
}

Error ReOptimizeLayer::add(ResourceTrackerSP RT, ThreadSafeModule TSM) {
  ResourceKey Key = 0;
  if (auto Err = RT->withResourceKeyDo([&](ResourceKey K) { Key = K; }))
    return Err;

  Partition Parts;
  Parts.TSM = std::make_shared<ThreadSafeModule>(std::move(TSM));
  auto Context = Parts.TSM->getContext();
  if (auto Err = Parts.TSM->withModuleDo(
          [&](Module &Mod) { return partition(Mod, Parts); }))
    return Err;

  {
    std::lock_guard<std::mutex> Lock(M);
    Input In;
    for (auto &Name : Parts.DataNames)
      Data.try_emplace(Name, DataState{Key, std::move(Parts.Mentions[Name])});
    for (auto &Name : Parts.Untiered) {
      FunctionState &F = Functions.emplace_back();
      F.Id = Functions.size() - 1;
      F.Name = J.mangleAndIntern(Name);
      F.Owner = Key;
      F.St = Stage::Refused;
      F.Why = Parts.UntieredWhy;
      In.Functions.push_back(F.Id);
    }
    for (auto &[Alias, Name, Flags] : Parts.Aliases) {
      Data.try_emplace(Alias, DataState{Key, {Name}});
      Parts.DataNames.push_back(Alias);
    }
    In.Data = std::move(Parts.DataNames);
    Inputs.emplace(Key, std::move(In));
    // Its code will run soon, and trip.
    if (Worker.joinable())
      Inbox.wake();
  }

  if (!Parts.Counted.empty())
    if (auto Err = defineFunctions(RT, Key, Parts))
      return Err;
  {
    std::lock_guard<std::mutex> Lock(M);
    for (auto &Slot : Parts.CallSlots)
      if (auto I = ByName.find(J.mangle(Slot.Function)); I != ByName.end())
        CallSlots.insert(
            {I->second, {J.mangleAndIntern(Slot.Table), Slot.Offset}});
  }
  // What the initialisers will call must exist before they run: a lazy function
  // has nobody to tell.
  if (auto Err = checkReferences(std::move(Parts.Roots))) {
    noteFailed(Key);
    return Err;
  }
  if (Parts.Whole)
    return J.addIRModule(RT, std::move(*Parts.TSM));
  if (Parts.Data)
    if (auto Err =
            J.addIRModule(RT, ThreadSafeModule(std::move(Parts.Data), Context)))
      return Err;
  StringSet<> Seen;
  while (!Parts.EagerWithCallees.empty()) {
    std::string Name = std::move(Parts.EagerWithCallees.back());
    Parts.EagerWithCallees.pop_back();
    if (!Seen.insert(Name).second)
      continue;
    if (auto F = find(Name)) {
      Parts.Eager.push_back(std::move(Name));
      withTierZero(F->Id, [&](const llvm::Function &IR) {
        for (auto &Mentioned : getMentioned(IR))
          Parts.EagerWithCallees.push_back(std::move(Mentioned));
      });
    }
  }
  for (auto &Name : Parts.Eager)
    if (auto F = find(Name); F && !compileTierZero(F->Id))
      return createStringError(inconvertibleErrorCode(),
                               "cannot compile " + demangle(Name));
  return Error::success();
}

void ReOptimizeLayer::noteFailed(ResourceKey Key) {
  std::lock_guard<std::mutex> Lock(M);
  auto [Begin, End] = Inputs.equal_range(Key);
  for (auto I = Begin; I != End; ++I) {
    for (auto &Name : I->second.Data)
      FailedDefinitions.insert(Name);
    for (FunctionId Id : I->second.Functions)
      FailedDefinitions.insert(*Functions[Id].Name);
  }
}

Error ReOptimizeLayer::checkReferences(std::vector<std::string> Roots) {
  SymbolLookupSet Outside;
  auto &ES = J.getExecutionSession();
  std::vector<FunctionId> Reached;
  std::vector<std::string> ReachedData;
  while (!Roots.empty()) {
    std::string Name = std::move(Roots.back());
    Roots.pop_back();
    std::unique_lock<std::mutex> Lock(M);
    auto I = ByName.find(Name);
    if (I == ByName.end()) {
      StringRef Defined = Name;
      Defined.consume_front(EmulatedTLSPrefix);
      if (auto D = Data.find(Defined); D != Data.end()) {
        if (!D->second.ReferencesChecked) {
          D->second.ReferencesChecked = true;
          ReachedData.push_back(Defined.str());
          append_range(Roots, D->second.Mentions);
        }
      } else if (KnownOutside.insert(Name).second) {
        Outside.add(J.mangleAndIntern(Name),
                    SymbolLookupFlags::WeaklyReferencedSymbol);
      }
      continue;
    }
    FunctionState &F = Functions[I->second];
    if (F.ReferencesChecked)
      continue;
    F.ReferencesChecked = true;
    Reached.push_back(F.Id);
    Lock.unlock();
    withTierZero(F.Id, [&](const Function &IR) {
      for (auto &Mentioned : getMentioned(IR))
        Roots.push_back(std::move(Mentioned));
    });
  }
  if (Outside.empty())
    return Error::success();

  std::vector<SymbolStringPtr> Names;
  for (auto &[Name, Flags] : Outside)
    Names.push_back(Name);
  auto Found =
      ES.lookup(makeJITDylibSearchOrder({&J.getMainJITDylib(),
                                         J.getPlatformJITDylib().get(),
                                         J.getProcessSymbolsJITDylib().get()},
                                        JITDylibLookupFlags::MatchAllSymbols),
                std::move(Outside));
  if (!Found)
    return Found.takeError();
  std::vector<std::string> Missing;
  std::lock_guard<std::mutex> Lock(M);
  for (auto &Name : Names)
    if (!Found->count(Name)) {
      StringRef Text = *Name;
      const bool IsThreadLocal = Text.consume_front(EmulatedTLSPrefix);
      Missing.push_back(
          (IsThreadLocal ? "thread-local " : "") + demangle(Text) +
          (FailedDefinitions.contains(Text) ? " (its definition failed)" : ""));
      KnownOutside.erase(*Name);
    }
  if (Missing.empty())
    return Error::success();
  for (FunctionId Id : Reached)
    Functions[Id].ReferencesChecked = false;
  for (auto &Name : ReachedData)
    if (auto D = Data.find(Name); D != Data.end())
      D->second.ReferencesChecked = false;
  llvm::sort(Missing);
  return createStringError(inconvertibleErrorCode(),
                           "undefined: " + join(Missing, ", "));
}

ExecutorAddr ReOptimizeLayer::compileTierZero(FunctionId Id) {
  SymbolStringPtr Name;
  {
    std::lock_guard<std::mutex> Lock(M);
    FunctionState &F = Functions[Id];
    if (F.St == Stage::Removed)
      return ExecutorAddr();
    if (F.Body)
      return F.Body;
    if (F.Tier0Compiled)
      return F.Tier0Entry;
    Name = F.Tier0Name;
  }
  auto &JD = J.getMainJITDylib();
  Expected<ExecutorSymbolDef> Symbol = ExecutorSymbolDef();
  auto LookUp = [&] {
    Symbol = J.getExecutionSession().lookup(
        makeJITDylibSearchOrder(&JD, JITDylibLookupFlags::MatchAllSymbols),
        Name);
  };
  consumeError(Symbol.takeError());
  if (hasRoomToCompile())
    LookUp();
  else
    llvm::thread(std::optional<unsigned>(CompileStack), LookUp).join();
  if (!Symbol) {
    J.getExecutionSession().reportError(Symbol.takeError());
    return ExecutorAddr();
  }
  std::lock_guard<std::mutex> Lock(M);
  FunctionState &F = Functions[Id];
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

Error ReOptimizeLayer::handleRemoveResources(JITDylib &JD, ResourceKey K) {
  std::vector<ResourceTrackerSP> Doomed;
  std::vector<std::shared_ptr<ThreadSafeModule>> DoomedIR;
  Error Result = Error::success();
  {
    std::lock_guard<std::mutex> Lock(M);
    auto [Begin, End] = Inputs.equal_range(K);
    if (Begin == End)
      return Result;
    std::vector<StubTable::Request> Traps;
    for (auto I = Begin; I != End; ++I) {
      for (auto &Name : I->second.Data) {
        // A definition that was refused does not take the first one along.
        auto Mine = Data.find(Name);
        if (Mine == Data.end() || Mine->second.Owner != K)
          continue;
        Data.erase(Mine);
        Tables.erase(J.mangleAndIntern(Name));
      }
      for (FunctionId Id : I->second.Functions) {
        FunctionState &F = Functions[Id];
        if (F.St == Stage::Removed)
          continue;
        F.transition(Stage::Removed);
        F.Why = Reason::Undone;
        if (!F.Stub)
          continue;
        pointTablesToStub(F);
        CallSlots.erase(Id);
        Entries->release(F.LazyEntry);
        ByName.erase(*F.Name);
        Traps.push_back({F.Name, ExecutorAddr()});
        Cells->release(F.Cell);
      }
      DoomedIR.push_back(std::move(I->second.TSM));
    }
    Inputs.erase(Begin, End);
    for (auto I = CallSlots.begin(); I != CallSlots.end();)
      I = Data.count(*I->second.Table) ? std::next(I) : CallSlots.erase(I);
    llvm::erase_if(Queue, [&](FunctionId Id) {
      return Functions[Id].St == Stage::Removed;
    });
    Result = Stubs->redirect(JD, Traps);
    for (FunctionState &F : Functions)
      F.ReferencesChecked = false;
    for (auto &Entry : Data)
      Entry.second.ReferencesChecked = false;
    auto IsGone = [&](FunctionId Id) {
      return Functions[Id].St == Stage::Removed;
    };
    for (auto I = Batches.begin(); I != Batches.end();) {
      BatchRecord &B = I->second;
      if (any_of(B.Uses, IsGone))
        for (FunctionId Id : B.Members)
          if (!IsGone(Id) && Functions[Id].PublishedBatch == I->first)
            demote(Functions[Id]);
      if (!all_of(B.Members, IsGone)) {
        ++I;
        continue;
      }
      Doomed.push_back(std::move(B.RT));
      I = Batches.erase(I);
    }
    Idle.notify_all();
  }
  for (auto &RT : Doomed)
    Result = joinErrors(std::move(Result), RT->remove());
  return Result;
}

void ReOptimizeLayer::handleTransferResources(JITDylib &, ResourceKey Dst,
                                              ResourceKey Src) {
  std::lock_guard<std::mutex> Lock(M);
  auto [Begin, End] = Inputs.equal_range(Src);
  std::vector<Input> Moved;
  for (auto I = Begin; I != End; ++I)
    Moved.push_back(std::move(I->second));
  Inputs.erase(Begin, End);
  for (auto &In : Moved) {
    for (FunctionId Id : In.Functions)
      Functions[Id].Owner = Dst;
    for (auto &Name : In.Data)
      if (auto D = Data.find(Name); D != Data.end() && D->second.Owner == Src)
        D->second.Owner = Dst;
    Inputs.emplace(Dst, std::move(In));
  }
}

std::optional<SessionView::Entry> ReOptimizeLayer::find(StringRef Name) const {
  std::lock_guard<std::mutex> Lock(M);
  auto I = ByName.find(Name);
  if (I == ByName.end())
    return std::nullopt;
  const FunctionState &F = Functions[I->second];
  return Entry{F.Id, F.St, P->isWarm(readHeat(F))};
}

bool ReOptimizeLayer::defines(StringRef Name) const {
  std::lock_guard<std::mutex> Lock(M);
  return ByName.count(Name) || Data.count(Name);
}

bool ReOptimizeLayer::withTierZero(
    FunctionId Id, function_ref<void(const llvm::Function &)> Visit) const {
  std::shared_ptr<ThreadSafeModule> TSM;
  std::string Name;
  {
    std::lock_guard<std::mutex> Lock(M);
    const FunctionState &F = Functions[Id];
    auto [Begin, End] = Inputs.equal_range(F.Owner);
    for (auto I = Begin; I != End && !TSM; ++I)
      if (is_contained(I->second.Functions, Id))
        TSM = I->second.TSM;
    Name = (*F.Name).str();
  }
  if (!TSM)
    return false;
  return TSM->withModuleDo([&](Module &Mod) {
    const llvm::Function *F = Mod.getFunction(Name);
    if (F)
      Visit(*F);
    return F != nullptr;
  });
}

std::vector<FunctionInfo> ReOptimizeLayer::list() const {
  std::lock_guard<std::mutex> Lock(M);
  std::vector<FunctionInfo> Result;
  for (const FunctionState &F : Functions) {
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
  S.WorkerStarted = Worker.joinable();
  S.WorkerBusy = WorkerBusy;
  S.Batches = LastBatch;
  S.Failures = FailedBatches;
  S.CompileTime = TotalCompileTime;
  for (const FunctionState &F : Functions)
    switch (F.St) {
    case Stage::Lazy:
      ++S.Lazy;
      break;
    case Stage::Tier0:
      ++S.Tier0;
      break;
    case Stage::Queued:
      ++S.Queued;
      ++(F.Tier0Compiled ? S.Tier0 : S.Lazy);
      break;
    case Stage::Compiling:
      ++S.Compiling;
      ++(F.Tier0Compiled ? S.Tier0 : S.Lazy);
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
