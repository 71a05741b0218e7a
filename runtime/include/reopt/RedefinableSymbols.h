//===- RedefinableSymbols.h - Functions defined more than once --*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// A symbol of ORC has one definition for good. A redefinable symbol has a stub
/// for good, which is its address, and definitions that follow each other
/// behind it: its *versions*. Lazy compilation, speculation, tier-up and a
/// user's own new text are all the same step: put a version behind the stub.
///
/// \verbatim
///   JITDylib of the user                 shadows: JITDylibs of this class
///   f = address of f's stub  --slot-->   shadow 0:  f = first version
///   g = address of g's stub  --slot-->              g = first version
///                                        shadow 1:  f = second version
/// \endverbatim
///
/// A version is an ordinary MaterializationUnit that defines the symbols under
/// their own names. A JITDylib holds one definition of a name, so each version
/// goes to the first of a few shadow JITDylibs in which its names are free. The
/// link order of a shadow is that of the user's JITDylib: what a version refers
/// to means the same as anywhere else, and `f` means the stub of f. Except that
/// names which the version itself defines are bound by the compiler and linker
/// to the version's own code: who needs a recursive call to see later versions,
/// or `&f` to be the same address in each version, defines the body under a
/// private name and lets `f` stay external.
///
/// **States.** What redefine() does depends on how far the symbol is:
///
/// \verbatim
///   the symbol is           what was there is        the new one is published
///   ----------------------  -----------------------  ------------------------
///   not yet materialised    thrown away, never       at once; compiled when
///                           compiled                 first looked up
///   materialising, not      thrown away              with the symbol, whose
///   begun                                            look-ups wait for it
///   materialising, begun    dropped when it comes;   the same
///                           kept only in case the
///                           new one fails
///   ready                   what serves calls        when it is emitted, and
///                                                    all it depends on is
///                                                    ready
/// \endverbatim
///
/// (From the moment that a first version is linked and only waits for what it
/// depends on, ORC has the symbol's fate bound to that version. A redefinition
/// that comes then is treated as for a ready symbol.)
///
/// **Order.** Requests are numbered as they come. A version is published for a
/// symbol unless a newer one is: so calls never go from a newer to an older
/// version, however late a result comes. A version that lost all its symbols is
/// *superseded*; its code is removed as soon as the linker is done with it. A
/// version that ORC has in its queue, but has not begun when newer requests
/// cover all its symbols, is *cancelled*, and never compiled. Versions are
/// begun in the order of the requests of a thread, as far as the session's
/// TaskDispatcher begins tasks in order.
///
/// **Failure.** A request that fails changes nothing: what serves goes on. If
/// it is for a symbol that nothing serves yet, the version before it does, if
/// that had begun; else look-ups of the symbol fail, as with any definition. It
/// does not bring back what was cancelled for its sake. ORC tells why something
/// failed to the session's error reporter, and to look-ups no more than that it
/// did: see noteError() for how Done is told why.
///
/// **Ownership.** The symbols belong to the ResourceTracker with which they
/// were defined. Each version's code has a tracker of its own in its shadow.
/// When a symbol's tracker is removed, its outstanding requests end as
/// cancelled, its stub goes back to the table, and the code of all its versions
/// is removed (of one that is just materialising, when that is over; of one
/// that defines symbols of other trackers too, with the last of them). Trackers
/// may be transferred.
///
/// **Old code.** A thread may be in an old version, may return into it, or may
/// have loaded its address from the stub just before it was redirected. Nobody
/// here can know when that is over. So a version that was published and no
/// longer is stays until its symbols are removed. Who has a proof that nobody
/// uses it gives a Retire callback, is handed the version's tracker, and frees
/// it then.
///
/// **Memory.** A version that is kept holds its code and its place: a shadow
/// has one version of a name, so the symbol that has most versions says how
/// many shadows there are. Each takes what the session's platform gives a
/// JITDylib: about 35 KB in a plain LLJIT. Redefining one function for ever
/// thus takes memory for ever, unless Retire frees what was replaced: then the
/// names are free again, and there are two or three shadows however often
/// something is redefined. Shadows serve later versions of any symbols of the
/// JITDylib; the end of the session removes them. (ORC 22.1 cannot
/// free a name and keep its code: JITDylib::remove() leaves it with its
/// tracker.)
///
/// **Initialisers and data.** Only functions are redefinable. A definition with
/// data symbols or static initialisers is refused: split it, and define that
/// part as usual. What is internal to the object (constants, private globals)
/// is fine.
///
/// **Threads.** Every member may be called from any thread, also from a Done or
/// Retire callback, except where it says otherwise. Callbacks run with no lock
/// held, on the thread that brought about the event: that of a call here, or
/// one that runs a task of the session's TaskDispatcher. With the
/// InPlaceTaskDispatcher that is always the caller, and redefine() returns when
/// the version is compiled. With a remote executor, no call may come from the
/// thread that reads its connection.
///
/// **Why the concurrency is right.** One mutex, M, guards which versions each
/// symbol has. Each event (a request, a look-up's result, a removal, a first
/// call) is decided and takes effect in one critical section under M: the
/// choice of the winner, the store to the stubs, and who is to be told what. So
/// events are totally ordered, and stubs change in the order of the decisions.
/// Stubs are the only work done under M: StubTable has its own mutex and calls
/// nobody back. ORC is never called under M: ORC calls us with its
/// session lock held (destruction of an unmaterialised unit, transfer), so the
/// order is session lock before M, and the other order would deadlock. What a
/// decision asks of ORC is collected under M and carried out after. A request's
/// Done is moved out of the request under M when its outcome is decided, hence
/// called once; outcomes are: published, all symbols lost, failed, or removed;
/// one of them comes, since ORC answers each look-up.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_REDEFINABLESYMBOLS_H
#define REOPT_REDEFINABLESYMBOLS_H

#include "reopt/StubTable.h"

#include "llvm/ADT/FunctionExtras.h"
#include "llvm/ExecutionEngine/Orc/Core.h"

#include <memory>

namespace reopt {

class RedefinableState;
struct RedefinableUnit;

class RedefinableSymbols {
public:
  /// How a request ended.
  enum class Outcome {
    Published,  ///< Calls reach it: for all its symbols but those that a newer
                ///< request took over meanwhile.
    Superseded, ///< Newer versions were published for all its symbols first.
    Cancelled, ///< Newer requests covered all its symbols before ORC began with
               ///< it, its symbols were removed, or shutdown() came.
  };

  /// Told once how a request ended: an outcome, or the error for which nothing
  /// changed. Any thread, no lock held (not even ORC's).
  using DoneFn = llvm::unique_function<void(llvm::Expected<Outcome>)>;

  /// Is handed the code of a version of symbols of \p JD that was published and
  /// has been replaced for all its symbols. Removing \p Code frees it; dropping
  /// the last reference leaves it until the session ends. Any thread, no lock
  /// held; concurrent with itself.
  using RetireFn = llvm::unique_function<void(
      llvm::orc::JITDylib &JD, llvm::orc::ResourceTrackerSP Code) const>;

  /// When a version is compiled.
  enum class When {
    Now,         ///< As soon as the request is made and the symbol looked up.
    OnFirstCall, ///< When one of its symbols is called. The version counts as
                 ///< ready and is published at once, by entries that hold the
                 ///< first calls until it is compiled (see LazyEntries.h for
                 ///< what such a call preserves). A first call waits for a
                 ///< newer request that is on its way, rather than compile
                 ///< what that will replace.
  };

  struct Setup {
    /// Null: replaced versions are kept until their symbols are removed.
    RetireFn Retire;
    /// Code in the executor to which first calls go that have nothing to call,
    /// since the compilation failed or the symbol is gone (see LazyEntries.h).
    /// Null: there are no lazy definitions.
    llvm::orc::ExecutorAddr LazyErrorHandler;
  };

  /// \p ES and \p Stubs outlive it. The table may serve others too, for other
  /// symbols. Errors are those of LazyEntries::Create, if \p S asks for it.
  static llvm::Expected<std::unique_ptr<RedefinableSymbols>>
  Create(llvm::orc::ExecutionSession &ES, StubTable &Stubs, Setup S);
  static llvm::Expected<std::unique_ptr<RedefinableSymbols>>
  Create(llvm::orc::ExecutionSession &ES, StubTable &Stubs) {
    return Create(ES, Stubs, Setup());
  }

  /// As shutdown().
  ~RedefinableSymbols();

  /// Defines the symbols of \p Definition in the JITDylib of \p RT (or in \p
  /// JD, under its default tracker), so that they may be redefined: by a
  /// RedefinableMaterializationUnit. As with any definition, it is materialised
  /// when first looked up; with When::OnFirstCall that only makes stubs. May
  /// wait for a look-up of the session's platform. Errors: those of
  /// JITDylib::define, no definition (null), one with static initialisers, and
  /// a symbol that is no function.
  llvm::Error define(llvm::orc::ResourceTrackerSP RT,
                     std::unique_ptr<llvm::orc::MaterializationUnit> Definition,
                     When W = When::Now);
  llvm::Error define(llvm::orc::JITDylib &JD,
                     std::unique_ptr<llvm::orc::MaterializationUnit> Definition,
                     When W = When::Now);

  /// Asks that \p Definition replace what its symbols in \p JD are now. They
  /// may be any redefinable symbols of JD, whichever units defined them first,
  /// and are published one after the other, each atomically. \p Done gets an
  /// error if one of them is not redefinable, was defined with other flags, or
  /// failed to materialise before, if the definition is null or has static
  /// initialisers, and if it cannot be materialised. Without \p Done errors go
  /// to the session's error reporter. May wait for a look-up of the session's
  /// platform; never waits for the definition, unless tasks run in place.
  void redefine(llvm::orc::JITDylib &JD,
                std::unique_ptr<llvm::orc::MaterializationUnit> Definition,
                DoneFn Done, When W = When::Now);

  /// Whether redefine() knows \p Name.
  bool isRedefinable(llvm::orc::JITDylib &JD,
                     const llvm::orc::SymbolStringPtr &Name) const;

  /// Removes the shadows of \p JD: to be called before JD is removed, when all
  /// its redefinable symbols are. What was retired and not freed is freed with
  /// them. An error if some symbol is left.
  llvm::Error forget(llvm::orc::JITDylib &JD);

  /// Ends all requests as cancelled, and symbols that were not ready fail. What
  /// was published stays as it is, callable, until the session ends, but for
  /// lazy definitions: no call of one may be under way or come later. To be
  /// called before the session ends, while no tracker is being removed. Nothing
  /// happens afterwards; redefine() fails. Not from a callback.
  void shutdown();

  /// For the session's error reporter, which calls it with each error, and
  /// reports as ever: takes note of \p Err, so that Done is told why a
  /// definition could not be compiled or linked, and not only that. What is
  /// reported while a thread materialises a version belongs to that version.
  /// What is reported elsewhere (by a link that waited for a remote executor or
  /// for another thread) is told to the next version that fails on that thread:
  /// JITLink fails right after it has reported. Any thread, any lock.
  static void noteError(const llvm::Error &Err);

  struct Usage {
    size_t Symbols = 0;  ///< Redefinable now.
    size_t Requests = 0; ///< Not ended, first definitions included.
    size_t Versions = 0; ///< Whose code is there, or on its way.
    size_t Shadows = 0;  ///< JITDylibs made, and not removed by forget().
  };
  Usage usage() const;

private:
  explicit RedefinableSymbols(std::shared_ptr<RedefinableState> S);

  std::shared_ptr<RedefinableState> S;
};

/// What RedefinableSymbols::define() puts into the user's JITDylib. Resolves
/// its symbols to their stubs at once, so that versions which refer to each
/// other can be linked, and emits them with a dependence on the first version's
/// symbols in their shadow, so that ORC makes them ready when that is.
class RedefinableMaterializationUnit : public llvm::orc::MaterializationUnit {
public:
  ~RedefinableMaterializationUnit() override;

  llvm::StringRef getName() const override;
  void materialize(
      std::unique_ptr<llvm::orc::MaterializationResponsibility> R) override;

private:
  friend class RedefinableState;
  RedefinableMaterializationUnit(std::shared_ptr<RedefinableState> S,
                                 std::shared_ptr<RedefinableUnit> U,
                                 llvm::orc::SymbolFlagsMap Flags);
  void discard(const llvm::orc::JITDylib &JD,
               const llvm::orc::SymbolStringPtr &Name) override;

  std::shared_ptr<RedefinableState> S;
  std::shared_ptr<RedefinableUnit> U; ///< Null once materialised.
};

} // namespace reopt

#endif // REOPT_REDEFINABLESYMBOLS_H
