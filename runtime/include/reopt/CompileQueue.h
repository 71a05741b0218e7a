//===- CompileQueue.h - What waits for a worker -----------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Functions that tripped or were asked for, in the order in which they will be
/// compiled.
///
/// They come at the end. look() puts the hottest first: not what has gathered
/// most heat, but what gathers it fastest now.
///
///   rate(F) = heat(F) gained between two looks / the time between them
///   rank(F) = rate(F) * (1 + trips(F))
///
/// where trips(F) counts how often F, or a function that it is to be compiled
/// for, tripped again since it was queued. What was looked at only once ranks
/// between what still runs and what does not. What is urgent (somebody waits
/// for it, or a loop that runs) goes before all others. A function that waits
/// for its caller, which may inline it, stays behind that one: such a group has
/// the rank of its best, is urgent if one is, and stale if all are.
///
/// A group is stale if none of it gained any heat for StaleAfter. It is
/// dropped: others wait longer for it than anybody will gain by it.
///
/// HotSpot's compilationPolicy.cpp chooses by rate (select_task) and drops what
/// saw no event for a while (is_stale) in the same way.
///
/// Lock: none; guarded by ReOptimizeLayer's mutex. What time it is, the caller
/// says.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_COMPILEQUEUE_H
#define REOPT_COMPILEQUEUE_H

#include "reopt/FunctionState.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <chrono>
#include <cstdint>
#include <vector>

namespace reopt {

class CompileQueue {
public:
  using Time = std::chrono::steady_clock::time_point;

  /// How far two looks are apart at least for a rate to be taken from them.
  static constexpr std::chrono::milliseconds RateInterval{10};
  /// Longer than a pause in what a program does over and over.
  static constexpr std::chrono::milliseconds StaleAfter{200};

  /// What look() asks about a function of the queue.
  struct Questions {
    /// All of its heat so far, in calls.
    llvm::function_ref<uint64_t(FunctionId)> GetHeat;
    /// The function of the queue that it waits for; itself if there is none.
    llvm::function_ref<FunctionId(FunctionId)> GetLeader;
    llvm::function_ref<bool(FunctionId)> IsUrgent;
  };

  bool empty() const { return Entries.empty(); }
  size_t size() const { return Entries.size(); }
  FunctionId front() const { return Entries.front().Id; }
  auto begin() const { return llvm::map_iterator(Entries.begin(), getId); }
  auto end() const { return llvm::map_iterator(Entries.end(), getId); }

  void push(FunctionId Id) { Entries.emplace_back().Id = Id; }
  /// Nothing if it is not queued.
  void erase(FunctionId Id);
  /// Asks about each, once, in order.
  void eraseIf(llvm::function_ref<bool(FunctionId)> Leaves);
  void clear() { Entries.clear(); }
  void moveToFront(FunctionId Id);

  /// \p Id, which is queued, tripped again, or one did that waits for it.
  void noteTrip(FunctionId Id);

  /// Puts them in order. Returns those that were dropped, since they are stale.
  std::vector<FunctionId> look(Time Now, const Questions &Ask);

private:
  struct Entry {
    FunctionId Id = 0;
    unsigned Trips = 0;
    /// At the last look; none is Looks == 0. The rate is known from the second
    /// on that is RateInterval after one.
    unsigned Looks = 0;
    uint64_t Heat = 0;
    /// Heat per second.
    double Rate = 0;
    /// Where Rate is taken from, and when heat was last gained.
    Time Since, Gained;
  };
  static FunctionId getId(const Entry &E) { return E.Id; }
  static void lookAt(Entry &E, Time Now, uint64_t Heat);
  static double getRank(const Entry &E);

  std::vector<Entry> Entries;
};

} // namespace reopt

#endif // REOPT_COMPILEQUEUE_H
