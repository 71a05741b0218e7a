//===- RedefinableState.h - Which versions each symbol has ------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The inside of RedefinableSymbols, in two halves. RedefinableState.cpp and
// RedefinableGate.cpp decide: all of it runs under M, calls nothing but the
// stub table, and writes what is to be done into an Aftermath.
// RedefinableSymbols.cpp and RedefinableVersions.cpp do: they talk to ORC,
// without M. RedefinableRemoval.cpp has both halves of removal.
//
// The way of a version:
//
//   Waiting ----> Queued ----> Running ----> Ready
//   (not with     (ORC has     (its code     (emitted, and so is
//    ORC yet)      it)          is made)      what it depends on)
//                     \____________\_______> Failed
//
// Beside that, for each of its symbols it is one of
//   contesting   asked for, not decided. Symbol's list in Dylib::Contested
//   published    Symbol::Published
//   kept         was published; its Owner keeps it
//   lost         nothing of this
// Version::Attached counts the first three. A version without any is nobody's:
// it is removed, or handed to Retire, as soon as ORC is done with it.
//
// The way of a symbol, by Symbol::Home:
//   a unit without R    not yet materialised
//   a unit with R       materialising: "at the gate". The stub is there, and
//                       resolved; the unit's symbols are emitted together when
//                       each has a version whose address is known. Published
//                       is what the newest contestant has made of it, if it
//                       has, and may change until the gate opens
//   an owner            open: whatever gets ready is published. Failed for good
//                       if nothing is Published
//   null                not redefinable; old versions are just leaving
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_LIB_REDEFINABLESTATE_H
#define REOPT_LIB_REDEFINABLESTATE_H

#include "reopt/LazyEntries.h"
#include "reopt/RedefinableSymbols.h"

#include "llvm/ADT/PointerUnion.h"
#include "llvm/ADT/SmallBitVector.h"

#include <map>
#include <mutex>

namespace reopt {

struct Dylib;
struct Owner;
struct Version;
using VersionSP = llvm::IntrusiveRefCntPtr<Version>;
using VersionList = llvm::SmallVector<VersionSP, 1>;

enum class VersionStage : uint8_t { Waiting, Queued, Running, Ready, Failed };

/// Where a version's code for a symbol is.
struct VersionAddress {
  llvm::orc::ExecutorAddr Addr;
  uint64_t LazyId = 0; ///< Of the entry, for a lazy version.
};
/// Most versions have one symbol, and a lazy one keeps this until it is called:
/// a DenseMap would take 1.5 KB for it.
using VersionAddresses =
    llvm::SmallDenseMap<llvm::orc::SymbolStringPtr, VersionAddress, 2>;

/// What a version needs only until it is decided and compiled.
struct Request {
  RedefinableSymbols::DoneFn Done; ///< Null: told, or a first definition.
  std::unique_ptr<llvm::orc::MaterializationUnit> Definition; ///< If Waiting.
  std::vector<llvm::orc::SymbolStringPtr> Discarded; ///< Others define these.
  VersionAddresses Addresses; ///< Empty until known, and if nobody asks.
  unsigned Contested = 0;     ///< Lists that it is in.
  unsigned Newest = 0;        ///< Lists that it is the last of.
  bool Won = false;           ///< Was published.
  bool Cancelled = false;
  /// Owners of symbols that were emitted for it before it is ready.
  std::vector<std::shared_ptr<Owner>> Emitted;
  /// First calls that wait for it.
  std::vector<
      std::pair<llvm::orc::SymbolStringPtr, LazyEntries::NotifyLandingResolved>>
      Calls;
};

struct Version : llvm::ThreadSafeRefCountedBase<Version> {
  llvm::SmallVector<llvm::orc::SymbolStringPtr, 1> Names;
  llvm::orc::ResourceTrackerSP Code; ///< Null once handed to Retire.
  std::unique_ptr<Request> Req;
  Dylib *D = nullptr;
  uint32_t Shadow = 0;
  uint32_t Attached = 0;
  VersionStage St = VersionStage::Waiting;
  bool Lazy = false;
  bool Replaced = false; ///< Was published for a symbol, and no longer is.
};

/// What a tracker in the user's JITDylib owns.
///
/// To ORC the symbols belong to Inner, which is removed after the user's
/// tracker, and not while ORC has symbols that are emitted and wait for what
/// they depend on. In LLVM 22.1 removing one of these leaves it in ORC's
/// WaitingOnGraph, and the session crashes when the dependence becomes ready
/// (WaitingOnGraph::fail takes out what depends on a failed symbol, not the
/// symbol itself). When that is mended, Inner can go.
///
/// Inner is several trackers: each definition makes ORC copy the names of all
/// symbols that its tracker has (JITDylib::installMaterializationUnit reserves
/// no more than it needs), which adds up to the square of their number.
struct Owner {
  /// Definitions go to another tracker when the last has so many symbols.
  static constexpr size_t SymbolsPerTracker = 64;

  llvm::orc::ResourceKey Key = 0; ///< Of the user's tracker.
  std::vector<llvm::orc::ResourceTrackerSP> Inner;
  size_t InLast = 0; ///< Symbols that the last of them was given.
  std::vector<llvm::orc::SymbolStringPtr> Names; ///< Some may be gone.
  std::vector<std::shared_ptr<RedefinableUnit>> Gates;
  std::vector<VersionSP> Kept;   ///< Once for each symbol.
  std::vector<uint64_t> LazyIds; ///< Entries that stubs have pointed to.
  Dylib *D = nullptr;
  /// Versions for which symbols were emitted, and that we do not know ready.
  std::vector<VersionSP> WaitingFor;
  bool Gone = false;
  bool InnerTaken = false;     ///< By whom removes it.
  std::shared_ptr<Owner> Into; ///< That all has been transferred to.
};

/// Symbols that were defined together, until they are emitted.
struct RedefinableUnit {
  Dylib *D = nullptr;
  VersionSP First; ///< Until the symbols are registered.
  std::vector<llvm::orc::SymbolStringPtr> Names;
  std::shared_ptr<Owner> O;
  std::unique_ptr<llvm::orc::MaterializationResponsibility> R;
  unsigned Awaited = 0; ///< Symbols whose newest contestant has no address yet.
  size_t Place = 0;     ///< Among its owner's gates.
  bool HasStubs = false;
  bool Gone = false; ///< Removed before it was materialised.
};

struct Symbol {
  llvm::PointerUnion<RedefinableUnit *, Owner *> Home;
  VersionSP Published;
  llvm::SmallBitVector Shadows; ///< Those with a definition of this name.
  llvm::JITSymbolFlags Flags;

  RedefinableUnit *getUnit() const {
    return llvm::dyn_cast_if_present<RedefinableUnit *>(Home);
  }
  bool isUnseen() const { return getUnit() && !getUnit()->R; }
  RedefinableUnit *getGate() const {
    return getUnit() && getUnit()->R ? getUnit() : nullptr;
  }
  Owner *getOwner() const { return llvm::dyn_cast_if_present<Owner *>(Home); }
};

/// What there is for one JITDylib of the user.
struct Dylib {
  llvm::orc::JITDylibSP Public;
  std::vector<llvm::orc::JITDylibSP> Shadows;
  llvm::DenseMap<llvm::orc::SymbolStringPtr, Symbol> Symbols;
  /// By symbol, versions that are not decided, oldest first. No empty lists.
  llvm::DenseMap<llvm::orc::SymbolStringPtr, VersionList> Contested;
};

/// What is said of a symbol \p Name of \p D for which no version could be made.
inline llvm::Error makeFailedError(const Dylib &D,
                                   const llvm::orc::SymbolStringPtr &Name,
                                   llvm::StringRef Why = "") {
  return llvm::createStringError(
      "symbol " + *Name + " in " + D.Public->getName() +
      " failed to materialize" + (Why.empty() ? "" : ": ") + Why);
}

/// What a decision asks for, to be done without M, in this order.
struct Aftermath {
  struct Emission {
    std::unique_ptr<llvm::orc::MaterializationResponsibility> R;
    std::vector<llvm::orc::SymbolDependenceGroup> Groups;
  };
  std::vector<Emission> Emit;
  std::vector<std::unique_ptr<llvm::orc::MaterializationResponsibility>> Fail;
  std::vector<std::shared_ptr<Owner>> Probe; ///< Whether they wait indeed.
  std::vector<llvm::orc::ResourceTrackerSP> RemoveInner;
  std::vector<VersionSP> Remove;                   ///< Their code.
  std::vector<llvm::orc::ExecutorAddr> Entries;    ///< To release.
  std::vector<llvm::unique_function<void()>> Tell; ///< Done, Retire, calls.
  std::vector<VersionSP> Start;
  std::vector<llvm::Error> Report;

  /// Whose last reference must not go under M: their destruction calls ORC.
  std::vector<VersionSP> Hold;
  std::vector<std::shared_ptr<RedefinableUnit>> Units;
  std::vector<std::shared_ptr<Owner>> Owners;
  std::vector<std::unique_ptr<Request>> Requests;
  std::vector<std::unique_ptr<llvm::orc::MaterializationUnit>> Definitions;

  /// Whether there is more to it than what is destroyed.
  bool empty() const {
    return Emit.empty() && Fail.empty() && Probe.empty() &&
           RemoveInner.empty() && Remove.empty() && Entries.empty() &&
           Tell.empty() && Start.empty() && Report.empty();
  }
};

class RedefinableState : public std::enable_shared_from_this<RedefinableState>,
                         public llvm::orc::ResourceManager {
public:
  using Outcome = RedefinableSymbols::Outcome;
  using DoneFn = RedefinableSymbols::DoneFn;
  using When = RedefinableSymbols::When;

  RedefinableState(llvm::orc::ExecutionSession &ES, StubTable &Stubs,
                   RedefinableSymbols::RetireFn Retire)
      : ES(ES), Stubs(Stubs), Retire(std::move(Retire)) {}

  llvm::Error setUpLazyEntries(llvm::orc::ExecutorAddr ErrorHandler);

  // RedefinableSymbols' members.
  llvm::Error define(llvm::orc::ResourceTrackerSP RT,
                     std::unique_ptr<llvm::orc::MaterializationUnit> Definition,
                     When W);
  void redefine(llvm::orc::JITDylib &JD,
                std::unique_ptr<llvm::orc::MaterializationUnit> Definition,
                DoneFn Done, When W);
  bool isRedefinable(llvm::orc::JITDylib &JD,
                     const llvm::orc::SymbolStringPtr &Name);
  llvm::Error forget(llvm::orc::JITDylib &JD);
  void shutdown();
  static void noteError(const llvm::Error &Err);
  RedefinableSymbols::Usage usage();

  // RedefinableMaterializationUnit's members.
  void materialize(std::shared_ptr<RedefinableUnit> U,
                   std::unique_ptr<llvm::orc::MaterializationResponsibility> R);
  void discard(RedefinableUnit &U, const llvm::orc::SymbolStringPtr &Name);
  void unitDestroyed(std::shared_ptr<RedefinableUnit> U);

  /// ORC is about to compile \p V. False: it need not.
  bool begin(Version &V);
  /// ORC has failed \p V, since \p Cause, if that is known.
  void onFailed(VersionSP V, llvm::Error Err, llvm::StringRef Cause);

  // ResourceManager: trackers of users and of shadows.
  llvm::Error handleRemoveResources(llvm::orc::JITDylib &JD,
                                    llvm::orc::ResourceKey K) override;
  void handleTransferResources(llvm::orc::JITDylib &JD,
                               llvm::orc::ResourceKey Dst,
                               llvm::orc::ResourceKey Src) override;

private:
  //===--------------------------------------------------------------------===//
  // Without M: RedefinableSymbols.cpp, RedefinableVersions.cpp
  //===--------------------------------------------------------------------===//

  llvm::Expected<VersionSP>
  createVersion(Dylib &D,
                std::unique_ptr<llvm::orc::MaterializationUnit> Definition,
                When W);
  llvm::Error createEntries(Version &V);
  std::shared_ptr<Owner> getOwner(Dylib &D, llvm::orc::ResourceKey K);
  /// The tracker of \p O for a definition of \p Symbols symbols.
  llvm::orc::ResourceTrackerSP getInner(const std::shared_ptr<Owner> &O,
                                        size_t Symbols);
  /// Gives a version that nobody has seen back.
  void discardVersion(VersionSP V);
  void link(VersionSP V);
  void carryOut(Aftermath A);
  /// Whether ORC has symbols of \p O in its graph.
  bool isWaiting(const Owner &O);
  /// The same in a task, for who is called under the session lock.
  void carryOutLater(Aftermath A);
  void onResolved(VersionSP V, llvm::Expected<llvm::orc::SymbolMap> Result);
  void onReady(VersionSP V, llvm::Expected<llvm::orc::SymbolMap> Result);
  void onFirstCall(uint64_t Id, LazyEntries::NotifyLandingResolved Answer);

  //===--------------------------------------------------------------------===//
  // With M held: RedefinableState.cpp, RedefinableGate.cpp
  //===--------------------------------------------------------------------===//

  using Name = llvm::orc::SymbolStringPtr;

  Dylib &getDylib(llvm::orc::JITDylib &JD);
  llvm::Error check(llvm::orc::JITDylib &JD,
                    const llvm::orc::SymbolFlagsMap &Flags);

  // Events.
  void registerUnit(std::shared_ptr<RedefinableUnit> U,
                    const llvm::orc::SymbolFlagsMap &Flags, Aftermath &A);
  void request(VersionSP V, Aftermath &A);
  llvm::Expected<llvm::orc::SymbolMap>
  createStubs(RedefinableUnit &U, const llvm::orc::SymbolFlagsMap &Flags);
  void enterGate(std::shared_ptr<RedefinableUnit> U,
                 std::unique_ptr<llvm::orc::MaterializationResponsibility> R,
                 Aftermath &A);
  void resolved(VersionSP V, const llvm::orc::SymbolMap &Result, Aftermath &A);
  void ready(VersionSP V, const llvm::orc::SymbolMap &Result, Aftermath &A);
  /// \p Cause is what the session's error reporter was told, if known.
  void failed(VersionSP V, llvm::Error Err, Aftermath &A,
              llvm::StringRef Cause = "");
  void call(uint64_t Id, LazyEntries::NotifyLandingResolved Answer,
            Aftermath &A);
  void removeOwner(std::shared_ptr<Owner> O, Aftermath &A);
  void removeUnit(RedefinableUnit &U, Aftermath &A);
  void removed(Version &V);
  /// ORC has decided what it waited for.
  void settled(Version &V, Aftermath &A);
  void close(Aftermath &A);

  // Steps.
  void enlist(Dylib &D, const Name &N, VersionSP V);
  bool withdraw(Dylib &D, const Name &N, VersionSP V, Aftermath &A);
  void lose(Dylib &D, const Name &N, VersionSP V, bool Cancelled, Aftermath &A);
  void cancel(VersionSP V, Aftermath &A);
  void start(VersionSP V, Aftermath &A);
  llvm::Error arrive(VersionSP V, const VersionAddresses &Addresses,
                     Aftermath &A);
  void publish(Symbol &S, const Name &N, VersionSP V, Owner &O, Aftermath &A);
  void replace(VersionSP Old, const Name &N, Dylib &D, Owner &O, Aftermath &A);
  void openGate(RedefinableUnit &U, Aftermath &A);
  void leaveGate(RedefinableUnit &U, Aftermath &A);
  void takeInner(Owner &O, Aftermath &A);
  /// The newest contestant for \p N, a symbol at the gate, has changed. False:
  /// there is none.
  bool takeNewest(RedefinableUnit &U, const Name &N, Aftermath &A);
  void failUnit(RedefinableUnit &U, llvm::StringRef Why, Aftermath &A);
  void failContestants(Dylib &D, llvm::ArrayRef<Name> Names,
                       llvm::StringRef Why, Aftermath &A);
  void release(VersionSP V, Aftermath &A);
  void finish(VersionSP V, Aftermath &A);
  void removeSymbols(Dylib &D, llvm::ArrayRef<Name> Names, Aftermath &A);
  void answer(Version &V, const Name &N, llvm::orc::ExecutorAddr Landing,
              Aftermath &A);
  void tell(Version &V, llvm::Expected<Outcome> Result, Aftermath &A);
  void tellIfDecided(Version &V, Aftermath &A);
  void trim(Version &V, Aftermath &A);
  void reportTo(Aftermath &A, llvm::Error Err);

  llvm::orc::ExecutionSession &ES;
  StubTable &Stubs;
  const RedefinableSymbols::RetireFn Retire;
  std::unique_ptr<LazyEntries> Entries; ///< Null: no lazy definitions.

  std::mutex M; ///< Guards what follows, and all that is reached from it.
  bool Closed = false;
  size_t NumVersions = 0;
  uint64_t LastLazyId = 0;
  std::map<llvm::orc::JITDylib *, std::unique_ptr<Dylib>> Dylibs;
  std::vector<std::unique_ptr<Dylib>> Forgotten; ///< Versions point to them.
  /// By the user's tracker and by each of Inner.
  llvm::DenseMap<llvm::orc::ResourceKey, std::shared_ptr<Owner>> Owners;
  /// What Retire has got, by tracker, until that is removed.
  std::multimap<llvm::orc::ResourceKey, VersionSP> Retired;
  struct LazyCall {
    VersionSP V;
    llvm::orc::SymbolStringPtr N;
    llvm::orc::ExecutorAddr Entry;
    bool Owned = false; ///< By an Owner; by its version otherwise.
  };
  llvm::DenseMap<uint64_t, LazyCall> LazyCalls;
};

} // namespace reopt

#endif // REOPT_LIB_REDEFINABLESTATE_H
