//===- QuiescenceProof.h - That no thread holds an address ------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// One observation of the executor's threads: for each range of code, whether
/// a thread holds an address of it. Reclaimer.h says what follows from it.
///
/// ThreadObserver is the observation for code that runs in this process. For a
/// remote executor there is none: threads there can only be observed by code
/// that runs there. A Reclaimer without a proof frees nothing.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_QUIESCENCEPROOF_H
#define REOPT_QUIESCENCEPROOF_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ExecutionEngine/Orc/Shared/ExecutorAddress.h"
#include <string>

namespace reopt {

/// A stretch of code that is looked for.
struct ObservedRange {
  llvm::orc::ExecutorAddrRange Range;
  /// Memory other than a stub's slot held an address in the range (a vtable).
  /// Code that loaded it may have kept it in a register over calls.
  bool InTables = false;
};

/// What one observation found.
struct Observation {
  /// For each range, whether a thread held an address in it, or might have.
  llvm::BitVector Held;
  /// Empty if every thread was observed. Else which could not be, and why;
  /// then nothing is known about any range, and Held is all ones.
  std::string Obstacle;
};

class QuiescenceProof {
public:
  virtual ~QuiescenceProof();

  /// Observes, once, each thread of the executor that exists from the call to
  /// the return, at some moment in between. A range is not held if at that
  /// moment the thread ran on its own stack and no address in the range was in
  /// its registers or in the live part of that stack, the saved registers of
  /// interrupted signal handlers included. An address is in a range from its
  /// first byte to the one behind its last, since the return address of a call
  /// that ends a function lies there.
  ///
  /// The calling thread is observed too, as it was when it called what made
  /// this observation: of its stack, only what \p OwnStack and what is older,
  /// above it. In between, the caller's own frames are full of the addresses
  /// that are looked for. What the callee-saved registers held then must lie
  /// above.
  ///
  /// Any thread, one at a time or several; may wait for threads to be
  /// scheduled, but not for what they do. Not in a signal handler.
  virtual Observation observe(llvm::ArrayRef<ObservedRange> Ranges,
                              const void *OwnStack) = 0;

  /// The signal that running threads are observed by, which they must not
  /// block; 0 if there is none.
  virtual int getSignal() const { return 0; }
};

} // namespace reopt

#endif // REOPT_QUIESCENCEPROOF_H
