//===- Reclaimer.cpp - Frees old bodies when nobody can be there ----------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/Reclaimer.h"
#include "reopt/ActiveCount.h"
#include "reopt/StackScan.h"
#include "reopt/ThreadObserver.h"
#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"
#include <atomic>
#include <csignal>
#include <cstddef>
#include <optional>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

QuiescenceProof::~QuiescenceProof() = default;

Reclaimer::Reclaimer(ExecutionSession &ES,
                     std::unique_ptr<QuiescenceProof> Proof, Settings S)
    : ES(ES), Proof(std::move(Proof)), S(S), Process(getpid()),
      Changed(std::make_unique<std::condition_variable>()) {
  if (!this->Proof)
    Stats.Obstacle = "threads of this executor cannot be observed";
  else if (S.Background)
    startInBackground();
}

Reclaimer::~Reclaimer() {
  if (!isForked()) {
    shutdown();
    return;
  }
  // The child of a fork: locks may be held by threads that are not here, and
  // what the functions hold may need them. All of it stays.
  if (Background.joinable())
    Background.detach();
  new std::vector<Unit>(std::move(Waiting));
  new std::vector<Unit>(std::move(Incoming));
  new std::unique_ptr<std::condition_variable>(std::move(Changed));
}

bool Reclaimer::isForked() const { return getpid() != Process; }

void Reclaimer::retire(RetiredCode Code, FreeFn Free) {
  Unit U{std::move(Code), std::move(Free), {}};
  if (isForked()) {
    new Unit(std::move(U)); // Stays; see the destructor.
    return;
  }
  {
    std::lock_guard<std::mutex> Lock(M);
    ++Stats.Pending;
    Incoming.push_back(std::move(U));
  }
  Changed->notify_all();
}

size_t Reclaimer::pending() const { return getStatus().Pending; }

Reclaimer::Status Reclaimer::getStatus() const {
  if (isForked())
    return {};
  std::lock_guard<std::mutex> Lock(M);
  return Stats;
}

void Reclaimer::waitUntilEmpty() {
  if (isForked())
    return;
  std::unique_lock<std::mutex> Lock(M);
  Changed->wait(Lock, [this] { return Stats.Pending == 0; });
}

//===----------------------------------------------------------------------===//
// The proof
//===----------------------------------------------------------------------===//

/// One word of each count of each of \p Units, in order. Nothing if the
/// executor is gone.
template <typename UnitsT>
static std::optional<std::vector<uint64_t>>
readWords(ExecutionSession &ES, const UnitsT &Units, ArrayRef<size_t> Among,
          size_t Offset) {
  std::vector<ExecutorAddr> Addrs;
  for (size_t I : Among)
    for (ExecutorAddr Count : Units[I].Code.Counts)
      Addrs.push_back(Count + Offset);
  // A proof needs the reads in the order in which they are asked for.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  auto Words =
      ES.getExecutorProcessControl().getMemoryAccess().readUInt64s(Addrs);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!Words) {
    consumeError(Words.takeError());
    return std::nullopt;
  }
  return std::vector<uint64_t>(Words->begin(), Words->end());
}

std::vector<size_t> Reclaimer::findInactive() {
  std::vector<size_t> All(Waiting.size()), Inactive;
  for (size_t I = 0; I != All.size(); ++I)
    All[I] = I;
  auto Exits = readWords(ES, Waiting, All, offsetof(ActiveCount, Exits));
  auto Entries = readWords(ES, Waiting, All, offsetof(ActiveCount, Entries));
  if (!Exits || !Entries)
    return {};
  size_t Word = 0;
  for (size_t I : All) {
    Unit &U = Waiting[I];
    bool Active = false;
    U.Entries.clear();
    for (size_t E = Word + U.Code.Counts.size(); Word != E; ++Word) {
      Active |= (*Exits)[Word] != (*Entries)[Word];
      U.Entries.push_back((*Entries)[Word]);
    }
    if (!Active)
      Inactive.push_back(I);
  }
  return Inactive;
}

std::vector<size_t> Reclaimer::findUnentered(ArrayRef<size_t> Among) {
  auto Entries = readWords(ES, Waiting, Among, offsetof(ActiveCount, Entries));
  if (!Entries)
    return {};
  std::vector<size_t> Unentered;
  const uint64_t *Word = Entries->data();
  for (size_t I : Among) {
    const auto &Before = Waiting[I].Entries;
    if (std::equal(Before.begin(), Before.end(), Word))
      Unentered.push_back(I);
    Word += Before.size();
  }
  return Unentered;
}

std::vector<Reclaimer::Unit> Reclaimer::takeProven(const void *OwnStack) {
  std::vector<size_t> Candidates = findInactive(); // a
  if (Candidates.empty())
    return {};

  std::vector<ObservedRange> Ranges;
  for (size_t I : Candidates)
    for (ExecutorAddrRange Range : Waiting[I].Code.Ranges)
      Ranges.push_back({Range, Waiting[I].Code.InTables});
  Observation Seen = Proof->observe(Ranges, OwnStack); // b
  {
    std::lock_guard<std::mutex> Lock(M);
    ++Stats.Observations;
    Stats.Obstacle = Seen.Obstacle;
  }
  if (!Seen.Obstacle.empty())
    return {};
  std::vector<size_t> NotHeld;
  unsigned Range = 0;
  for (size_t I : Candidates) {
    bool Held = false;
    for (size_t E = Range + Waiting[I].Code.Ranges.size(); Range != E; ++Range)
      Held |= Seen.Held[Range];
    if (!Held)
      NotHeld.push_back(I);
  }

  std::vector<size_t> Free = findUnentered(NotHeld); // c
  std::vector<Unit> Proven, Rest;
  for (size_t I = 0, NextFree = 0; I != Waiting.size(); ++I) {
    bool IsFree = NextFree != Free.size() && Free[NextFree] == I;
    NextFree += IsFree;
    (IsFree ? Proven : Rest).push_back(std::move(Waiting[I]));
  }
  Waiting = std::move(Rest);
  return Proven;
}

// Nothing but a frame that holds all callee-saved registers of the caller. What
// is done on its behalf is done below it.
LLVM_ATTRIBUTE_NOINLINE size_t Reclaimer::collect() {
  __builtin_unwind_init();
  size_t Freed = collectFromHere();
  // Else two threads that collect in turn would keep for ever what each has
  // just looked for: neither heeds what it left itself, but the other does.
  clearDeadStack();
  asm volatile("" ::: "memory"); // no tail call: the frame stays
  return Freed;
}

LLVM_ATTRIBUTE_NOINLINE size_t Reclaimer::collectFromHere() {
  if (!Proof || isForked())
    return 0;
  // The stack pointer of the call: above the return address and the saved frame
  // pointer.
  const void *OwnStack =
      static_cast<const void **>(__builtin_frame_address(0)) + 2;
  std::vector<Unit> Proven;
  {
    std::lock_guard<std::mutex> Round(Collecting);
    {
      std::lock_guard<std::mutex> Lock(M);
      Waiting.insert(Waiting.end(), std::make_move_iterator(Incoming.begin()),
                     std::make_move_iterator(Incoming.end()));
      Incoming.clear();
    }
    if (!Waiting.empty())
      Proven = takeProven(OwnStack);
  }
  if (Proven.empty())
    return 0;
  size_t Count = Proven.size();
  for (Unit &U : Proven)
    if (auto Err = U.Free())
      ES.reportError(std::move(Err));
  Proven.clear();
  {
    std::lock_guard<std::mutex> Lock(M);
    Stats.Pending -= Count;
    Stats.Freed += Count;
  }
  Changed->notify_all();
  return Count;
}

//===----------------------------------------------------------------------===//
// In the background
//===----------------------------------------------------------------------===//

void Reclaimer::startInBackground() {
  // The program's signals are not for this thread.
  sigset_t Ours, Before;
  sigfillset(&Ours);
  if (int Signal = Proof->getSignal())
    sigdelset(&Ours, Signal);
  pthread_sigmask(SIG_SETMASK, &Ours, &Before);
  Background = std::thread([this] { runInBackground(); });
  pthread_sigmask(SIG_SETMASK, &Before, nullptr);
}

void Reclaimer::runInBackground() {
  // Of this thread only: on Linux a thread has a nice level of its own.
  setpriority(PRIO_PROCESS, gettid(), S.Nice);
  ThreadObserver::Wakeable Self;
  auto Delay = S.Interval;
  std::unique_lock<std::mutex> Lock(M);
  while (!Stopping) {
    if (Stats.Pending == 0) {
      Changed->wait(Lock);
      continue;
    }
    Changed->wait_for(Lock, Delay, [this] { return Stopping; });
    if (Stopping)
      return;
    bool HasNew = !Incoming.empty();
    Lock.unlock();
    bool Freed = collect() != 0;
    Lock.lock();
    Delay =
        Freed || HasNew ? S.Interval : std::min(Delay * 2, S.Interval * 100);
  }
}

size_t Reclaimer::shutdown() {
  if (isForked())
    return 0;
  {
    std::lock_guard<std::mutex> Lock(M);
    Stopping = true;
  }
  Changed->notify_all();
  if (Background.joinable())
    Background.join();
  collect();
  std::vector<Unit> Left, LeftIncoming;
  {
    std::lock_guard<std::mutex> Round(Collecting);
    std::lock_guard<std::mutex> Lock(M);
    Left = std::move(Waiting);
    LeftIncoming = std::move(Incoming);
    Waiting.clear();
    Incoming.clear();
  }
  return Left.size() + LeftIncoming.size();
}

} // namespace reopt
