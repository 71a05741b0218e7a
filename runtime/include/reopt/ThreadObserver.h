//===- ThreadObserver.h - Observes this process's threads -------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// The QuiescenceProof for code that runs in this process: Linux on x86-64.
/// Running code pays nothing for it.
///
/// A thread that is **asleep** in a system call is observed from outside, and
/// does not notice. The kernel tells where its stack pointer is; the observer
/// scans the stack from there, then asks again. If the thread is asleep again
/// and was switched out no more times than before, it slept all the while,
/// since running and falling asleep again counts one more. Its other registers
/// are unknown, but need not be known. Code in front of its count, or behind
/// it, makes no system call; and if a signal handler that interrupted such code
/// does, the registers of that code are on the stack, in the handler's frame.
/// Except for what was in tables: a caller that loaded an address from there
/// may keep it in a register over a call. For the sake of such ranges a thread
/// asleep is woken like one that runs, if it is in a system call that the
/// kernel goes on with afterwards, or if it said that it minds none (Wakeable);
/// otherwise they count as held.
///
/// A thread that **runs** is sent a signal. Its handler looks at the registers
/// that the kernel saved, scans the stack from the red zone below the saved
/// stack pointer, and says that it did. It takes no lock and no memory, keeps
/// errno, and uses about 5 kB of the stack that the thread runs on. System
/// calls that it happens to interrupt are restarted (SA_RESTART), but for those
/// that never are (`nanosleep`, `poll`, …): a thread that is about to fall
/// asleep in one of these when the signal comes sees EINTR.
///
/// Which threads: those listed after the call began (ThreadTable.h). One that
/// ended runs nothing. One that began later is the reclaimer's affair.
///
/// A thread cannot be observed, and the observation fails, while it runs
///   - with the signal blocked (it can be while it is asleep);
///   - on an alternate signal stack, with whatever it interrupted elsewhere, or
///     on another stack that is not its own, such as a fiber's;
///   - without being scheduled for as long as the observer waits (stopped).
/// Nor can, ever, threads that the C library did not make (raw clone, workers
/// of io_uring). A thread asleep on a stack not its own is not woken for it.
///
/// Late answers. The observer does not wait for ever; a signal it has given up
/// may be handled at any later time. Each thread that is asked has a slot, one
/// word that says which thread, and how far it got. The thread's handler and
/// the observer claim it by compare-and-swap from that thread's Asked; a
/// handler that comes late, or on another thread, finds nothing to do, or
/// answers the latest question to its own thread, which is as good. A handler
/// that has claimed its slot is waited for, so what it reads lives as long as
/// it does. Slots are static.
///
/// The signal's disposition belongs to the observers of the process, from the
/// first one's creation. When the last one goes it is ignored, not reset, so
/// that a late signal does not end the process.
///
/// Between the observer's look at a thread and the signal the thread may end
/// and its number be given again only after all others were; the kernel then
/// says that there is none, or another thread that was not asked ignores it.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_THREADOBSERVER_H
#define REOPT_THREADOBSERVER_H

#include "reopt/QuiescenceProof.h"
#include "llvm/Support/Error.h"
#include <chrono>
#include <memory>

namespace reopt {

class ThreadObserver : public QuiescenceProof {
public:
  struct Settings {
    /// The signal; 0 means SIGRTMAX - 2. All observers of a process use the
    /// same one.
    int Signal = 0;
    /// How long one observation waits for threads to handle the signal, and
    /// for those that block it to end, to fall asleep or to unblock it.
    std::chrono::milliseconds Patience{1000};
  };

  /// While a thread has one, it may be woken from any system call, even one
  /// that the kernel does not go on with then: it lives with EINTR. It keeps no
  /// code alive merely by sleeping with a time-out. The same thread destroys
  /// it.
  class Wakeable {
  public:
    Wakeable();
    ~Wakeable();
    Wakeable(const Wakeable &) = delete;
    Wakeable &operator=(const Wakeable &) = delete;
  };

  /// An error if the target is another, if the program uses the signal, or if
  /// the kernel does not let us look (process_vm_readv forbidden, no /proc).
  static llvm::Expected<std::unique_ptr<ThreadObserver>> Create(Settings S);
  ~ThreadObserver() override;

  /// As QuiescenceProof has it. Observations of one process are made one after
  /// the other. In the child of a fork: an obstacle, always.
  Observation observe(llvm::ArrayRef<ObservedRange> Ranges,
                      const void *OwnStack) override;
  int getSignal() const override;

private:
  explicit ThreadObserver(Settings S);

  const Settings S;
  const int Process;
};

} // namespace reopt

#endif // REOPT_THREADOBSERVER_H
