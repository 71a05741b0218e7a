//===- ForkCondition.h - A condition that a fork may leave ------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// A condition variable that threads may wait for while their process forks.
///
/// fork() copies it with its waiters, and the child has no such threads: its
/// destructor would wait there for ever until they have woken. So the child has
/// to put a new one in its place.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_FORKCONDITION_H
#define REOPT_FORKCONDITION_H

#include <condition_variable>
#include <new>

namespace reopt {

class ForkCondition {
public:
  ForkCondition() = default;
  ~ForkCondition() { Condition.~condition_variable(); }
  ForkCondition(const ForkCondition &) = delete;
  ForkCondition &operator=(const ForkCondition &) = delete;

  std::condition_variable *operator->() { return &Condition; }

  /// In the child of a fork, whose only thread calls it: nobody waits.
  void abandonAfterFork() { new (&Condition) std::condition_variable; }

private:
  /// In a union an object may be left without being destroyed.
  union {
    std::condition_variable Condition{};
  };
};

} // namespace reopt

#endif // REOPT_FORKCONDITION_H
