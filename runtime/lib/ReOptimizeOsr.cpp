//===-- ReOptimizeOsr.cpp -------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Running loops: which functions get continuations, and where they are
// published. A table belongs to its batch's object. Machine code of tier 0
// comes to it through the cell only, and holds no address of it longer than a
// poll takes; a frame that has gone on is in the batch's code like any other.
//
//===----------------------------------------------------------------------===//

#include "reopt/OnStackReplacement.h"
#include "reopt/ReOptimizeLayer.h"
#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

bool ReOptimizeLayer::wantsContinuations(const Record &F) const {
  return Opts.Osr && !F.NoContinuations && F.In;
}

/// A frame of \p F runs, in one of \p Loops; 0 if nobody knows in which. What
/// is being compiled without continuations, or for other loops, is compiled
/// again: see finishLoops().
void ReOptimizeLayer::askForContinuations(Record &F, uint64_t Loops) {
  if (!wantsContinuations(F))
    return;
  if (F.Continuations) {
    // It asks because its loop was left out.
    if (!Loops)
      Loops = AllLoops;
    if (!(Loops & ~F.WantedLoops))
      return;
  } else if (!P->isLong(readHeat(F))) {
    return;
  }
  F.WantedLoops |= Loops;
  F.InLoop = true;
}

/// Continuations of \p F are about to be made for the first time. Programs
/// often prepare in one loop what they work on in another, and the one that
/// tripped may be over: then the one that runs now is wanted. Should the other
/// run in another thread, it will ask.
void ReOptimizeLayer::findRunningLoop(Record &F) {
  if (F.Continuations || ExecutorGone)
    return;
  auto Now = Cells->read(F.Cell);
  if (!Now)
    return noteAccess(Now.takeError());
  if (const uint64_t Loop = getPolledLoop(Now->Continuations))
    F.WantedLoops = Loop;
}

void ReOptimizeLayer::publishContinuations(Record &F, uint64_t Batch,
                                           ExecutorAddr Table) {
  if (F.St == Stage::Removed)
    return;
  Heat H = readHeat(F);
  F.PastCalls = H.Calls;
  F.PastLoops = H.Loops;
  F.PastContinued = countContinued(F);
  F.Continuations = Table;
  F.ContinuationBatch = Batch;
  F.Armed = false;
  armPublished(F);
}

void ReOptimizeLayer::writeCell(const Record &F) {
  if (!ExecutorGone)
    noteAccess(Cells->arm(F.Cell, F.ArmedCalls, F.ArmedLoops, F.Continuations));
}

/// Calls of \p F need not be counted any more. Frames of tier 0 poll at their
/// next back-edge if there is something to find, and else count on: one of them
/// may be in a loop that has not tripped yet.
void ReOptimizeLayer::armPublished(Record &F) {
  F.Armed = true;
  F.ArmedCalls = RearmedCount;
  F.ArmedLoops = F.Continuations ? 0 : P->arm(readHeat(F)).Loops;
  consumeError(Cells->arm(F.Cell, F.ArmedCalls, F.ArmedLoops, F.Continuations));
}

/// After the members of \p B were published or given up: those for which
/// continuations were asked and did not come never get any; those for which
/// they were asked too late are queued for them.
void ReOptimizeLayer::finishLoops(const Batch &B) {
  for (const Batch::Member &Member : B.Members) {
    Record &F = Functions[Member.Id];
    if (Member.IsRunning && !F.Continuations)
      F.NoContinuations = true;
    const bool IsMade =
        F.ContinuationBatch == B.Number && !(F.WantedLoops & ~Member.Loops);
    F.InLoop &= wantsContinuations(F) && !IsMade;
    if (F.InLoop && (F.St == Stage::Tier1 ||
                     (F.St == Stage::Tier0 && F.RunsOnce && F.Continuations)))
      enqueue(F, Reason::Waiting);
  }
}

void ReOptimizeLayer::dropContinuations(Record &F, uint64_t Batch) {
  if (!F.Continuations || F.ContinuationBatch != Batch)
    return;
  F.PastContinued = countContinued(F);
  F.Continuations = ExecutorAddr();
  F.ContinuationBatch = 0;
  F.WantedLoops = 0;
  if (F.Body && !F.BodyCounts)
    armPublished(F);
  else
    armCell(F);
}

uint64_t ReOptimizeLayer::countContinued(const FunctionState &F) const {
  if (!F.Continuations || ExecutorGone)
    return F.PastContinued;
  auto Now = ES.getExecutorProcessControl().getMemoryAccess().readUInt64s(
      F.Continuations + offsetof(ContinuationTable, Entered));
  if (Now)
    return F.PastContinued + Now->front();
  consumeError(Now.takeError());
  return F.PastContinued;
}

std::vector<std::optional<Reason>>
ReOptimizeLayer::getLoops(FunctionId Id) const {
  std::vector<std::optional<Reason>> Result;
  withTierZero(Id, [&](const Function &F) {
    for (const LoopPoint &Point : findLoopPoints(const_cast<Function &>(F)))
      Result.push_back(Point.Refused);
  });
  return Result;
}

} // namespace reopt
