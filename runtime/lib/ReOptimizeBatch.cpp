//===-- ReOptimizeBatch.cpp -----------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The way of a batch: what the policy sees of the session, new code, linking,
// publishing, failing.
//
//===----------------------------------------------------------------------===//

#include "Lifetime.h"
#include "reopt/ReOptimizeLayer.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

/// On a thread that compiles, what ORC reported since the batch began. ORC
/// tells the causes to the session's error reporter, and only the consequences
/// to who looks up.
static thread_local std::string *BackgroundErrors = nullptr;

bool ReOptimizeLayer::noteBackgroundError(const Error &Err) {
  if (!BackgroundErrors)
    return false;
  raw_string_ostream OS(*BackgroundErrors);
  OS << (BackgroundErrors->empty() ? "" : "; ") << Err;
  return true;
}

bool ReOptimizeLayer::isCompiling() { return BackgroundErrors; }

struct ReOptimizeLayer::LinkJob {
  LinkJob(Batch B, Space &S)
      : B(std::move(B)), S(S), Home(S.shared_from_this()),
        Start(std::chrono::steady_clock::now()) {}
  Batch B;
  Space &S;
  /// A link may be completed when its JITDylib is gone.
  std::shared_ptr<Space> Home;
  LoopRequests Loops;
  NewCode Code;
  std::chrono::steady_clock::time_point Start;
  /// Until now, from the start.
  std::chrono::microseconds Time{0};
  CodeObject Made;
  /// Of Code.Bodies, and of Code.Continuations.
  std::vector<ExecutorAddr> Addresses, Tables;
};

class ReOptimizeLayer::View : public SessionView {
public:
  View(ReOptimizeLayer &L, Space &S, LinkJob &Job) : L(L), S(S), Job(Job) {}

  std::optional<Entry> find(StringRef Name) const override {
    std::lock_guard<std::mutex> Lock(L.M);
    auto I = S.ByName.find(Name);
    if (I == S.ByName.end())
      return std::nullopt;
    const Record &F = L.Functions[I->second];
    return Entry{F.Id, F.St, L.P->isWarm(L.readHeat(F))};
  }
  bool defines(StringRef Name) const override { return L.defines(S.JD, Name); }
  InstrumentationSite getNextSite(FunctionId Id) const override {
    std::lock_guard<std::mutex> Lock(L.M);
    const Record &F = L.Functions[Id];
    return {F.Cell, L.Hook->getId(F.Trip), F.Version + 1};
  }
  LoopRequest getLoopRequest(FunctionId Id) const override {
    std::lock_guard<std::mutex> Lock(L.M);
    return Job.Loops[Id] = L.getLoopRequest(L.Functions[Id]);
  }
  bool withTierZero(
      FunctionId Id,
      function_ref<void(const llvm::Function &)> Visit) const override {
    return L.withTierZero(Id, Visit);
  }
  bool isWanted() const override {
    return !Job.B.Speculative || !L.Spare->isStopped();
  }
  void runAtLowestPriority(function_ref<void()> Work) const override {
    if (Job.B.Speculative)
      L.Spare->runAtLowestPriority(Work);
    else
      Work();
  }

private:
  ReOptimizeLayer &L;
  Space &S;
  LinkJob &Job;
};

void ReOptimizeLayer::failBatch(const Batch &B, Reason Why, StringRef Detail) {
  std::lock_guard<std::mutex> Lock(M);
  if (B.Speculative)
    return failSpeculation(B, Why, Detail);
  ++FailedBatches;
  for (auto &Member : B.Members)
    fail(Member.Id, Why, Detail, /*ForGood=*/false);
}

void ReOptimizeLayer::lookUp(Space &S, SymbolLookupSet Names,
                             unique_function<void(Expected<SymbolMap>)> Then) {
  {
    std::lock_guard<std::mutex> Lock(M);
    ++Linking;
  }
  ES.lookup(
      LookupKind::Static,
      makeJITDylibSearchOrder(&S.JD, JITDylibLookupFlags::MatchAllSymbols),
      std::move(Names), SymbolState::Ready,
      [Life = Life, Then = std::move(Then)](Expected<SymbolMap> Found) mutable {
        ReOptimizeLayer *L = Life->enter();
        if (!L)
          return consumeError(Found.takeError());
        Then(std::move(Found));
        {
          std::lock_guard<std::mutex> Lock(L->M);
          if (L->Linking)
            --L->Linking;
          L->Idle->notify_all();
        }
        Life->leave();
      },
      NoDependenciesToRegister);
}

bool ReOptimizeLayer::areKnown(const NewCode &Code, const Space &S) const {
  std::lock_guard<std::mutex> Lock(M);
  auto IsKnown = [&](FunctionId Id) {
    return Id < Functions.size() && Functions[Id].Home == &S;
  };
  auto NamesKnown = [&](const auto &Named) { return IsKnown(Named.Id); };
  return all_of(Code.Uses, IsKnown) && all_of(Code.Served, IsKnown) &&
         all_of(Code.Bodies, NamesKnown) && all_of(Code.Refused, NamesKnown) &&
         all_of(Code.Continuations, NamesKnown);
}

/// What is wrong with \p Code, as far as it shows in a moment; empty if nothing
/// is.
static std::string findMistake(const NewCode &Code) {
  if (!Code.Object)
    return "";
  auto Object = object::ObjectFile::createObjectFile(*Code.Object);
  if (!Object) { // The linker will say what it is.
    consumeError(Object.takeError());
    return "";
  }
  StringSet<> Defined;
  bool CallsHook = false;
  for (const object::SymbolRef &Symbol : (*Object)->symbols()) {
    Expected<StringRef> Name = Symbol.getName();
    Expected<uint32_t> Flags = Symbol.getFlags();
    if (Name && Flags && !(*Flags & object::SymbolRef::SF_Undefined))
      Defined.insert(*Name);
    // A target may put a prefix before it.
    CallsHook |= Name && Name->ends_with(HookName);
    consumeError(Name.takeError());
    consumeError(Flags.takeError());
  }
  // Another symbol of that name would be found: the function's own stub, say,
  // which would then lead to itself.
  for (auto &Body : Code.Bodies)
    if (!Defined.count(Body.Name))
      return "the policy named a body " + Body.Name +
             ", which its object does not define";
  for (auto &Loops : Code.Continuations)
    if (!Defined.count(Loops.Table))
      return "the policy named a table " + Loops.Table +
             ", which its object does not define";
  if (!CallsHook &&
      any_of(Code.Bodies, [](auto &Body) { return Body.Counted; }))
    return "the policy said that a body counts, and no code of the object "
           "does: it has to be instrumented";
  return "";
}

void ReOptimizeLayer::compileBatch(Batch B, Space &S) {
  auto Job = std::make_unique<LinkJob>(std::move(B), S);
  std::string Reported;
  std::string *const Outer = std::exchange(BackgroundErrors, &Reported);
  scope_exit Restore([=] { BackgroundErrors = Outer; });

  if (Place.Old == OldCode::Count) {
    auto Count = ActiveCounts->create();
    if (!Count)
      return failBatch(Job->B, Reason::LinkFailed, toString(Count.takeError()));
    Job->B.ActiveCount = *Count;
  }
  auto Code = P->reoptimize(Job->B, View(*this, S, *Job));
  if (Job->B.ActiveCount && !(Code && Code->Object && Code->CountsActive)) {
    ActiveCounts->release(Job->B.ActiveCount);
    Job->B.ActiveCount = ExecutorAddr();
  }
  if (!Code) {
    std::string Text = toString(Code.takeError());
    return failBatch(Job->B, Reason::EmissionFailed,
                     Reported.empty() ? Text : Reported);
  }
  Job->Code = std::move(*Code);
  if (Job->B.Speculative && Job->Code.GaveWay) {
    std::lock_guard<std::mutex> Lock(M);
    return giveUpSpeculation(Job->B);
  }
  std::string Mistake = areKnown(Job->Code, S)
                            ? findMistake(Job->Code)
                            : "the policy named a function that is not there";
  if (!Mistake.empty()) {
    if (Job->B.ActiveCount)
      ActiveCounts->release(Job->B.ActiveCount);
    return failBatch(Job->B, Reason::EmissionFailed, Mistake);
  }
  {
    std::lock_guard<std::mutex> Lock(M);
    if (Job->B.Speculative && !Job->Code.Object)
      return finishSpeculation(Job->B, Job->Code);
    for (auto &R : Job->Code.Refused)
      if (!Job->B.Speculative &&
          none_of(Job->B.Members, [&](const Batch::Member &Member) {
            return Member.Id == R.Id && Member.BodyIsNext;
          }))
        fail(R.Id, R.Why, R.Detail, /*ForGood=*/true);
    if (Stopping)
      return;
    if (!Job->Code.Object) {
      finishWithoutBodies(Job->B, Job->Code);
      return finishLoops(Job->B, Job->Loops);
    }
  }
  link(std::move(Job));
}

void ReOptimizeLayer::link(std::unique_ptr<LinkJob> Job) {
  Job->Made.RT = Job->S.JD.createResourceTracker();
  Job->Made.ActiveCount = Job->B.ActiveCount;
  bool IsSuperseded = false;
  {
    // What has a removed definition inside would not find its data, and be
    // dropped. What is removed from now on keeps them until this is linked.
    std::lock_guard<std::mutex> Lock(M);
    for (FunctionId Id : Job->Code.Uses) {
      const Record &F = Functions[Id];
      IsSuperseded |= F.St == Stage::Removed;
      if (F.In && F.In->Memory && !is_contained(Job->Made.Data, F.In->Memory))
        Job->Made.Data.push_back(F.In->Memory);
    }
  }
  if (IsSuperseded)
    return finish(std::move(Job));
  if (auto Err = Place.Linker.add(Job->Made.RT, std::move(Job->Code.Object)))
    return failBatch(Job->B, Reason::LinkFailed, toString(std::move(Err)));
  SymbolLookupSet Names;
  for (auto &Body : Job->Code.Bodies)
    Names.add(ES.intern(Body.Name));
  for (auto &Loops : Job->Code.Continuations)
    Names.add(ES.intern(Loops.Table));
  Space &S = Job->S;
  lookUp(S, std::move(Names),
         [this, Job = std::move(Job)](Expected<SymbolMap> Found) mutable {
           linked(std::move(Job), std::move(Found));
         });
}

void ReOptimizeLayer::linked(std::unique_ptr<LinkJob> Job,
                             Expected<SymbolMap> Found) {
  if (!Found) {
    std::string Text =
        toString(joinErrors(Found.takeError(), unmap(Job->Made)));
    if (BackgroundErrors && !BackgroundErrors->empty())
      Text = *BackgroundErrors;
    return failBatch(Job->B, Reason::LinkFailed, Text);
  }
  for (auto &Body : Job->Code.Bodies)
    Job->Addresses.push_back((*Found)[ES.intern(Body.Name)].getAddress());
  for (auto &Loops : Job->Code.Continuations)
    Job->Tables.push_back((*Found)[ES.intern(Loops.Table)].getAddress());
  findTables(std::move(Job));
}

void ReOptimizeLayer::findTables(std::unique_ptr<LinkJob> Job) {
  Space &S = Job->S;
  SymbolLookupSet Wanted;
  {
    std::lock_guard<std::mutex> Lock(M);
    DenseSet<SymbolStringPtr> Names;
    for (auto &Body : Job->Code.Bodies)
      for (auto [I, End] = CallSlots.equal_range(Body.Id); I != End; ++I)
        if (I->second.Home == &S && !S.Tables.count(I->second.Table))
          Names.insert(I->second.Table);
    for (auto &Name : Names)
      Wanted.add(Name, SymbolLookupFlags::WeaklyReferencedSymbol);
  }
  if (Wanted.empty())
    return finish(std::move(Job));
  lookUp(S, std::move(Wanted),
         [this, &S, Job = std::move(Job)](Expected<SymbolMap> Found) mutable {
           if (Found) {
             std::lock_guard<std::mutex> Lock(M);
             for (auto &[Name, Symbol] : *Found)
               if (S.Data.count(*Name))
                 S.Tables[Name] = Symbol.getAddress();
           } else {
             // A table that cannot be had is called through stubs.
             consumeError(Found.takeError());
           }
           finish(std::move(Job));
         });
}

void ReOptimizeLayer::finish(std::unique_ptr<LinkJob> Job) {
  Job->Time = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - Job->Start);
  std::vector<CodeObject> Unused;
  Error Err = publish(*Job, Unused) ? Error::success() : unmap(Job->Made);
  Err = joinErrors(std::move(Err), discard(std::move(Unused)));
  if (Err)
    ES.reportError(std::move(Err));
  // What is to be tried again was queued on this thread, which need not be a
  // worker's.
  std::unique_lock<std::mutex> Lock(M);
  if (!Queue.empty())
    wakeWorkers(Lock);
}

bool ReOptimizeLayer::publish(LinkJob &Job, std::vector<CodeObject> &Unused) {
  std::lock_guard<std::mutex> Lock(M);
  const Batch &B = Job.B;
  NewCode &Code = Job.Code;
  if (Stopping)
    return false;
  // Code that has a definition inside which was taken back meanwhile must not
  // run. Its members try again; the next emission sees what holds now.
  if (any_of(Code.Uses, [this](FunctionId Id) {
        return Functions[Id].St == Stage::Removed;
      })) {
    if (B.Speculative) {
      giveUpSpeculation(B);
      return false;
    }
    for (auto &Member : B.Members) {
      Functions[Member.Id].InLoop |= Member.IsRunning;
      if (Functions[Member.Id].St == Stage::Compiling)
        enqueue(Functions[Member.Id], Reason::Superseded);
    }
    return false;
  }

  CodeObject &Published = Batches[B.Number] = std::move(Job.Made);
  Published.Uses = std::move(Code.Uses);
  SmallVector<std::pair<uint64_t, uint64_t>, 16> Replaced;
  (B.Speculative ? SpeculationTime : TotalCompileTime) += Job.Time;
  for (size_t I = 0; I < Code.Continuations.size(); ++I) {
    Record &F = Functions[Code.Continuations[I].Id];
    Replaced.push_back({F.ContinuationBatch, 0});
    publishContinuations(F, B.Number, Job.Tables[I]);
    F.CompileTime = Job.Time;
    Published.Members.push_back(F.Id);
  }
  for (size_t I = 0; I < Code.Bodies.size(); ++I) {
    Record &F = Functions[Code.Bodies[I].Id];
    const bool IsMember = F.St == Stage::Compiling;
    if (F.St == Stage::Removed || F.St == Stage::Tier1)
      continue;
    // It has got hot meanwhile, and its own batch will soon be here.
    if (B.Speculative && F.St == Stage::Compiling)
      continue;
    if (F.St == Stage::Queued)
      Queue.erase(F.Id);
    Heat H = readHeat(F);
    F.PastCalls = H.Calls;
    F.PastLoops = H.Loops;
    F.transition(Stage::Tier1);
    if (B.Speculative) {
      ++Speculated;
      if (!F.isOnRequest())
        F.Why = Reason::Speculated;
    } else if (!IsMember)
      F.Why = Reason::WarmCallee;
    else if (!F.isOnRequest())
      F.Why = Reason::Hot;
    F.Detail.reset();
    F.Asked = false;
    Replaced.push_back({F.PublishedBatch, F.TierZeroGroup});
    F.Body = Job.Addresses[I];
    F.BodyCounts = Code.Bodies[I].Counted;
    F.PublishedBatch = B.Number;
    F.CompileTime =
        std::chrono::duration_cast<decltype(F.CompileTime)>(Job.Time);
    F.TimesServed = 0;
    ++F.Version;
    ++F.Tier;
    F.Armed = false;
    if (F.BodyCounts)
      armCell(F);
    else
      armPublished(F);
    Published.Members.push_back(F.Id);
    Published.InTables |= CallSlots.count(F.Id) != 0;
    pointTo(F, F.Body);
    // It waited for a continuation, too.
    if (B.Speculative && isRunning(F))
      enqueue(F, Reason::Waiting);
  }
  if (B.Speculative)
    finishSpeculation(B, Code);
  else
    finishWithoutBodies(B, Code);
  finishLoops(B, Job.Loops);
  for (auto [Batch, Group] : Replaced) {
    takeUnusedBatch(Batch, Unused);
    takeUnusedGroup(Group, Unused);
  }
  for (auto &Ids : {Published.Members, Published.Uses})
    for (FunctionId Id : Ids)
      if (Input *In = Functions[Id].In) {
        if (In->Calls && !is_contained(Published.Calls, In->Calls))
          Published.Calls.push_back(In->Calls);
        if (In->Memory && !is_contained(Published.Data, In->Memory))
          Published.Data.push_back(In->Memory);
      }
  // It may hold nothing that anybody still wanted.
  takeUnusedBatch(B.Number, Unused);
  return true;
}

void ReOptimizeLayer::finishWithoutBodies(const Batch &B, const NewCode &Code) {
  for (auto &Member : B.Members) {
    Record &F = Functions[Member.Id];
    if (F.St != Stage::Compiling)
      continue;
    // Its loops are what it was compiled for, or could not be continued.
    if (!Member.NeedsBody) {
      F.transition(F.getRunningStage());
      if (!F.isOnRequest())
        F.Why = F.Body ? Reason::Hot : Reason::Continued;
      continue;
    }
    // Others were asked to have a body: serving them would ask again, for ever.
    if (Member.LeaveToCaller && is_contained(Code.Served, F.Id)) {
      F.transition(F.getRunningStage());
      serve(F);
    } else {
      fail(F.Id, Reason::EmissionFailed, "no body was made",
           /*ForGood=*/false);
    }
  }
}

void ReOptimizeLayer::fail(FunctionId Id, Reason Why, StringRef Detail,
                           bool ForGood) {
  Record &F = Functions[Id];
  if (F.St != Stage::Compiling)
    return;
  ++F.Failures;
  F.Asked = false;
  F.explain(Why, Detail);
  F.NoContinuations |= ForGood;
  if (ForGood || F.Failures > uint64_t(Opts.MaxRetries)) {
    F.BodyCounts = false;
    F.transition(F.Body ? Stage::Tier1 : Stage::Refused);
    return;
  }
  F.transition(F.getRunningStage());
  armCell(F);
}

} // namespace reopt
