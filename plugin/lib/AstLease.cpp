//===-- AstLease.cpp ------------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt-clang/AstLease.h"

namespace reopt {

bool AstLease::lend() {
  std::lock_guard<std::mutex> Lock(M);
  if (Closed)
    return false;
  bool WasLent = Lent;
  Lent = true;
  MayBorrow->notify_one();
  return WasLent;
}

bool AstLease::take() {
  auto Start = std::chrono::steady_clock::now();
  std::unique_lock<std::mutex> Lock(M);
  bool WasLent = Lent;
  Lent = false;
  // exit() on a worker: it is out of the AST for good, and cannot wait for
  // itself.
  if (!Borrowed || Borrower == std::this_thread::get_id())
    return WasLent;
  ++Takers;
  Returned->wait(Lock, [this] { return !Borrowed; });
  // It may have been lent anew before another taker had it.
  if (!--Takers && Lent)
    MayBorrow->notify_one();
  LongestWait = std::max(LongestWait,
                         std::chrono::duration_cast<std::chrono::microseconds>(
                             std::chrono::steady_clock::now() - Start));
  return WasLent;
}

void AstLease::close() {
  take();
  std::lock_guard<std::mutex> Lock(M);
  Closed = true;
  MayBorrow->notify_all();
}

bool AstLease::borrow() {
  std::unique_lock<std::mutex> Lock(M);
  ++Waiting;
  MayBorrow->wait(Lock, [this] { return Closed || isFree(); });
  --Waiting;
  if (Closed)
    return false;
  Borrowed = true;
  Borrower = std::this_thread::get_id();
  return true;
}

bool AstLease::tryBorrow() {
  std::lock_guard<std::mutex> Lock(M);
  if (Closed || !isFree() || Waiting)
    return false;
  Borrowed = true;
  Borrower = std::this_thread::get_id();
  return true;
}

void AstLease::giveBack() {
  std::lock_guard<std::mutex> Lock(M);
  Borrowed = false;
  Returned->notify_all();
  MayBorrow->notify_one();
}

void AstLease::unlockAfterFork(bool InChild) {
  if (InChild) {
    Borrowed = false;
    Closed = true;
    Takers = Waiting = 0;
    MayBorrow.abandonAfterFork();
    Returned.abandonAfterFork();
  }
  M.unlock();
}

bool AstLease::isLent() const {
  std::lock_guard<std::mutex> Lock(M);
  return Lent && !Closed;
}

bool AstLease::isWanted() const {
  std::lock_guard<std::mutex> Lock(M);
  return Takers;
}

bool AstLease::isWantedByAnybody() const {
  std::lock_guard<std::mutex> Lock(M);
  return Takers || Waiting;
}

std::chrono::microseconds AstLease::getLongestWait() const {
  std::lock_guard<std::mutex> Lock(M);
  return LongestWait;
}

} // namespace reopt
