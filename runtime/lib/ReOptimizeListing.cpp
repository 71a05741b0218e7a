//===-- ReOptimizeListing.cpp ---------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the layer tells of itself.
//
//===----------------------------------------------------------------------===//

#include "reopt/ReOptimizeLayer.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

/// So that a listing shows them: a worker looks between two batches only, and
/// one may take long. In the single-threaded mode none is left to be looked at.
///
/// Trips are taken and queued under M in one go, so nobody sees them nowhere. A
/// worker looks at the queue whenever it has looked at the inbox; one that was
/// about to sleep, since both were empty, is woken: the wake-up stays until it
/// sleeps.
void ReOptimizeLayer::takeTripsForListing() {
  if (Workers.empty() || Inbox.empty())
    return;
  takeTrips();
  if (!Queue.empty())
    Inbox.wake();
}

bool ReOptimizeLayer::isListed(const Record &F) {
  if (F.St == Stage::Removed)
    return false;
  // A statement that looped little is nobody's business.
  return !F.RunsOnce || (F.Why != Reason::NotHotYet && F.St != Stage::Lazy);
}

bool ReOptimizeLayer::lists(ResourceKey K) {
  std::lock_guard<std::mutex> Lock(M);
  takeTripsForListing();
  for (auto I = Inputs.lower_bound({K, 0});
       I != Inputs.end() && I->first.Key == K; ++I)
    if (any_of(I->second.Functions,
               [this](FunctionId Id) { return isListed(Functions[Id]); }))
      return true;
  return false;
}

std::vector<FunctionInfo> ReOptimizeLayer::list() {
  std::lock_guard<std::mutex> Lock(M);
  takeTripsForListing();
  std::vector<FunctionInfo> Result;
  for (const Record &F : Functions) {
    if (!isListed(F))
      continue;
    Heat H = readHeat(F);
    Result.push_back({F.Id, (*F.Name).str(), F.St, F.Version, H.Calls, H.Loops,
                      F.CompileTime, F.Why, F.Detail ? *F.Detail : "",
                      F.Tier0Compiled, countContinued(F)});
  }
  return Result;
}

LayerStatus ReOptimizeLayer::getStatus() {
  std::lock_guard<std::mutex> Lock(M);
  takeTripsForListing();
  LayerStatus S;
  S.Enabled = Opts.Enabled;
  S.Threshold = Opts.Threshold;
  S.LoopThreshold = Opts.Threshold * Opts.LoopFactor;
  S.WorkerStarted = !Workers.empty();
  S.WorkerBusy = Busy || Linking;
  S.Batches = LastBatch - SpeculativeBatches;
  S.Failures = FailedBatches;
  S.CompileTime = TotalCompileTime;
  S.SpeculatePercent = Opts.Speculate;
  S.Prospects =
      Ahead.count(LastAddition, Opts.MaxRetries,
                  [this](FunctionId Id) { return isProspect(Functions[Id]); });
  S.Speculated = Speculated;
  S.SpeculativeBatches = SpeculativeBatches;
  S.SpeculationFailures = SpeculationFailures;
  S.SpeculationTime = SpeculationTime;
  S.Obstacle = WhyKept;
  if (Reclaim) {
    Reclaimer::Status Old = Reclaim->getStatus();
    S.Retired = RetiredObjects;
    S.Freed = FreedObjects;
    S.Pending = Old.Pending;
    S.Obstacle = Old.Obstacle;
  }
  auto CountOf = [&S](const Record &F) -> unsigned & {
    return F.Body ? S.Tier1 : F.Tier0Compiled ? S.Tier0 : S.Lazy;
  };
  for (const Record &F : Functions)
    switch (F.RunsOnce ? Stage::Removed : F.St) {
    case Stage::Lazy:
      ++S.Lazy;
      break;
    case Stage::Tier0:
      ++S.Tier0;
      break;
    case Stage::Queued:
      ++S.Queued;
      ++CountOf(F);
      break;
    case Stage::Compiling:
      ++S.Compiling;
      ++CountOf(F);
      break;
    case Stage::Tier1:
      ++S.Tier1;
      break;
    case Stage::Refused:
      ++S.Refused;
      break;
    case Stage::Removed:
      break;
    }
  return S;
}

} // namespace reopt
