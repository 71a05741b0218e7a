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

TripInbox::TripInbox() { sem_init(&Wakeups, /*pshared=*/0, 0); }

TripInbox::~TripInbox() { sem_destroy(&Wakeups); }

void TripInbox::push(TripRecord &R, uint64_t Caller) {
  if (R.Pending.exchange(true, std::memory_order_acq_rel))
    return;
  R.Caller = Caller;
  TripRecord *Old = Head.load(std::memory_order_relaxed);
  do
    R.Next = Old;
  while (!Head.compare_exchange_weak(Old, &R, std::memory_order_seq_cst,
                                     std::memory_order_relaxed));
  if (Asleep.load(std::memory_order_seq_cst))
    sem_post(&Wakeups);
}

void TripInbox::wake() { sem_post(&Wakeups); }

void TripInbox::waitForWork() {
  constexpr unsigned Naps = 50;
  constexpr long NapNanoseconds = 1000000;
  // One wake-up serves all that came before it.
  auto DropPosts = [this] {
    while (sem_trywait(&Wakeups) == 0)
      ;
  };
  for (unsigned I = 0; I < Naps; ++I) {
    if (!empty())
      return DropPosts();
    timespec Until;
    clock_gettime(CLOCK_REALTIME, &Until);
    Until.tv_nsec += NapNanoseconds;
    if (Until.tv_nsec >= 1000000000) {
      Until.tv_nsec -= 1000000000;
      ++Until.tv_sec;
    }
    if (sem_timedwait(&Wakeups, &Until) == 0)
      return DropPosts();
  }
  Asleep.store(true, std::memory_order_seq_cst);
  if (Head.load(std::memory_order_seq_cst) == nullptr)
    while (sem_wait(&Wakeups) != 0 && errno == EINTR)
      ;
  Asleep.store(false, std::memory_order_relaxed);
  DropPosts();
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
  // sem_post may set errno, which belongs to the program.
  int Errno = errno;
  auto *R = reinterpret_cast<TripRecord *>(Id);
  R->Inbox->push(*R, Caller);
  errno = Errno;
}

} // namespace reopt
