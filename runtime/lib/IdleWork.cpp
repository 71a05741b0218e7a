//===-- IdleWork.cpp ------------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/IdleWork.h"
#include "reopt/StackScan.h"
#include "reopt/ThreadObserver.h"
#include <algorithm>
#include <csignal>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace reopt {

using Clock = std::chrono::steady_clock;

/// How soon a step is tried again that could not have what it needs: at first,
/// and at most.
static constexpr std::chrono::milliseconds UntilLater(20), AtMostUntil(1000);

/// Best effort: a thread that is not nice is merely less polite.
static void setNice(int Level) {
  setpriority(PRIO_PROCESS, id_t(syscall(SYS_gettid)), Level);
}

/// Signals are the program's: a new thread has its creator's mask.
static std::thread startWithoutSignals(int But, std::function<void()> Run) {
  sigset_t All, Old;
  sigfillset(&All);
  if (But)
    sigdelset(&All, But);
  pthread_sigmask(SIG_SETMASK, &All, &Old);
  std::thread Result(std::move(Run));
  pthread_sigmask(SIG_SETMASK, &Old, nullptr);
  return Result;
}

IdleWork::IdleWork(std::function<Next()> Step, Terms T)
    : Step(std::move(Step)), T(T) {}

IdleWork::~IdleWork() { shutdown(); }

void IdleWork::noteWanted() {
  Wanted.store(isAsked() || (Waiting && T.Percent), std::memory_order_relaxed);
}

void IdleWork::start() {
  if (!Worker.joinable() && !isStopped())
    Worker = startWithoutSignals(T.Signal, [this] { run(); });
  if (Asleep)
    Wake->notify_one();
}

void IdleWork::begin() {
  std::lock_guard<std::mutex> Lock(M);
  ++Wait;
  Waiting = true;
  IsDone = false;
  if (!T.Percent)
    return;
  Since = Clock::now();
  noteWanted();
  start();
}

void IdleWork::end() {
  std::lock_guard<std::mutex> Lock(M);
  Waiting = false;
  noteWanted();
}

uint64_t IdleWork::getWait() const {
  std::lock_guard<std::mutex> Lock(M);
  return Wait;
}

void IdleWork::setPercent(unsigned Percent) {
  std::lock_guard<std::mutex> Lock(M);
  T.Percent = Percent;
  Since = Clock::now();
  noteWanted();
  if (Waiting && Percent)
    start();
}

void IdleWork::finish() {
  std::unique_lock<std::mutex> Lock(M);
  const uint64_t Mine = ++Asked;
  ++Wait;
  noteWanted();
  start();
  // If it rests it does not go on resting.
  Wake->notify_one();
  Finished->wait(Lock, [&] { return Answered >= Mine || isStopped(); });
}

void IdleWork::waitForStep() {
  std::unique_lock<std::mutex> Lock(M);
  const auto Self = std::this_thread::get_id();
  if (InStep == Self || Aside == Self)
    return;
  Finished->wait(Lock, [this, Current = Steps] {
    return InStep == std::thread::id() || Steps != Current;
  });
}

void IdleWork::run() {
  setNice(T.Nice);
  ThreadObserver::Wakeable Self;
  std::chrono::milliseconds Pause = UntilLater;
  std::unique_lock<std::mutex> Lock(M);
  while (!isStopped()) {
    if (!isAsked()) {
      auto MayWork = [this] { return Waiting && T.Percent && !IsDone; };
      if (!MayWork()) {
        Asleep = true;
        Wake->wait(Lock, [&] { return isStopped() || isAsked() || MayWork(); });
        Asleep = false;
        continue;
      }
      const auto Begin = std::max(Since + T.Delay, NotBefore);
      if (Clock::now() < Begin) {
        Wake->wait_until(Lock, Begin,
                         [this] { return isStopped() || isAsked(); });
        continue;
      }
    }
    const uint64_t For = Asked, In = Wait;
    InStep = std::this_thread::get_id();
    ++Steps;
    Lock.unlock();
    const auto Start = Clock::now();
    const Next Then = Step();
    const auto End = Clock::now();
    // What it had to do with may be replaced while it sleeps.
    clearDeadStack();
    Lock.lock();
    InStep = std::thread::id();
    Finished->notify_all();
    switch (Then) {
    case Next::More:
      Pause = UntilLater;
      if (T.Percent)
        NotBefore = End + (End - Start) * (100 - T.Percent) / T.Percent;
      break;
    case Next::Later:
      NotBefore = End + Pause;
      Pause = Wait == In ? std::min(2 * Pause, AtMostUntil) : UntilLater;
      if (isAsked())
        Wake->wait_until(Lock, NotBefore, [this] { return isStopped(); });
      break;
    case Next::Done:
      IsDone = Wait == In;
      Answered = For;
      noteWanted();
      break;
    }
  }
}

void IdleWork::runAtLowestPriority(llvm::function_ref<void()> Work) {
  {
    std::unique_lock<std::mutex> Lock(M);
    if (isAsked()) {
      Lock.unlock();
      return Work();
    }
  }
  // It inherits its creator's mask.
  std::thread Low([&] {
    {
      std::lock_guard<std::mutex> Lock(M);
      Aside = std::this_thread::get_id();
    }
    setNice(19);
    Work();
  });
  Low.join();
  std::lock_guard<std::mutex> Lock(M);
  Aside = std::thread::id();
}

void IdleWork::shutdown() {
  std::thread Last;
  bool IsOwn;
  {
    std::lock_guard<std::mutex> Lock(M);
    Stopped = true;
    Last.swap(Worker);
    const auto Self = std::this_thread::get_id();
    IsOwn = Last.get_id() == Self || Aside == Self;
    Wake->notify_all();
    Finished->notify_all();
  }
  if (!Last.joinable())
    return;
  // A step in which the process exits: it is not waited for by itself, nor by
  // what runs part of it.
  if (IsOwn)
    Last.detach();
  else
    Last.join();
}

void IdleWork::unlockAfterFork(bool InChild) {
  if (InChild) {
    // The handle of a thread that this process does not have.
    if (Worker.joinable())
      Worker.detach();
    InStep = Aside = std::thread::id();
    Stopped = true;
    Wake.abandonAfterFork();
    Finished.abandonAfterFork();
  }
  M.unlock();
}

} // namespace reopt
