//===- ReOptimizeLayer.h ----------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Runs functions from tier 0 to their optimised bodies, behind one stub each.
///
/// An IRLayer, to be put on any other. A module that comes to it is
/// partitioned. Its functions get a stub each, under their own names, which
/// leads to an entry that compiles tier 0 on the first call. Its data,
/// initialisers and uncounted functions go to the layer below as they are.
/// Tier-0 code counts; when it trips, the hook notes the function and returns;
/// a worker asks the policy, has it make new code for all that tripped
/// together, links it under new private names, and redirects the stubs. Nobody
/// waits for it, but for first calls of functions that the policy does not want
/// to run in tier 0 (Policy::compilesFirst).
///
/// Modules come in two ways. add() defines at once what the module has, which
/// suits a session that will run it next. emit() is called by a layer above, or
/// by ORC, when a symbol of the module is looked up for the first time.
///
/// Threads. add(), emit() and resource removal may come from any thread; those
/// for one tracker one after the other, as ORC has it. User threads come in
/// through the hook, which takes no lock, and through a first call, which
/// compiles tier 0 on that thread and takes ORC's locks and, for short moments,
/// this layer's mutex; or waits for a worker, a second at most and without a
/// lock. As many threads compile as Setup says. With none (the single-threaded
/// mode) the thread that trips compiles, inside the hook; trips that come
/// meanwhile, from other threads or from code that the compile runs, are left
/// to it and do not wait. Everything else may be called from any thread.
///
/// Executors. Machine code runs in this process or in another; all memory of
/// the executor is read and written through its ExecutorProcessControl, and its
/// trips and first calls come as HookEntry and LazyEntries have it. For another
/// process the session needs a task dispatcher with threads, since first calls
/// and trips are served by its tasks, which wait for answers that the thread
/// that reads the connection has to hand them. When the executor cannot be
/// reached any more the session's error reporter is told once; nothing is
/// compiled from then on, and add() fails.
///
/// Old code. Setup says what becomes of code that was replaced or removed. Code
/// goes by objects: a batch's bodies when none of them is published any more, a
/// group of tier 0's when all functions that ran there have better bodies; such
/// a function that loses its body compiles tier 0 anew on its next call. A lazy
/// entry always goes on to the stub, never to a body, so that nobody is on the
/// way to a body but by the stub. What was removed while it runs runs on, with
/// its data, and may call what was removed with it: see ReOptimizeOldCode.cpp.
///
/// Locks. One mutex, M, guards all function states and the queue. Under M we
/// call the stub table, the cell table and the policy's quick questions, and
/// never ORC, since ORC calls us (removal) and we would deadlock; addresses are
/// looked up first and published under M after. Publishing checks under M that
/// the request is still wanted, so that a removal that came first wins. Lookups
/// of ours never block, so that a trip inside a materialisation cannot wait for
/// what that materialisation has yet to provide.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_REOPTIMIZELAYER_H
#define REOPT_REOPTIMIZELAYER_H

#include "reopt/ActiveCountTable.h"
#include "reopt/CellTable.h"
#include "reopt/CodeExtents.h"
#include "reopt/CodeRanges.h"
#include "reopt/CompileQueue.h"
#include "reopt/ForkCondition.h"
#include "reopt/FunctionState.h"
#include "reopt/HookEntry.h"
#include "reopt/IdleWork.h"
#include "reopt/LayerRecords.h"
#include "reopt/LayerSetup.h"
#include "reopt/LayerStatus.h"
#include "reopt/LazyEntries.h"
#include "reopt/Policy.h"
#include "reopt/Prospects.h"
#include "reopt/Reclaimer.h"
#include "reopt/StableVector.h"
#include "reopt/StubTable.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/Layer.h"
#include "llvm/ExecutionEngine/Orc/Mangling.h"
#include <map>
#include <random>
#include <thread>

namespace reopt {

struct ModulePartition;

class ReOptimizeLayer : public llvm::orc::IRLayer,
                        private llvm::orc::ResourceManager {
public:
  using OldCode = reopt::OldCode;
  using Setup = LayerSetup;

  /// In \p J: between its users, who call this layer's add() instead of J's
  /// addIRModule(), and its transform layer, which sees data and tier 0. Fails
  /// if its object layer is not JITLink's.
  static llvm::Expected<Setup> in(llvm::orc::LLJIT &J);

  /// \p Opts outlives the layer; from now on the layer changes it, under its
  /// mutex. The workers start with the first function.
  static llvm::Expected<std::unique_ptr<ReOptimizeLayer>>
  Create(Setup Place, std::unique_ptr<Policy> P, Options &Opts);

  /// As shutdown(). Machine code of the layer must not run any more.
  ~ReOptimizeLayer() override;

  /// Adds \p TSM; on an error nothing of it stays. Functions that the tracker's
  /// JITDylib has already and that may be merged (weak and linkonce linkage)
  /// are dropped from it, as are data; a second definition is an error
  /// otherwise, also a strong one of what was weak. Removing \p RT takes all of
  /// it back.
  llvm::Error add(llvm::orc::ResourceTrackerSP RT,
                  llvm::orc::ThreadSafeModule TSM) override;
  using IRLayer::add;

  /// Whether \p Mod may be added with addOnce(): tiering is on, and none of its
  /// functions loops, is counted, or has to be compiled early.
  bool runsOnce(const llvm::Module &Mod) const;

  using CompileFn =
      llvm::function_ref<llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>(
          llvm::Module &)>;
  /// Adds the code of \p Mod, all of which only \p Entry leads to: a function
  /// that the caller calls once, and then removes \p RT. It is compiled and
  /// linked at once, on this thread, where it is: nobody else looks at its IR,
  /// so it may stay in a context that is not to be locked. Of its symbols but
  /// Entry, which is external, all are local. Returns Entry's address.
  llvm::Expected<llvm::orc::ExecutorAddr>
  addOnce(const llvm::orc::ResourceTrackerSP &RT, llvm::Module &Mod,
          llvm::StringRef Entry, CompileFn Compile);

  /// As ORC has it. Functions with vectors wider than 128 bits in their
  /// signatures are not counted here: they would have to be compiled before
  /// their first call, in the middle of a lookup.
  void emit(std::unique_ptr<llvm::orc::MaterializationResponsibility> R,
            llvm::orc::ThreadSafeModule TSM) override;

  /// To be called before \p JD is removed from the session: removes all that it
  /// has, and gives its stubs back. Nothing may call them any more, and nothing
  /// of it may be on its way: wait() first. What is compiled while the program
  /// waits is waited for here.
  llvm::Error removeJITDylib(llvm::orc::JITDylib &JD);

  /// Queues \p Ids whether hot or not. Functions that run code of the policy's
  /// already are left as they are.
  void promote(llvm::ArrayRef<FunctionId> Ids);

  /// Waits until nothing is queued, compiled, linked or tripped; at most
  /// \p Limit. True if that came.
  bool wait(std::optional<std::chrono::milliseconds> Limit);

  /// The program waits from now on, and goes on: see Speculation in Policy.h,
  /// and IdleWork.h. Both return at once; to be called in turn, on one thread
  /// at a time. Without these calls, without workers, and while tiering is off,
  /// nothing is compiled but what is hot.
  void beginWait();
  void endWait();

  /// Does now what a wait without end would do, and returns when that is done:
  /// a wait of its own, if one limits what is compiled. What the policy needs,
  /// it must be able to have.
  void speculate();

  /// Changes the option speculate; 0 is off.
  void setSpeculation(int64_t Percent);

  /// Whether a module that came to \p JD defines \p Name, function or data.
  bool defines(llvm::orc::JITDylib &JD, llvm::StringRef Name) const;

  /// For the session's error reporter: takes note of \p Err if this thread is
  /// compiling for a batch, which makes it the reason why the batch failed.
  /// False on any other thread: on a thread of the session's dispatcher, say,
  /// where ORC links if it does not run tasks in place.
  static bool noteBackgroundError(const llvm::Error &Err);

  std::vector<FunctionInfo> list();

  /// For each loop of \p Id, why it cannot be continued, if it cannot. Empty
  /// too if the function is gone. Takes a moment.
  std::vector<std::optional<Reason>> getLoops(FunctionId Id) const;

  /// Whether list() has anything that \p K owns.
  bool lists(llvm::orc::ResourceKey K);

  LayerStatus getStatus();

  /// Frees what code can be proven unused now; a thread of the layer's does so
  /// from time to time. Returns how many objects were freed. Threads as
  /// Reclaimer::collect().
  size_t collect();

  /// With tiering off, trips are noted and nothing is compiled; turning it on
  /// queues what has got hot meanwhile. New modules are not counted while off.
  void setEnabled(bool On);
  bool isEnabled() const;

  /// Changes the option threshold and arms all counting functions anew.
  void setThreshold(int64_t Calls);

  /// Stops the workers: each finishes the step that it is in, publishes nothing
  /// more and is joined. Machine code may go on running and trip without
  /// effect. Must be called before the JIT goes away.
  void shutdown();

  /// Around fork(), on the thread that forks: holds the mutex meanwhile. In the
  /// child there is no worker. Code there runs on with the bodies that it has,
  /// trips have no effect, and first calls compile as ever.
  void lockForFork();
  void unlockAfterFork(bool InChild);

private:
  // What it keeps; see LayerRecords.h.
  friend struct LayerRecords;
  class LastObject;
  using RemovedCalls = LayerRecords::RemovedCalls;
  using HeldCalls = LayerRecords::HeldCalls;
  using HeldData = LayerRecords::HeldData;
  using Space = LayerRecords::Space;
  using Owner = LayerRecords::Owner;
  using Input = LayerRecords::Input;
  using Record = LayerRecords::Record;
  using CodeObject = LayerRecords::CodeObject;
  using CodeObjects = LayerRecords::CodeObjects;
  using CallSlot = LayerRecords::CallSlot;

  /// A batch between reoptimize() and publishing.
  struct LinkJob;

  /// The session as a policy sees it from a batch.
  class View;

  /// Outlives the layer, for lookups that do.
  class Lifetime;

  ReOptimizeLayer(Setup Place, std::unique_ptr<Policy> P, Options &Opts);

  // ResourceManager.
  llvm::Error handleRemoveResources(llvm::orc::JITDylib &JD,
                                    llvm::orc::ResourceKey K) override;
  void handleTransferResources(llvm::orc::JITDylib &JD,
                               llvm::orc::ResourceKey Dst,
                               llvm::orc::ResourceKey Src) override;

  /// A lookup of tier 0's body of a function.
  struct TierZeroLookup {
    llvm::orc::JITDylib *JD = nullptr;
    llvm::orc::SymbolStringPtr Body;
    uint64_t Group = 0;
  };

  /// First call of function \p Id, on the calling thread: if the policy wants
  /// that, has its own body made first. Else as compileTierZero().
  llvm::orc::ExecutorAddr answerFirstCall(FunctionId Id);
  /// Compiles tier 0 of function \p Id on the calling thread. Returns its stub,
  /// or null if there is no code to go on with.
  llvm::orc::ExecutorAddr compileTierZero(FunctionId Id);
  /// What to look up for \p Id, whose group, of at most \p Limit functions, is
  /// defined if there is none yet. Nothing if its stub leads to a body already,
  /// or if it is removed.
  llvm::Expected<std::optional<TierZeroLookup>> beginTierZero(FunctionId Id,
                                                              unsigned Limit);
  /// Has function \p Id and what it calls be group \p Number.
  llvm::Error defineGroup(FunctionId Id, uint64_t Number, unsigned Limit,
                          Space &S,
                          std::shared_ptr<llvm::orc::ThreadSafeModule> TSM);
  /// The caller, who held the group, is done with it. If it \p Failed, bodies
  /// that nobody has found are given up.
  llvm::Error leaveGroup(uint64_t Number, bool Failed);
  /// What an entry calls whose function cannot be compiled.
  static llvm::orc::ExecutorAddr getCodeForFailedCalls();
  llvm::Error endTierZero(FunctionId Id, const TierZeroLookup &Wanted,
                          llvm::Expected<llvm::orc::ExecutorSymbolDef> Found);

  /// \p JD's space; defines the hook there if it is new.
  llvm::Expected<Space &> getSpace(llvm::orc::JITDylib &JD);
  llvm::Error defineSlowPath();
  llvm::Error defineUnwinder(llvm::orc::JITDylib &JD,
                             const llvm::orc::ResourceTrackerSP &RT);
  /// ORC has found a stronger definition of \p Name than that of \p Addition.
  /// Takes M, under the session lock.
  void loseDefinition(Space &S, uint64_t Addition, llvm::StringRef Name);
  std::unique_ptr<llvm::orc::MaterializationUnit>
  defineStubs(Space &S, uint64_t Addition, llvm::orc::SymbolMap Stubs);

  /// Under M: the input of \p By, which is made if it is not there.
  Input &getInput(Space &S, Owner By);
  /// Whether \p Mod fits the JIT. It gets the JIT's layout if it has none.
  llvm::Error checkModule(llvm::Module &Mod) const;
  /// The part of add() that others wait for: functions and data get identity.
  llvm::Expected<ModulePartition>
  identify(Space &S, Owner By,
           std::shared_ptr<llvm::orc::ThreadSafeModule> TSM);
  /// The rest of it: they get definitions, all of them or none.
  llvm::Error addParts(Space &S, Owner By,
                       const llvm::orc::ResourceTrackerSP &RT,
                       std::shared_ptr<llvm::orc::ThreadSafeModule> TSM,
                       ModulePartition &Parts);
  /// Gives what \p Parts counts identity, stubs and cells; fills in their
  /// symbols.
  llvm::Error createFunctions(Space &S, Owner By, ModulePartition &Parts,
                              std::shared_ptr<llvm::orc::ThreadSafeModule> TSM);
  void noteData(Space &S, Owner By, ModulePartition &Parts);
  /// Takes back what \p K owns, or of it what came with one \p Addition.
  llvm::Error removeInputs(llvm::orc::JITDylib &JD, llvm::orc::ResourceKey K,
                           std::optional<uint64_t> Addition);
  void noteCalled(Space &S, const ModulePartition &Parts);
  void noteCallSlots(Space &S, const ModulePartition &Parts);
  llvm::Error compileEarly(Space &S, ModulePartition &Parts);
  /// Defines \p Parts' hidden data, which lives as long as \p By's code, under
  /// a tracker of its own; returns what makes it known under its names, or
  /// null.
  llvm::Expected<std::unique_ptr<llvm::orc::MaterializationUnit>>
  defineHeldData(Space &S, Owner By, ModulePartition &Parts);
  llvm::Error addRest(const llvm::orc::ResourceTrackerSP &RT,
                      llvm::orc::ThreadSafeModule Rest);
  llvm::Error emitParts(Space &S, llvm::orc::MaterializationResponsibility &R,
                        ModulePartition &Parts,
                        std::shared_ptr<llvm::orc::ThreadSafeModule> TSM);

  llvm::Error emitFunctions(Space &S, Owner By,
                            llvm::orc::MaterializationResponsibility &R,
                            ModulePartition &Parts,
                            std::shared_ptr<llvm::orc::ThreadSafeModule> TSM);

  /// An error that names the symbols which code reachable from \p Roots
  /// mentions and nobody defines: what a static linker would say.
  llvm::Error checkReferences(Space &S, std::vector<std::string> Roots);
  llvm::Expected<std::vector<std::string>>
  findMissing(Space &S, const llvm::StringSet<> &Names);
  /// An addition will be taken back, since it mentions the undefined.
  void noteFailed(Space &S, Owner By);

  /// Whether all functions that a policy named are functions of \p S.
  bool areKnown(const NewCode &Code, const Space &S) const;

  // The steps of a batch, in this order. linked() and publish() run on the
  // thread on which ORC completes the lookup before: usually the same.
  void runWorker();
  void compileHere();
  void takeTrips();
  void orderQueue();
  size_t countQueuedRoots() const;
  uint32_t getThresholdScale() const;
  void takeTripsForListing();
  static bool isRunning(const Record &F);
  static bool isListed(const Record &F);
  std::optional<std::pair<Batch, Space *>> nextBatch();
  void compileBatch(Batch B, Space &S);
  /// Whether this thread is in compileBatch().
  static bool isCompiling();
  void link(std::unique_ptr<LinkJob> Job);
  void linked(std::unique_ptr<LinkJob> Job,
              llvm::Expected<llvm::orc::SymbolMap> Found);
  void findTables(std::unique_ptr<LinkJob> Job);
  void finish(std::unique_ptr<LinkJob> Job);
  void failBatch(const Batch &B, Reason Why, llvm::StringRef Detail);
  // Speculation; see ReOptimizeSpeculation.cpp.
  IdleWork::Next speculateOnce();
  IdleWork::Next rateProspects();
  std::optional<std::pair<Batch, Space *>> nextSpeculation();
  // With M held.
  bool isProspect(const Record &F) const;
  void giveUpSpeculation(const Batch &B);
  void failSpeculation(const Batch &B, Reason Why, llvm::StringRef Detail);
  void finishSpeculation(const Batch &B, const NewCode &Code);
  /// Calls \p Visit with tier 0's IR of \p Id, under the lock of its context.
  bool
  withTierZero(FunctionId Id,
               llvm::function_ref<void(const llvm::Function &)> Visit) const;
  /// Looks up \p Names in \p S and calls \p Then with this layer's lifetime
  /// ensured, or not at all if the layer is gone.
  void lookUp(
      Space &S, llvm::orc::SymbolLookupSet Names,
      llvm::unique_function<void(llvm::Expected<llvm::orc::SymbolMap>)> Then);
  /// What has no body any more that anything leads to is moved to \p Unused.
  bool publish(LinkJob &Job, std::vector<CodeObject> &Unused);
  /// With M held: what becomes of the members that \p Code has no body for.
  void finishWithoutBodies(const Batch &B, const NewCode &Code);
  void fail(FunctionId Id, Reason Why, llvm::StringRef Detail, bool ForGood);

  // With M held.
  /// Takes note of \p Err, if it is one: the executor cannot be reached. That
  /// is told once, and its memory is left alone from then on.
  void noteAccess(llvm::Error Err) const;
  Heat readHeat(const FunctionState &F) const;
  void armCell(Record &F);
  void enqueue(Record &F, Reason Why);
  Record &findRoot(Record &F);
  void demote(Record &F);
  void pointTo(Record &F, llvm::orc::ExecutorAddr Target);
  void pointTablesToStub(Record &F);
  void serve(Record &F);
  // On-stack replacement, with M held; see ReOptimizeOsr.cpp.
  bool wantsContinuations(const Record &F) const;
  void askForContinuations(Record &F, uint64_t Loops);
  LoopRequest getLoopRequest(Record &F);
  void publishContinuations(Record &F, uint64_t Batch,
                            llvm::orc::ExecutorAddr Table);
  void armPublished(Record &F);
  void armAgainIfUndone(Record &F);
  void writeCell(const Record &F);
  /// What the policy was told of loops.
  using LoopRequests = llvm::DenseMap<FunctionId, LoopRequest>;
  void finishLoops(const Batch &B, const LoopRequests &Told);
  void queueBody(Record &F);
  void dropContinuations(Record &F, uint64_t Batch);
  uint64_t countContinued(const FunctionState &F) const;
  /// Whether \p Object may go before its functions do.
  bool mayGoEarly(const CodeObject &Object) const;
  /// Moves group or batch \p Number to \p Unused if it exists, nothing leads to
  /// it, and it may go.
  void takeUnusedGroup(uint64_t Number, std::vector<CodeObject> &Unused);
  void takeUnusedBatch(uint64_t Number, std::vector<CodeObject> &Unused);
  void startWorkers();
  /// Has what is queued done; gives \p Lock back in the single-threaded mode.
  void wakeWorkers(std::unique_lock<std::mutex> &Lock);
  bool isIdle() const;

  void startReclaiming();
  /// Frees \p Unused, to which nothing leads any more: at once, or when it is
  /// proven that nobody is in it. Without any lock.
  llvm::Error discard(std::vector<CodeObject> Unused);
  llvm::Error unmap(CodeObject &Object);
  /// Has \p Object, to which nothing leads any more, freed when nobody is in
  /// it.
  void retire(CodeObject Object);
  /// Has \p Object, which removed functions are in and whose stubs lead there
  /// yet, retired when nobody is in it.
  void retireRemoved(CodeObject Object);
  /// Under M: the batches that stay though a function which is removed has a
  /// body there, or is inside.
  std::vector<uint64_t> findBatchesWithRemoved() const;
  /// Has batch \p Number let go of what it holds of removed inputs when nobody
  /// is in it.
  void watch(uint64_t Number);
  RetiredCode describe(const CodeObject &Object) const;
  void reclaim(CodeObject Object,
               llvm::unique_function<llvm::Error(CodeObject)> Then);
  void endCalls(RemovedCalls &Calls);
  void endData(HeldData &Data);
  /// Under M: what the code of \p In, removed with its tracker, may go on
  /// with, as one of those that \p Removed is of.
  void holdCalls(Input &In, const std::shared_ptr<RemovedCalls> &Removed);
  /// Under M: code that may call functions of \p Removed since it called
  /// earlier ones of the same names, which were removed before, holds it from
  /// now on. Adds to \p LetGo what the caller must let go of when M is not
  /// held.
  void noteRemoved(const std::shared_ptr<RemovedCalls> &Removed,
                   std::vector<std::shared_ptr<RemovedCalls>> &LetGo);
  /// For a call of \p Id, which is removed, that came by its lazy entry.
  /// Whether its stub leads on; points it to the body that came with the
  /// callers' if nobody had called \p Id before it was removed.
  bool answerRemoved(FunctionId Id);

  llvm::orc::ExecutionSession &ES;
  Setup Place;
  llvm::orc::MangleAndInterner Mangle;
  std::unique_ptr<Policy> P;
  Options &Opts;
  std::unique_ptr<StubTable> Stubs;
  std::unique_ptr<CellTable> Cells;
  std::unique_ptr<HookEntry> Hook;
  /// Has the hook and the poll, which each Space re-exports.
  llvm::orc::JITDylib *SlowPath = nullptr;
  std::unique_ptr<LazyEntries> Entries;
  std::shared_ptr<CodeRanges> TierZeroCode;
  std::shared_ptr<CodeExtents> Extents;
  std::unique_ptr<ActiveCountTable> ActiveCounts;
  /// Null if old code is kept.
  std::unique_ptr<Reclaimer> Reclaim;
  std::string WhyKept;
  /// The signal that threads are observed by; 0 if they are not.
  int ObservedBy = 0;
  const std::shared_ptr<Lifetime> Life;

  /// Taken before M: JITDylibs are prepared one after the other, so that
  /// whoever finds a space finds defined what its code needs.
  std::mutex Preparing;

  mutable std::mutex M;
  std::map<llvm::orc::JITDylib *, std::shared_ptr<Space>> Spaces;
  /// Index is the FunctionId. A TripRecord stays in place.
  StableVector<Record> Functions;
  std::map<Owner, Input> Inputs;
  std::multimap<FunctionId, CallSlot> CallSlots;
  CompileQueue Queue;
  CodeObjects Batches, TierZeroGroups;
  uint64_t LastBatch = 0, LastGroup = 0, FailedBatches = 0;
  std::atomic<uint64_t> LastAddition{0};
  /// How often something went that others may mention: what is known of
  /// references from before is out of date.
  uint64_t Removals = 0;
  /// Objects that are retired and not freed, and those that were freed.
  size_t RetiredObjects = 0;
  uint64_t FreedObjects = 0;
  /// Functions that had no body when they were removed, while calls of them are
  /// held, and the group of tier 0 that has one which nobody has called for, or
  /// 0.
  llvm::DenseMap<FunctionId, uint64_t> UncalledRemoved;
  std::chrono::microseconds TotalCompileTime{0};
  bool Stopping = false;
  /// The layer is being destroyed: what is held stays. Set by its destructor,
  /// when no other thread is here any more.
  bool Ending = false;
  mutable bool ExecutorGone = false;
  /// Workers that look for work or do it, and batches being linked.
  unsigned Busy = 0, Linking = 0;
  /// A worker that has nothing to do waits for the inbox if no other does, and
  /// else for More.
  bool InboxIsWatched = false;
  ForkCondition Idle, More;
  TripInbox Inbox;
  std::vector<std::thread> Workers;
  /// What may be compiled while the program waits, and what came of it.
  Prospects Ahead;
  uint64_t Speculated = 0, SpeculativeBatches = 0, SpeculationFailures = 0;
  std::chrono::microseconds SpeculationTime{0};
  /// In which wait functions were compiled last, and how many; the last batch
  /// that was given up.
  uint64_t LastWait = 0, GaveWay = 0;
  int64_t BegunInWait = 0;
  /// Null without workers. Its mutex comes after M.
  std::unique_ptr<IdleWork> Spare;
  /// For the option osr-stress: the same in each run.
  // NOLINTNEXTLINE(bugprone-random-generator-seed)
  std::minstd_rand StressedLoops{std::minstd_rand::default_seed};
  /// In the single-threaded mode: some thread compiles.
  std::atomic<bool> CompilingHere{false};
};

} // namespace reopt

#endif // REOPT_REOPTIMIZELAYER_H
