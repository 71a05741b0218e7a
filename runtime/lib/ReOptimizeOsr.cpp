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
    // A loop asks because it was left out, or because it waited in vain for one
    // around it. Who only called something has a loop that will ask.
    const uint64_t Waited = Loops & F.WantedLoops & ~F.LongLoops;
    if (!(Loops & ~F.WantedLoops) && !Waited)
      return;
    F.LongLoops |= Waited;
  } else if (!P->isLong(readHeat(F))) {
    return;
  }
  F.WantedLoops |= Loops;
  F.InLoop = true;
}

/// What continuations of \p F are to be made for. When it is the first time:
/// programs often prepare in one loop what they work on in another, and the one
/// that tripped may be over. Then the one that runs now is wanted. Should the
/// other run in another thread, it will ask.
LoopRequest ReOptimizeLayer::getLoopRequest(Record &F) {
  uint64_t Iterating = 0;
  if (!F.Continuations && !ExecutorGone) {
    if (auto Now = Cells->read(F.Cell)) {
      Iterating = getEverPolled(Now->Continuations);
      if (const uint64_t Last = getLastPolled(Now->Continuations))
        F.WantedLoops = Last;
    } else {
      noteAccess(Now.takeError());
    }
  }
  return {F.WantedLoops, Iterating, Opts.OsrStress ? AllLoops : F.LongLoops};
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
  armAgainIfUndone(F);
}

/// A thread that counted a back-edge at the moment when \p F was armed has
/// undone that. If its loop had tripped, it polls soon all the same. If only
/// something that it calls had, it would count on until it trips itself.
void ReOptimizeLayer::armAgainIfUndone(Record &F) {
  if (!F.Continuations || F.ArmedLoops > PollInterval ||
      (F.Body && F.BodyCounts))
    return;
  // One arming in seven was undone by a loop that did little else than count.
  // What a thread has begun to store arrives within a microsecond, unless it
  // loses the processor in between. From another process it has arrived.
  const unsigned MaxTries = Hook->isInProcess() ? 8 : 1;
  constexpr std::chrono::microseconds UntilStored(1);
  for (unsigned Try = 0; Try != MaxTries && !ExecutorGone; ++Try) {
    auto Before = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - Before < UntilStored)
      ;
    auto Now = Cells->read(F.Cell);
    if (!Now)
      return noteAccess(Now.takeError());
    if (Now->LoopsLeft <= PollInterval)
      return;
    F.PastCalls = readHeat(F).Calls;
    writeCell(F);
  }
}

/// After the members of \p B were published or given up: those for which
/// continuations were asked and did not come never get any; those for which
/// they were asked too late, or whose body comes after its loops, are queued.
void ReOptimizeLayer::finishLoops(const Batch &B, const LoopRequests &Told) {
  for (const Batch::Member &Member : B.Members) {
    Record &F = Functions[Member.Id];
    if (Member.IsRunning && !F.Continuations)
      F.NoContinuations = true;
    // Who did not ask has made all.
    auto Asked = Told.find(F.Id);
    const LoopRequest Loops =
        Asked == Told.end() ? LoopRequest() : Asked->second;
    const bool IsMade = F.ContinuationBatch == B.Number &&
                        !(F.WantedLoops & ~Loops.Running) &&
                        !(F.LongLoops & ~Loops.Exactly);
    F.InLoop &= wantsContinuations(F) && !IsMade;
    if (F.InLoop && (F.St == Stage::Tier1 ||
                     (F.St == Stage::Tier0 && F.RunsOnce && F.Continuations)))
      enqueue(F, Reason::Waiting);
    else if (Member.BodyIsNext && F.PublishedBatch != B.Number &&
             F.St == F.getRunningStage())
      queueBody(F);
  }
}

/// Not if tiering was turned off meanwhile: then turning it on does.
void ReOptimizeLayer::queueBody(Record &F) {
  if (F.Asked)
    enqueue(F, Reason::Requested);
  else if (Opts.Enabled)
    enqueue(F, Reason::Waiting);
  else
    F.explain(Reason::TieringOff);
}

void ReOptimizeLayer::dropContinuations(Record &F, uint64_t Batch) {
  if (!F.Continuations || F.ContinuationBatch != Batch)
    return;
  F.PastContinued = countContinued(F);
  F.Continuations = ExecutorAddr();
  F.ContinuationBatch = 0;
  F.WantedLoops = F.LongLoops = 0;
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
