//===- Hook.h ---------------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// What happens when tier-0 code trips. Machine code calls the ORC runtime hook
/// __orc_rt_reoptimize(id, version, caller); the third argument is ours, and
/// the ORC runtime's own hook ignores it. What is behind the name is ours too.
/// In this process it is reopt_hook, of which the following holds; HookEntry.h
/// has what it is in another. It pushes the function's record on its session's
/// inbox, and looks whether the worker needs a wake-up. It allocates nothing,
/// takes no lock and calls nothing but sem_post, which POSIX lists as
/// async-signal-safe; so code may trip inside a signal handler.
///
/// A worker that had work, or got a new module, lately does not sleep: it naps,
/// for a millisecond at a time at first and ten later, and finds what was
/// pushed when it looks. It sleeps for good after ten quiet seconds. So the
/// system call of a wake-up, which costs several times the rest of the hook, is
/// paid by at most one trip in ten seconds, and the naps cost a thousandth of
/// one processor.
///
/// In the single-threaded mode the hook compiles, and none of this holds: code
/// must not trip in signal handlers then.
///
/// The inbox is a Treiber stack with one consumer that takes the whole chain at
/// once, so that no node is popped singly and the ABA problem cannot arise.
/// Pending makes sure that a record is on the stack at most once: only the
/// thread that changes it from false to true pushes, and the consumer clears it
/// after it has read Next. A trip of a call that comes in between is dropped;
/// it would have said what the consumer is about to act upon. Not so a trip in
/// a loop: it says which loop runs, and is not repeated. So a loop is first
/// noted in the record, and then the record is pushed. The consumer takes what
/// is noted after it has cleared Pending: who found it set had noted before,
/// and who finds it clear pushes again.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_HOOK_H
#define REOPT_HOOK_H

#include "reopt/Cell.h"
#include <atomic>
#include <cstdint>
#include <functional>
#include <semaphore.h>

namespace reopt {

class TripInbox;

/// A function as the hook sees it; it lives as long as the session's machine
/// code.
struct TripRecord {
  TripInbox *Inbox = nullptr;
  uint32_t Function = 0;
  std::atomic<bool> Pending{false};
  /// Where the call that tripped came from, in machine code. For a trip in a
  /// loop, its number and 1, or 0 if that is not known. Written by who pushes,
  /// read by the consumer.
  uint64_t Caller = 0;
  /// Loops that tripped, as getLoopBit() has them, until the consumer takes
  /// them.
  std::atomic<uint64_t> Loops{0};
  TripRecord *Next = nullptr;

  /// The id that machine code of this process passes.
  uint64_t getHookId() const { return reinterpret_cast<uint64_t>(this); }
};

/// Whether \p Caller is that of a trip in a loop: no code lies so low.
inline bool isLoopTrip(uint64_t Caller) { return Caller < 4096; }

/// How often the consumer of an inbox looks for trips before it sleeps: Short
/// naps of a millisecond, then Long naps of ten.
struct NapSchedule {
  unsigned Short = 50;
  unsigned Long = 1000;
};

/// Trips on their way from machine code to the workers.
class TripInbox {
public:
  explicit TripInbox(NapSchedule Naps = NapSchedule());
  ~TripInbox();
  TripInbox(const TripInbox &) = delete;
  TripInbox &operator=(const TripInbox &) = delete;

  /// Any thread, also in a signal handler, unless serveBy() was called.
  void push(TripRecord &R, uint64_t Caller);

  /// Single-threaded mode: each push ends in a call of \p Serve, and nobody
  /// calls waitForWork(). To be called before the first push.
  void serveBy(std::function<void()> Serve) { this->Serve = std::move(Serve); }

  /// For tests: each push from a loop ends in a call of \p Settle, which waits
  /// for what comes of it. To be called before the first push.
  void settleLoopsBy(std::function<void()> Settle) {
    this->Settle = std::move(Settle);
  }

  /// Wakes the consumer without a trip. Any thread, also in a signal handler.
  void wake();

  /// Consumer only: blocks until a push or a wake.
  void waitForWork();

  /// One thread at a time (of a layer, who holds its mutex): all functions that
  /// tripped since the last call, oldest first, handed to \p Visit with the
  /// caller of the trip that came first, and with the loops that tripped.
  template <typename Fn> void drain(Fn Visit) {
    TripRecord *R = takeAll();
    while (R) {
      TripRecord *Next = R->Next;
      uint32_t F = R->Function;
      uint64_t Caller = R->Caller;
      // Both ways: a push that this makes possible must not be read before.
      R->Pending.exchange(false, std::memory_order_acq_rel);
      uint64_t Loops = R->Loops.exchange(0, std::memory_order_relaxed);
      // Its own loop may have been taken already, with an earlier trip.
      if (isLoopTrip(Caller) && Caller)
        Loops |= getLoopBit(Caller - 1);
      Visit(F, Caller, Loops);
      R = Next;
    }
  }

  /// True if no trip waits.
  bool empty() const { return Head.load(std::memory_order_acquire) == nullptr; }

private:
  TripRecord *takeAll();
  bool nap(unsigned Count, unsigned Milliseconds);

  /// On one cache line with Asleep: a trip touches this line and its record.
  alignas(64) std::atomic<TripRecord *> Head{nullptr};
  /// True while the consumer needs a post to notice a push. A push makes itself
  /// visible before it reads this, the consumer sets this before it looks for
  /// pushes: one of them sees the other (all four are sequentially consistent).
  std::atomic<bool> Asleep{false};
  sem_t Wakeups;
  const NapSchedule Naps;
  std::function<void()> Serve, Settle;
};

/// Name of the hook in machine code, without the target's prefix.
constexpr const char *HookName = "__orc_rt_reoptimize";

/// The hook in process. \p Id is a TripRecord's getHookId(); \p Version is the
/// version of the body that trips; \p Caller is as TripRecord has it.
extern "C" void reopt_hook(uint64_t Id, uint32_t Version, uint64_t Caller);

} // namespace reopt

#endif // REOPT_HOOK_H
