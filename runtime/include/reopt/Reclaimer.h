//===- Reclaimer.h - Frees old bodies when nobody can be there --*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// A body is retired when nothing leads to it any more: its stubs were
/// redirected. It is freed when it is proven that no thread is in it, can
/// return into it, or has loaded its address. No proof, no free.
///
/// What is retired is one unit of code B: all the machine code that was linked
/// as one object, with every ActiveCount that its functions count in.
///
/// States. Take an execution context: a thread's stack, a fiber's, a signal
/// handler on top of either. With regard to B it is
///
///   out       and nothing of it is an address in B;
///   entering  it has loaded an address of B from a slot, or is in front of
///             the instruction in B that counts the entry;
///   inside    counted in, not yet counted out;
///   leaving   counted out, but still in the last instructions of B, or in
///             _Unwind_Resume, which returns to nobody but finds its way by
///             the return address into B.
///
/// Rules that hold from the moment R at which B is retired:
///
///   (1) No context gets from out to entering: no memory but stacks and saved
///       registers holds an address of B. Direct calls into B are in B.
///   (2) A context that is entering or leaving holds an address in B, in its
///       registers (the program counter among them) or its stack.
///   (3) A context that is on no thread, a fiber switched out, is out or
///       inside: between loading the address and counting in, and between
///       counting out and being gone, code calls nothing that switches stacks.
///   (4) A context gets inside only by counting in.
///
/// The proof. The reclaimer, in this order,
///
///   a. reads B's Exits, then B's Entries, and goes on if they are equal;
///   b. observes every thread, and goes on if none holds an address in B;
///   c. reads B's Entries, and goes on if they are as they were in a.
///   Then B is freed.
///
/// Entries only grow, and Exits never exceeds them. In a, if Exits as first
/// read equals Entries as read later, then it equals what Entries was at the
/// first read, and all that lies between: at that moment t0 nobody was inside.
/// By c nobody counted in from t0 until c, so by (4) nobody was inside all that
/// time. Take a thread observed at moment t. By (2) what runs on it at t is
/// out. By (1) it stays out. It might resume a fiber that is not out; but that
/// was switched out, is not inside, and so by (3) is out. Take a thread that
/// began after b had listed them, or one that b found ended. A new thread
/// starts out: it starts at a function's address, which is a stub. Whatever it
/// resumes is out, as before. So at c all contexts are out, and by (1) remain
/// so: whoever exists later finds no way into B.
///
/// With several counts, read a for each and then c for each: every count is
/// still for a stretch of time that contains b, which is all that was used.
///
/// Why not one count that goes up and down, read once? It can be zero in a,
/// and zero in c, while somebody went in and out in between: thread 1, observed
/// while its fiber F is switched out inside B, thread 2, observed before it
/// resumes F, and F leaving when c is read. A tail call from B to B likewise
/// leaves and enters again. A word that only grows sees both.
///
/// Memory order. The slot's new value was stored before retire() was called,
/// and the mutex of retire() orders that store before a. A fence stands between
/// a and b, and between b and c. Counting is sequentially consistent. b's
/// observation happens on the observed thread itself, or while the kernel has
/// it switched out, so it sees each of that thread's instructions whole or not
/// at all; a jump that has speculatively loaded an old slot, and has not
/// retired, is undone by the interruption.
///
/// What the caller owes, since none of it can be seen from here:
///
///   - Before retire(): every stub, vtable place or other memory that led into
///     B leads elsewhere, and whoever looked such an address up to go there on
///     a thread's behalf is done. A lazy entry that resolves to a body breaks
///     (1) between the answer and the jump; let it resolve to the stub.
///   - B's address is in memory only in slots of stubs. If it was in other
///     memory as well, say so (InTables): there a compiler may load it early
///     and keep it in a saved register over a call, so that threads asleep have
///     to be woken for their registers, or keep B alive. And then (3) does not
///     hold: a program that switches fibers must not have bodies in vtables
///     (stubs will do) if they are to be freed.
///   - Each function in B counts, on each way out. What does not count (refused
///     by countActive()) is safe on a thread's own stack, which is observed,
///     but not on a fiber; the object it is in should not be retired.
///
/// What is assumed of the program: a signal handler does not switch to another
/// stack except by returning or by longjmp (a scheduler that preempts fibers
/// in a signal handler breaks (3)); no alternate signal stack lies within the
/// stack of the thread that uses it; threads that share this memory are threads
/// of this process, save for children of vfork.
///
/// What keeps code alive, perhaps for ever: a longjmp out of it, a thread that
/// ended in it without unwinding, a fiber that is never resumed; a thread that
/// cannot be observed (ThreadObserver.h); stale words on a stack that happen to
/// be addresses in it. Nothing frees it early.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_RECLAIMER_H
#define REOPT_RECLAIMER_H

#include "reopt/QuiescenceProof.h"
#include "llvm/ADT/FunctionExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ExecutionEngine/Orc/Core.h"
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace reopt {

/// One unit of code that nothing leads to any more.
struct RetiredCode {
  /// All its machine code.
  llvm::SmallVector<llvm::orc::ExecutorAddrRange, 1> Ranges;
  /// The ActiveCounts of all its functions. Without any, the caller claims that
  /// its functions cannot be on a stack that no thread runs on.
  llvm::SmallVector<llvm::orc::ExecutorAddr, 1> Counts;
  /// Memory other than slots of stubs held addresses of it; see above.
  bool InTables = false;
};

class Reclaimer {
public:
  /// Gives the memory back, unwind information first (removing the resource
  /// tracker does). Called with no lock held, on the reclaimer's thread or on
  /// the one in collect(), once or never.
  using FreeFn = llvm::unique_function<llvm::Error()>;

  struct Settings {
    /// Whether a thread of the reclaimer's own collects. It runs at nice level
    /// Nice and takes no signals but the observer's.
    bool Background = true;
    int Nice = 10;
    /// The shortest time between two observations in the background. While
    /// they free nothing the time doubles, up to a hundred times as much.
    std::chrono::milliseconds Interval{100};
  };

  /// \p ES outlives the reclaimer; its executor holds the counts. \p Proof may
  /// be null (a remote executor): then retired code is kept.
  Reclaimer(llvm::orc::ExecutionSession &ES,
            std::unique_ptr<QuiescenceProof> Proof, Settings S);

  /// As shutdown(). Code that is not freed by then stays.
  ~Reclaimer();

  /// Takes \p Code over: \p Free is called once nobody can be in it. Any
  /// thread; waits for no thread's work and frees nothing itself.
  void retire(RetiredCode Code, FreeFn Free);

  /// Observes all threads once, and frees what that proves unused; does without
  /// when no retired code can be free. Returns how many units were freed.
  /// Any thread that has 20 kB of stack left, with no lock held that a FreeFn
  /// takes; not in a signal handler. After shutdown(), and in the child of a
  /// fork, it does nothing.
  size_t collect();

  /// Units retired and not freed, those that are just being freed included.
  size_t pending() const;

  /// Waits until nothing is pending. It may wait for ever, and does so without
  /// the background thread unless others collect: for tests.
  void waitUntilEmpty();

  struct Status {
    size_t Pending = 0;
    uint64_t Freed = 0;
    uint64_t Observations = 0;
    /// Why the last observation proved nothing; empty if it did.
    std::string Obstacle;
  };
  Status getStatus() const;

  /// Stops the background thread, collects a last time and lets go of the rest:
  /// nothing unproven is freed. Returns how many units were left; their FreeFn
  /// are destroyed without being called. What is retired later is left too. Not
  /// from a FreeFn.
  size_t shutdown();

private:
  struct Unit {
    RetiredCode Code;
    FreeFn Free;
    /// Entries of each count as step a read them.
    llvm::SmallVector<uint64_t, 1> Entries;
  };

  size_t collectFromHere();
  void startInBackground();
  void runInBackground();
  bool isForked() const;
  /// Steps a, b and c; moves what they prove unused out of Waiting. Under
  /// Collecting.
  std::vector<Unit> takeProven(const void *OwnStack);
  /// Numbers of the waiting units that nobody is inside of now: step a.
  std::vector<size_t> findInactive();
  /// Those of \p Among that nobody entered since findInactive(): step c.
  std::vector<size_t> findUnentered(llvm::ArrayRef<size_t> Among);

  llvm::orc::ExecutionSession &ES;
  const std::unique_ptr<QuiescenceProof> Proof;
  const Settings S;
  const int Process;

  /// Taken before M: serialises proofs, guards Waiting.
  std::mutex Collecting;
  std::vector<Unit> Waiting;

  mutable std::mutex M; ///< Guards all that follows.
  /// Its destructor waits for whoever waits, which in the child of a fork is
  /// nobody that exists.
  std::unique_ptr<std::condition_variable> Changed;
  std::vector<Unit> Incoming;
  Status Stats;
  bool Stopping = false;
  std::thread Background;
};

} // namespace reopt

#endif // REOPT_RECLAIMER_H
