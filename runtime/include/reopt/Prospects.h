//===- Prospects.h - What may be compiled before it is hot ------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// The functions that a policy finds promising, and what became of each.
///
/// Each function is rated once. What was compiled is not compiled again, unless
/// it lost its body. What failed is tried again when something was added since,
/// since what it mentions may be defined by then: after one addition, then
/// after two more, four more, as often as the option max-retries says. Several
/// that failed together may have failed for one of them, so they are tried
/// again at once, half of them together at most.
///
/// A number says how many additions there were, by whatever the caller counts.
///
/// Lock: none; guarded by ReOptimizeLayer's mutex.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_PROSPECTS_H
#define REOPT_PROSPECTS_H

#include "reopt/FunctionState.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <vector>

namespace reopt {

class Prospects {
public:
  /// The first function that was not rated.
  FunctionId getNextUnrated() const { return NextUnrated; }
  /// Says what \p Id is worth, which getNextUnrated() returned: 0 for nothing.
  void rate(FunctionId Id, uint64_t Promise);
  void forget(FunctionId Id) { Entries.erase(Id); }

  /// What to compile together, the most promising first, out of those that
  /// \p IsFree says yes to; no more of them than may be tried together.
  std::vector<FunctionId>
  choose(uint64_t Additions, unsigned MaxRetries,
         llvm::function_ref<bool(FunctionId)> IsFree) const;
  /// How many wait to be compiled, of the same.
  size_t count(uint64_t Additions, unsigned MaxRetries,
               llvm::function_ref<bool(FunctionId)> IsFree) const;

  /// \p Ids are compiled from now on.
  void begin(llvm::ArrayRef<FunctionId> Ids);
  /// They came to nothing, for no fault of theirs; or \p Id lost its body.
  void giveUp(llvm::ArrayRef<FunctionId> Ids);
  /// They failed. Returns whether that is known of each, and not of all only.
  bool fail(llvm::ArrayRef<FunctionId> Ids, uint64_t Additions);

private:
  struct Entry {
    uint64_t Promise = 0;
    bool IsTried = false;
    /// Failures so far, and how many additions there were at the last.
    unsigned Failures = 0;
    uint64_t FailedAt = 0;
    /// With how many it is tried together at most, itself included.
    size_t MaxGroup = SIZE_MAX;
  };
  bool isDue(const Entry &E, uint64_t Additions, unsigned MaxRetries) const;

  FunctionId NextUnrated = 0;
  llvm::DenseMap<FunctionId, Entry> Entries;
};

} // namespace reopt

#endif // REOPT_PROSPECTS_H
