//===-- ReOptimizeLayer.h ------------------------------------------*- C++
//-*-===//
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
/// A module that is added is partitioned. Its functions get a stub each, under
/// their own names, which leads to an entry that compiles tier 0 on the first
/// call. Its data, initialisers and uncounted functions go to the JIT as they
/// are. Tier-0 code counts; when it trips, the hook notes the function and
/// returns; a worker asks the policy, has it make new code for all that tripped
/// together, links it under new private names, and redirects the stubs. Nobody
/// waits for it.
///
/// Threads. add() and resource removal are called by the thread that owns the
/// session (one at a time). User threads come in through the hook, which takes
/// no lock, and through a first call, which compiles tier 0 on that thread and
/// takes ORC's locks and, for two short moments, this layer's mutex. One worker
/// thread compiles. Everything else may be called from any thread.
///
/// Locks. One mutex, M, guards all function states and the queue. Under M we
/// call the stub table, the cell table and the policy's quick questions, and
/// never ORC, since ORC calls us (removal) and we would deadlock; addresses are
/// looked up first and published under M after. Publishing checks under M that
/// the request is still wanted, so that a removal that came first wins.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_REOPTIMIZELAYER_H
#define REOPT_REOPTIMIZELAYER_H

#include "reopt/CellTable.h"
#include "reopt/CodeRanges.h"
#include "reopt/FunctionState.h"
#include "reopt/LazyEntries.h"
#include "reopt/Policy.h"
#include "reopt/StubTable.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include <condition_variable>
#include <deque>
#include <map>
#include <thread>

namespace reopt {

/// What a listing shows of one function.
struct FunctionInfo {
  FunctionId Id;
  std::string Name;
  Stage St;
  uint32_t Version;
  uint64_t Calls, Loops;
  std::chrono::microseconds CompileTime;
  Reason Why;
  std::string Detail;
  bool Compiled;
};

/// Counts for a status line. What is queued or compiled is counted in the tier
/// that it runs in meanwhile, too.
struct LayerStatus {
  bool Enabled = false;
  int64_t Threshold = 0, LoopThreshold = 0;
  unsigned Lazy = 0, Tier0 = 0, Tier1 = 0, Refused = 0;
  unsigned Queued = 0, Compiling = 0;
  uint64_t Batches = 0, Failures = 0;
  bool WorkerStarted = false, WorkerBusy = false;
  std::chrono::microseconds CompileTime{0};
};

class ReOptimizeLayer : private llvm::orc::ResourceManager,
                        private SessionView {
public:
  /// Sets the layer up on \p J, which outlives it and whose object layer must
  /// be JITLink's. \p Opts outlives it too; from now on the layer changes it,
  /// under its mutex. The worker starts with the first function.
  static llvm::Expected<std::unique_ptr<ReOptimizeLayer>>
  Create(llvm::orc::LLJIT &J, std::unique_ptr<Policy> P, Options &Opts);

  /// Stops the worker, if shutdown() did not.
  ~ReOptimizeLayer() override;

  /// Adds \p TSM, whose context nobody else uses. Functions that the session
  /// has already and that may be merged (weak and linkonce linkage) are dropped
  /// from it, as are data. Removing \p RT takes all of it back.
  llvm::Error add(llvm::orc::ResourceTrackerSP RT,
                  llvm::orc::ThreadSafeModule TSM);

  /// Queues \p Ids whether hot or not. Functions that are Tier1 already are
  /// left as they are.
  void promote(llvm::ArrayRef<FunctionId> Ids);

  /// Waits until nothing is queued, compiled or tripped; at most \p Limit. True
  /// if that came.
  bool wait(std::optional<std::chrono::milliseconds> Limit);

  /// Whether a module that was added defines \p Name, function or data.
  bool defines(llvm::StringRef Name) const override;

  /// For the session's error reporter: takes note of \p Err if this thread is a
  /// worker, which will make it the reason of the batch that failed. False on
  /// any other thread.
  static bool noteBackgroundError(const llvm::Error &Err);

  std::vector<FunctionInfo> list() const;
  LayerStatus getStatus() const;

  /// With tiering off, trips are noted and nothing is compiled; turning it on
  /// queues what has got hot meanwhile. New modules are not counted while off.
  void setEnabled(bool On);
  bool isEnabled() const;

  /// Changes the option threshold and arms all counting functions anew.
  void setThreshold(int64_t Calls);

  /// Stops the worker: it finishes the step that it is in, publishes nothing
  /// more and is joined. Machine code may go on running and trip without
  /// effect. Must be called before the JIT goes away.
  void shutdown();

  /// Around fork(), on the thread that forks: holds the mutex meanwhile. In the
  /// child there is no worker. Code there runs on with the bodies that it has,
  /// trips have no effect, and first calls compile as ever.
  void lockForFork() { M.lock(); }
  void unlockAfterFork(bool InChild);

private:
  ReOptimizeLayer(llvm::orc::LLJIT &J, std::unique_ptr<Policy> P,
                  Options &Opts);

  struct BatchRecord {
    llvm::orc::ResourceTrackerSP RT;
    std::vector<FunctionId> Members;
    std::vector<FunctionId> Uses;
  };

  // SessionView.
  std::optional<Entry> find(llvm::StringRef Name) const override;
  bool withTierZero(
      FunctionId Id,
      llvm::function_ref<void(const llvm::Function &)> Visit) const override;

  // ResourceManager.
  llvm::Error handleRemoveResources(llvm::orc::JITDylib &JD,
                                    llvm::orc::ResourceKey K) override;
  void handleTransferResources(llvm::orc::JITDylib &JD,
                               llvm::orc::ResourceKey Dst,
                               llvm::orc::ResourceKey Src) override;

  /// First call of function \p Id, on the calling thread.
  llvm::orc::ExecutorAddr compileTierZero(FunctionId Id);

  /// What add() finds out about a module, under its context's lock.
  struct Partition;
  llvm::Error partition(llvm::Module &M, Partition &Parts);
  llvm::Error defineFunctions(llvm::orc::ResourceTrackerSP RT,
                              llvm::orc::ResourceKey Key, Partition &Parts);

  /// An error that names the symbols which code reachable from \p Roots
  /// mentions and nobody defines: what a static linker would say.
  llvm::Error checkReferences(std::vector<std::string> Roots);
  /// What \p Key owns will be taken back, since it mentions the undefined.
  void noteFailed(llvm::orc::ResourceKey Key);

  // The worker's steps, in this order.
  void runWorker();
  void takeTrips();
  std::optional<Batch> nextBatch();
  void compileBatch(Batch B);
  void findTables(const NewCode &Code);
  bool publish(const Batch &B, NewCode &Code, llvm::orc::ResourceTrackerSP RT,
               const std::vector<llvm::orc::ExecutorAddr> &Bodies,
               std::chrono::microseconds Time);
  /// With M held: what becomes of the members that \p Code has no body for.
  void finishWithoutBodies(const Batch &B, const NewCode &Code);
  void fail(FunctionId Id, Reason Why, llvm::StringRef Detail, bool ForGood);

  // With M held.
  Heat readHeat(const FunctionState &F) const;
  void armCell(FunctionState &F);
  void enqueue(FunctionState &F, Reason Why);
  FunctionState &findRoot(FunctionState &F);
  void demote(FunctionState &F);
  void pointTo(FunctionState &F, llvm::orc::ExecutorAddr Target);
  void pointTablesToStub(FunctionState &F);
  void serve(FunctionState &F);
  void startWorker();
  bool isIdle() const;

  llvm::orc::LLJIT &J;
  std::unique_ptr<Policy> P;
  Options &Opts;
  std::unique_ptr<StubTable> Stubs;
  std::unique_ptr<CellTable> Cells;
  std::unique_ptr<LazyEntries> Entries;
  std::shared_ptr<CodeRanges> TierZeroCode;

  mutable std::mutex M;
  /// Index is the FunctionId. A deque, so that a TripRecord stays in place.
  std::deque<FunctionState> Functions;
  /// Linker name to function; only functions that are not Removed.
  llvm::StringMap<FunctionId> ByName;
  /// What the session defines beside functions with stubs.
  struct DataState {
    llvm::orc::ResourceKey Owner = 0;
    /// For checkReferences(): what it mentions, if that was left for later.
    std::vector<std::string> Mentions;
    bool ReferencesChecked = false;
  };
  llvm::StringMap<DataState> Data;
  /// What a tracker owns.
  struct Input {
    /// Tier 0's IR, shared with the materialization units; null without any.
    std::shared_ptr<llvm::orc::ThreadSafeModule> TSM;
    std::vector<FunctionId> Functions;
    std::vector<std::string> Data;
  };
  /// A tracker may own several modules.
  std::multimap<llvm::orc::ResourceKey, Input> Inputs;
  /// A place in a call-only table that holds the address of a function.
  struct CallSlot {
    llvm::orc::SymbolStringPtr Table;
    uint64_t Offset;
  };
  std::multimap<FunctionId, CallSlot> CallSlots;
  /// Where call-only tables are, as far as anybody needed to know.
  llvm::DenseMap<llvm::orc::SymbolStringPtr, llvm::orc::ExecutorAddr> Tables;
  /// Names of definitions that were refused because of what they mention.
  llvm::StringSet<> FailedDefinitions;
  /// Names that something outside the session defines, as far as known.
  llvm::StringSet<> KnownOutside;
  std::deque<FunctionId> Queue;
  std::map<uint64_t, BatchRecord> Batches;
  uint64_t LastBatch = 0, FailedBatches = 0;
  std::chrono::microseconds TotalCompileTime{0};
  bool Stopping = false;
  bool WorkerBusy = false;
  std::condition_variable Idle;
  TripInbox Inbox;
  std::thread Worker;
};

} // namespace reopt

#endif // REOPT_REOPTIMIZELAYER_H
