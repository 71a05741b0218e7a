//===- AstLease.h -----------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
/// \file
/// Who may use the session's AST.
///
/// The rule. The AST belongs to the interpreter thread: it parses, generates
/// tier-0 IR and prints values whenever it likes. While it does none of these
/// (it runs user code, or waits for the next line) it *lends* the AST, and one
/// worker at a time may *borrow* it to generate code from it. When the
/// interpreter thread needs the AST, it takes it back and waits until the
/// borrower has returned it; the borrower looks at isWanted() between two
/// definitions and returns it then. So the wait lasts as long as the emission
/// of one definition. After close() nobody borrows any more.
///
/// What is not urgent (speculation) borrows with tryBorrow(): it never waits
/// for the AST, and returns it when anybody else wants it, a worker included.
///
/// Lending nests: a loan inside a loan changes nothing, and a take inside a
/// loan (a value is printed while user code runs) ends when its scope ends.
///
/// The lease is one mutex and two conditions. What the borrower and the
/// interpreter thread write to the AST is ordered by that mutex, so the AST
/// itself needs no locks.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_CLANG_ASTLEASE_H
#define REOPT_CLANG_ASTLEASE_H

#include "reopt/ForkCondition.h"
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>

namespace reopt {

class AstLease {
public:
  /// Interpreter thread: the AST may be borrowed from now on.
  /// \returns whether it was lent before.
  bool lend();

  /// Interpreter thread, or one that is in exit(): nobody uses the AST when
  /// this returns.
  /// \returns whether it was lent before.
  bool take();

  /// Interpreter thread, or one that is in exit(): takes the AST, and nobody
  /// gets it any more.
  void close();

  /// Whether it is lent just now; any thread.
  bool isLent() const;

  /// Worker: waits until the AST is lent and not wanted. False if it never will
  /// be again.
  bool borrow();

  /// Speculation: gets the AST if it is lent, and nobody has it or waits for
  /// it.
  bool tryBorrow();

  /// Worker, speculation: gives back what borrow() or tryBorrow() got.
  void giveBack();

  /// Worker: whether the interpreter thread waits, or one that is in exit().
  bool isWanted() const;

  /// Speculation: whether that or a worker waits.
  bool isWantedByAnybody() const;

  /// Around fork(): holds the lock meanwhile. In the child there is no worker:
  /// nobody borrows any more, and what the worker had is the child's.
  void lockForFork() { M.lock(); }
  void unlockAfterFork(bool InChild);

  /// The longest that the interpreter thread ever waited.
  std::chrono::microseconds getLongestWait() const;

private:
  mutable std::mutex M;
  ForkCondition MayBorrow, Returned;
  /// With M held: whether somebody may borrow it now.
  bool isFree() const { return Lent && !Borrowed && !Takers; }

  bool Lent = false, Borrowed = false, Closed = false;
  /// Who wait in take(), of whom one may be in exit(); who wait in borrow().
  unsigned Takers = 0, Waiting = 0;
  /// Who borrowed last.
  std::thread::id Borrower;
  std::chrono::microseconds LongestWait{0};
};

/// Lends the AST for a scope of the interpreter thread, and takes it back.
class AstLoan {
public:
  explicit AstLoan(AstLease &L) : L(L), WasLent(L.lend()) {}
  ~AstLoan() {
    if (!WasLent)
      L.take();
  }
  AstLoan(const AstLoan &) = delete;
  AstLoan &operator=(const AstLoan &) = delete;

private:
  AstLease &L;
  bool WasLent;
};

/// A worker's use of the AST for a scope, or speculation's. Converts to false
/// if there is none any more.
class AstBorrow {
public:
  enum class Urgency : uint8_t {
    Waits,  ///< Waits for the AST, and for its return after each yield().
    IfFree, ///< Does not wait, and has lost it when somebody else wanted it.
  };
  explicit AstBorrow(AstLease &L, Urgency U = Urgency::Waits)
      : L(L), U(U), Held(U == Urgency::Waits ? L.borrow() : L.tryBorrow()) {}
  ~AstBorrow() {
    if (Held)
      L.giveBack();
  }
  AstBorrow(const AstBorrow &) = delete;
  AstBorrow &operator=(const AstBorrow &) = delete;
  explicit operator bool() const { return Held; }

  /// Between two definitions: lets others have the AST that want it and come
  /// first. False if it is not to be had again.
  bool yield() {
    if (!Held)
      return false;
    if (U == Urgency::Waits ? L.isWanted() : L.isWantedByAnybody()) {
      L.giveBack();
      Held = U == Urgency::Waits && L.borrow();
    }
    return Held;
  }

private:
  AstLease &L;
  const Urgency U;
  bool Held;
};

} // namespace reopt

#endif // REOPT_CLANG_ASTLEASE_H
