//===- IdleWork.h - Work while a program waits ------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// A thread that works while the program says that it waits, and not
/// otherwise.
///
/// The work comes in steps. A step is begun only while the program waits, and
/// not before it has waited for Terms::Delay: who types, or pastes lines, is
/// not to be disturbed for a wait that is over in a moment. After a step that
/// took t the thread rests for t * (100 - Percent) / Percent, so that it uses
/// Percent of the time of a wait. When the program goes on, the step that is
/// under way runs to its end; it may ask isWanted() and end early.
///
/// begin() and end() are on the way of every input. Each takes an uncontended
/// mutex and reads a clock, and a system call is made only if the thread
/// sleeps for good: while it sees waits, it looks by itself after each Delay.
/// So a program whose waits are all shorter than that wakes a thread once in a
/// Delay, however many waits there are.
///
/// The thread starts with the first begin() that finds Percent above 0. It
/// blocks all signals but one, if that is wanted.
///
/// Lock. One mutex; a step is run without it, and it is the innermost: nothing
/// is called under it.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_IDLEWORK_H
#define REOPT_IDLEWORK_H

#include "reopt/ForkCondition.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace reopt {

class IdleWork {
public:
  /// What a step says.
  enum class Next : uint8_t {
    More,  ///< There may be more to do.
    Later, ///< Something that it needs is not to be had just now.
    Done,  ///< Nothing is left to do in this wait.
  };
  struct Terms {
    std::chrono::milliseconds Delay{0};
    /// Of the time of a wait. With 0 no step is begun but for finish().
    unsigned Percent = 100;
    /// The level of the thread; a thread that may not raise its priority stays
    /// where it is once set.
    int Nice = 0;
    /// The signal that the thread lets through; 0 for none.
    int Signal = 0;
  };

  IdleWork(std::function<Next()> Step, Terms T);
  /// As shutdown().
  ~IdleWork();
  IdleWork(const IdleWork &) = delete;
  IdleWork &operator=(const IdleWork &) = delete;

  /// The program waits from now on; one thread at a time.
  void begin();
  /// It goes on.
  void end();
  /// Counts the waits, each finish() as one: what a step may do in one is
  /// limited by its number.
  uint64_t getWait() const;

  void setPercent(unsigned Percent);

  /// Has steps made, without delay and rest, until one says Done, and returns
  /// then. Any thread but a step's.
  void finish();

  /// Returns when the step that is under way has ended, if there is one. At
  /// once in a step.
  void waitForStep();

  /// For a step: whether to go on. Any thread; no lock.
  bool isWanted() const {
    return Wanted.load(std::memory_order_relaxed) && !isStopped();
  }
  /// For a step: whether nobody will ever want its result. No lock.
  bool isStopped() const { return Stopped.load(std::memory_order_relaxed); }

  /// For a step: runs \p Work on a thread of the lowest priority, and waits
  /// for it. Nothing that others wait for may be held meanwhile. If somebody
  /// waits in finish(), it is run here and now.
  void runAtLowestPriority(llvm::function_ref<void()> Work);

  /// No step is begun any more; one that is under way is waited for, unless
  /// this is called by it.
  void shutdown();

  /// As ReOptimizeLayer's.
  void lockForFork() { M.lock(); }
  void unlockAfterFork(bool InChild);

private:
  void run();
  // With M held.
  bool isAsked() const { return Asked > Answered; }
  void start();
  void noteWanted();

  const std::function<Next()> Step;

  mutable std::mutex M;
  ForkCondition Wake, Finished;
  Terms T;
  std::thread Worker;
  /// Who makes a step, and who runs part of it for that one.
  std::thread::id InStep, Aside;
  /// How many steps were begun.
  uint64_t Steps = 0;
  bool Waiting = false;
  /// Nothing is left to do in this wait.
  bool IsDone = false;
  /// Calls of finish(), and how many of them were made before a step began
  /// that said Done.
  uint64_t Asked = 0, Answered = 0;
  uint64_t Wait = 0;
  std::chrono::steady_clock::time_point Since, NotBefore;
  /// The thread sleeps until it is woken, and not for a time.
  bool Asleep = false;
  std::atomic<bool> Wanted{false}, Stopped{false};
};

} // namespace reopt

#endif // REOPT_IDLEWORK_H
