//===- Policy.h -------------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// When a function is compiled again, and what the new code is.
///
/// A policy answers three questions, each with a plain value; it acts on
/// nothing itself:
///
///   instrument(F)   Is F's tier-0 code counted, compiled plain, or kept
///                   together with the data that it initialises?
///   decide(heat)    F tripped. Compile it now, later, or never?
///   reoptimize(B)   The new code for a batch of functions.
///
/// The default, HeatPolicy, works as follows. Let calls(F) and loops(F) be the
/// counts of F's cell since its definition, calls'(F) and loops'(F) those since
/// it was armed last, T the option threshold, L the option loop-factor, and
/// k(F) the compiles of F that failed.
///
///   heat(F)   = calls(F) + loops(F) / L            in calls
///   F trips   when calls'(F) = T * 2^k(F)  or  loops'(F) = T * L * 2^k(F),
///               where a word of the cell ends the count at RearmedCount / 2
///   hot(F)    : F tripped, k(F) <= max-retries, and
///               heat(F) >= T * scale, where
///   scale     = 1 + |queue| / (load-feedback * max-batch * workers), rounded
///               down, of which what is left to its caller does not count; 1
///               for a loop that tripped
///   warm(F)   : 100 * heat(F) >= warm * T
///
/// A function that is called once and loops long is thus as hot as one that is
/// called often. Calls weigh more than iterations, since a call in tier 0 costs
/// more, and since a callee's calls are its caller's iterations: the leaf
/// should not be far ahead of the loop that calls it, for it is the loop that
/// is worth compiling, with the leaf inlined.
///
/// What trips first is always the leaves, and compiling each alone gains almost
/// nothing: it is the loop that is worth compiling, with the leaf inlined. So a
/// function F that trips by its calls names its caller, and the root is
///
///   root(F)   = F, if F is larger than the option small, or was served twice,
///               or its caller is not tier-0 code
///             = root(caller(F)) otherwise
///
/// The root is compiled. F gets a body of its own only if the root's code does
/// not contain it (a virtual call, say); else it counts as served, and is armed
/// again with 8 times the threshold, in case others call it too, or a frame of
/// the root that was entered before runs on. A function that was served twice
/// and trips a third time is its own root.
///
/// A function that trips in a loop has a frame that runs, maybe for ever. So
/// has the root of a leaf that tripped, since it called the leaf. For these the
/// batch holds continuations beside the new body (OnStackReplacement.h), unless
/// the frame will be left soon anyway:
///
///   long(F)   : calls(F) <= 4  or  loops(F) >= 1000 * calls(F)
///               or F has a new body, and its loops in tier 0 trip again
///
/// A function that is called once gets nothing but continuations, and is never
/// a root.
///
/// When more is queued than fits into one batch, the hottest goes first, and
/// what has not run since is dropped (CompileQueue.h). It goes back to what it
/// was, and is armed again. What was asked for, and loops that run, wait for
/// nobody and are not dropped. As long as one batch holds all that waits, its
/// order is of no account, and dropping would help nobody: a statement of a
/// session that has ended is often run again. When several batches wait,
/// thresholds rise: what trips now is no hotter than what waits, and by the
/// time that it is its turn, it has shown whether it is. HotSpot scales its
/// thresholds in the same way (threshold_scale, Tier4LoadFeedback).
///
/// Functions that trip within batch-window make one batch, which is one object.
/// A warm callee that is too large to be inlined joins the batch: it will trip
/// soon anyway, and in the same object it is called directly and not through
/// its stub. Other callees are emitted too, to be inlined, but not published.
///
/// Speculation. While the program waits, functions that nobody has called, or
/// that were called and are not hot, are compiled too, if the policy finds them
/// promising. The largest getPromise(F) goes first. How much is done is
/// limited:
///
///   by time   : the wait has lasted speculate-after; a compile that took t is
///               followed by a rest of t * (100 - speculate) / speculate
///   by number : a wait compiles speculate-most functions at most, so that a
///               source file of thousands does not fill the memory
///   by size   : a batch ends with the function that makes it larger than
///               2000 instructions of tier 0, or at max-batch. What it has in
///               hand when the program goes on is finished at the lowest
///               priority, so it had better not be much
///
/// Such a batch is no state of its members. They stay what they are, and trip,
/// and are queued, as if it were not there; what is ready first is published.
/// So nothing that is hot waits for speculation. A failure leaves nothing but a
/// word in the listing: Prospects.h says when it is tried again.
///
/// Names that begin with "reopt.", or contain ".tier0.", ".tier1." or ".reopt."
/// in front of a number, belong to the layer and to IRReoptimizer: a policy's
/// bodies have names of their own, new in the JITDylib, which no module
/// defines.
///
/// HotSpot's compilationPolicy.hpp describes a policy of the same family; its
/// tier 0 and tier 4 correspond to ours.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_POLICY_H
#define REOPT_POLICY_H

#include "reopt/FunctionState.h"
#include "reopt/Instrumenter.h"
#include "reopt/OnStackReplacement.h"
#include "reopt/Options.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace llvm {
class Function;
class GlobalVariable;
} // namespace llvm

namespace reopt {

/// How tier 0 of a function is made.
enum class Tier0Kind : uint8_t {
  Counted, ///< Has a stub and counts; is compiled when it is first called.
  Once,    ///< The same, but it will be called once: its loops are continued
           ///< when they get hot, and it gets a body before that call or never
           ///< (see compilesFirst()). Statements that loop.
  Plain,   ///< Is compiled with the module's data, under its own name, and
           ///< never again: initialisers, statement wrappers.
};

/// What a policy knows of a function when it decides.
struct Heat {
  uint64_t Calls = 0;
  uint64_t Loops = 0;
  uint32_t Failures = 0;
  /// What runs: 0 is tier 0, and each body of the policy's is one more.
  uint32_t Tier = 0;
  /// How many times hotter than usual it should be, since so much is queued.
  uint32_t Scale = 1;
};

/// heat(F), in calls: see the essay above.
uint64_t getHeat(const Heat &H, const Options &Opts);

/// A decision about a function that tripped.
struct Decision {
  enum KindTy : uint8_t { Compile, Wait, Refuse } Kind = Wait;
  Reason Why = Reason::NotHotYet;
  /// What the policy has to add: FunctionInfo::Detail of listings, until the
  /// next decision about the function.
  std::string Detail = {};
};

/// How a function's cell is armed.
struct Arming {
  int32_t Calls = 0;
  int32_t Loops = 0;
};

/// A function that has not tripped, and might be compiled while the program
/// waits.
struct Prospect {
  FunctionId Id = 0;
  /// Linker name.
  std::string Name;
  /// Which addition to the layer it came with: the later, the larger.
  uint64_t Addition = 0;
  /// Instructions of tier 0's IR.
  uint64_t Size = 0;
};

/// The session as reoptimize() may look at it. Each call takes the layer's
/// mutex for a moment; the answers may be out of date when they are used, which
/// publishing notices.
class SessionView {
public:
  virtual ~SessionView();

  struct Entry {
    FunctionId Id;
    Stage St;
    bool Warm;
  };
  /// The session's function with linker name \p Name, if there is one.
  virtual std::optional<Entry> find(llvm::StringRef Name) const = 0;

  /// Whether the session defines a symbol named \p Name, function or data.
  virtual bool defines(llvm::StringRef Name) const = 0;

  /// What instrument() in Instrumenter.h needs to have the next body of \p Id
  /// count and trip as tier 0 does. Such a body is Counted in NewCode.
  virtual InstrumentationSite getNextSite(FunctionId Id) const = 0;

  /// What continuations of \p Id, which is a running member of the batch, are
  /// wanted for. Its loops run on while their code is made: the later it is
  /// asked, the more is known. The last answer holds.
  virtual LoopRequest getLoopRequest(FunctionId Id) const = 0;

  /// Calls \p Visit with tier 0's IR of function \p Id, under the lock of its
  /// context; returns false if it is gone.
  virtual bool withTierZero(
      FunctionId Id,
      llvm::function_ref<void(const llvm::Function &)> Visit) const = 0;

  /// Of a speculative batch: whether its result may still be used. Any thread;
  /// takes no lock, so it may be asked often.
  virtual bool isWanted() const { return true; }

  /// Of a speculative batch: runs \p Work, which takes long and holds nothing
  /// that anybody waits for, on a thread of the lowest priority, and returns
  /// when it is done.
  virtual void runAtLowestPriority(llvm::function_ref<void()> Work) const {
    Work();
  }
};

/// Functions to compile together.
struct Batch {
  uint64_t Number = 0;
  struct Member {
    FunctionId Id;
    std::string Name;
    /// It needs no body of its own if another member gets it inlined.
    bool LeaveToCaller;
    /// What runs: 0 is tier 0, and each body of the policy's is one more.
    uint32_t Tier = 0;
    /// If not, a loop of it runs, and it has a body, will not be called again,
    /// or gets its body in a batch of its own, after the loop has gone on.
    bool NeedsBody = true;
    /// A frame of tier 0 is in a loop: make continuations for what
    /// SessionView::getLoopRequest() says.
    bool IsRunning = false;
    /// It does not need a body in this batch, but in the next.
    bool BodyIsNext = false;
    /// It is called once (Tier0Kind::Once). If it needs a body its only call
    /// waits for that; see compilesFirst().
    bool RunsOnce = false;
  };
  std::vector<Member> Members;
  /// The program waits, and nobody needs this now. Members are to get bodies,
  /// and so is what they call and will not be inlined: it was not called
  /// either.
  bool Speculative = false;
  /// Where bodies are to count their executions (countActive() in
  /// ActiveCount.h), so that they can be freed when they are replaced. Null if
  /// nobody wants to know.
  llvm::orc::ExecutorAddr ActiveCount;
};

/// What reoptimize() made. An id that is not of a function of the batch's
/// JITDylib fails the batch, as does a name that Object does not define.
struct NewCode {
  /// One relocatable object, or null if every member was refused.
  std::unique_ptr<llvm::MemoryBuffer> Object;
  struct Body {
    FunctionId Id;
    /// Linker name in Object.
    std::string Name;
    /// It trips, and the policy is asked again. The policy has instrumented it
    /// with SessionView::getNextSite(). If no code of Object calls the hook the
    /// batch fails; a body that does not, beside others that do, never trips.
    bool Counted = false;
  };
  /// May hold functions that were not members of the batch.
  std::vector<Body> Bodies;
  /// Where running loops go on, as createContinuations() makes it. For members
  /// only; what it is left out for is not asked again, unless it fails.
  struct Continuations {
    FunctionId Id;
    /// Linker name in Object.
    std::string Table;
  };
  std::vector<Continuations> Continuations;
  /// All functions of the session whose definitions went into Object. When one
  /// of them is removed, Object is taken back. One that is left out here is not
  /// missed: its code stays inlined after it was removed, with references to
  /// data that is unmapped.
  std::vector<FunctionId> Uses;
  /// Members that were left to their callers.
  std::vector<FunctionId> Served;
  /// Members that have no new body, and why.
  struct Refusal {
    FunctionId Id;
    Reason Why;
    /// FunctionInfo::Detail of listings.
    std::string Detail;
  };
  std::vector<Refusal> Refused;
  /// Every function defined in Object counts in Batch::ActiveCount. A body that
  /// does not is kept as long as its function exists, and longer if it is not
  /// known otherwise that nobody is in it. True of code that does not count, it
  /// may be freed under a fiber that waits in it.
  bool CountsActive = false;
  /// Of a speculative batch: it was given up, since the program goes on, or
  /// since somebody else needs what it needs. Nothing else holds. Its members
  /// are tried again in another wait.
  bool GaveWay = false;
};

/// Interface to be implemented by who uses ReOptimizeLayer.
class Policy {
public:
  virtual ~Policy();

  /// Thread: whoever adds the module; the context's lock is held.
  virtual Tier0Kind instrument(const llvm::Function &F) = 0;

  /// Whether the function pointers in a constant are called and never looked
  /// at, so that nobody can tell a stub from the body behind it. Calls through
  /// such a table then go straight to the published bodies. Thread as
  /// instrument().
  virtual bool isCallOnlyTable(const llvm::GlobalVariable &) { return false; }

  /// Whether \p F may be called where nothing can be compiled, since the caller
  /// interrupted something: in a signal handler. Such functions are compiled
  /// when they are added, with all that they reach by name, which must be
  /// defined by then. A declaration stands for what was added before. Thread as
  /// instrument().
  virtual bool mayInterrupt(const llvm::Function &) { return false; }

  /// Whether \p F, which is called for the first time, had better be compiled
  /// by reoptimize() now, and its caller wait for that (some time; then tier 0
  /// is compiled after all): a loop of it could not go on in new code once it
  /// runs. Of functions that run once those are asked about none of whose
  /// loops could. Thread: any that calls F; the context's lock is held. Not
  /// asked while tiering is off.
  virtual bool compilesFirst(const llvm::Function &) { return false; }

  /// How a function with \p H is armed. Under the layer's mutex: be quick.
  virtual Arming arm(const Heat &H) const = 0;

  /// Under the layer's mutex: be quick, call nothing of the layer.
  virtual Decision decide(const Heat &H) const = 0;

  /// Whether a frame of tier 0 that loops, in a function with \p H, will loop
  /// so long that a continuation is worth while. Under the layer's mutex.
  virtual bool isLong(const Heat &) const { return true; }

  /// Whether a function with \p H should be published with a hot caller.
  /// Under the layer's mutex.
  virtual bool isWarm(const Heat &H) const = 0;

  /// How promising it is to compile \p F before it is hot; 0 if that is not to
  /// be done. Nothing if it cannot be said now: it will be asked again. Thread:
  /// the one that speculates, without any lock.
  virtual std::optional<uint64_t> getPromise(const Prospect &) { return 0; }

  /// Thread: a worker, or in the single-threaded mode one that tripped, without
  /// any lock; concurrent with itself if there are several workers. For a
  /// speculative batch another thread, beside the workers. An error
  /// counts as a failure of every member; its text becomes their detail.
  virtual llvm::Expected<NewCode> reoptimize(const Batch &B,
                                             const SessionView &Session) = 0;
};

/// The default *when*, as the essay above says. What the new code is, and what
/// is instrumented, is left to who derives from it.
class HeatPolicy : public Policy {
public:
  /// \p Opts outlives the policy. Threshold may change while it is used, under
  /// the layer's mutex.
  explicit HeatPolicy(const Options &Opts) : Opts(Opts) {}

  Tier0Kind instrument(const llvm::Function &F) override;
  Arming arm(const Heat &H) const override;
  Decision decide(const Heat &H) const override;
  bool isLong(const Heat &H) const override;
  bool isWarm(const Heat &H) const override;
  /// If a loop has no continuation and looks heavy: neither does it run up to a
  /// small constant, nor is the option osr off.
  bool compilesFirst(const llvm::Function &F) override;

protected:
  const Options &Opts;
};

} // namespace reopt

#endif // REOPT_POLICY_H
