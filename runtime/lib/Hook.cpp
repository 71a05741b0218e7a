//===-- Hook.cpp ----------------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/Hook.h"
#include <cerrno>
#include <ctime>

namespace reopt {

TripInbox::TripInbox(NapSchedule Naps) : Naps(Naps) {
  sem_init(&Wakeups, /*pshared=*/0, 0);
}

TripInbox::~TripInbox() { sem_destroy(&Wakeups); }

void TripInbox::push(TripRecord &R, uint64_t Caller) {
  // Made visible by the exchange of Pending, to who reads it after that.
  if (isLoopTrip(Caller) && Caller)
    R.Loops.fetch_or(getLoopBit(Caller - 1), std::memory_order_relaxed);
  if (R.Pending.exchange(true, std::memory_order_acq_rel))
    return;
  R.Caller = Caller;
  TripRecord *Old = Head.load(std::memory_order_relaxed);
  do
    R.Next = Old;
  while (!Head.compare_exchange_weak(Old, &R, std::memory_order_seq_cst,
                                     std::memory_order_relaxed));
  const bool IsAsleep = Asleep.load(std::memory_order_seq_cst);
  // A signal handler may trip while its thread settles, and holds what that
  // takes.
  static thread_local bool Settling = false;
  const bool Settles = Settle && isLoopTrip(Caller) && !Settling;
  if (!Serve && !IsAsleep && !Settles)
    return;
  // errno belongs to the program.
  int Errno = errno;
  if (Serve)
    Serve();
  else if (IsAsleep)
    sem_post(&Wakeups);
  if (Settles) {
    Settling = true;
    Settle();
    Settling = false;
  }
  errno = Errno;
}

void TripInbox::wake() { sem_post(&Wakeups); }

/// True if a push or a wake came.
bool TripInbox::nap(unsigned Count, unsigned Milliseconds) {
  for (unsigned I = 0; I < Count; ++I) {
    if (!empty())
      return true;
    timespec Until;
    clock_gettime(CLOCK_MONOTONIC, &Until);
    Until.tv_nsec += Milliseconds * 1000000l;
    if (Until.tv_nsec >= 1000000000) {
      Until.tv_nsec -= 1000000000;
      ++Until.tv_sec;
    }
    if (sem_clockwait(&Wakeups, CLOCK_MONOTONIC, &Until) == 0)
      return true;
  }
  return false;
}

void TripInbox::waitForWork() {
  if (!nap(Naps.Short, 1) && !nap(Naps.Long, 10)) {
    Asleep.store(true, std::memory_order_seq_cst);
    if (Head.load(std::memory_order_seq_cst) == nullptr)
      while (sem_wait(&Wakeups) != 0 && errno == EINTR)
        ;
    Asleep.store(false, std::memory_order_relaxed);
  }
  // One wake-up serves all that came before it.
  while (sem_trywait(&Wakeups) == 0)
    ;
}

TripRecord *TripInbox::takeAll() {
  TripRecord *R = Head.exchange(nullptr, std::memory_order_acquire);
  TripRecord *Oldest = nullptr;
  while (R) {
    TripRecord *Next = R->Next;
    R->Next = Oldest;
    Oldest = R;
    R = Next;
  }
  return Oldest;
}

extern "C" void reopt_hook(uint64_t Id, uint32_t, uint64_t Caller) {
  auto *R = reinterpret_cast<TripRecord *>(Id);
  R->Inbox->push(*R, Caller);
}

} // namespace reopt
