//===-- ReOptimizeSpeculation.cpp -----------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is compiled while the program waits. It has a thread of its own, beside
// the workers, so that what is hot waits for none of it. A speculative batch
// goes the way of any other (ReOptimizeBatch.cpp), but its members are in no
// stage for it: they may trip, be asked for, compiled by a worker and removed
// meanwhile. publish() takes them as it finds them.
//
//===----------------------------------------------------------------------===//

#include "reopt/ReOptimizeLayer.h"

using namespace llvm;

namespace reopt {

/// Instructions of tier 0 in a batch, about: see Policy.h.
static constexpr uint64_t BatchSize = 2000;

static SmallVector<FunctionId, 8> getMembers(const Batch &B) {
  SmallVector<FunctionId, 8> Ids;
  for (auto &Member : B.Members)
    Ids.push_back(Member.Id);
  return Ids;
}

void ReOptimizeLayer::beginWait() {
  if (Spare)
    Spare->begin();
}

void ReOptimizeLayer::endWait() {
  if (Spare)
    Spare->end();
}

void ReOptimizeLayer::speculate() {
  if (Spare)
    Spare->finish();
}

void ReOptimizeLayer::setSpeculation(int64_t Percent) {
  {
    std::lock_guard<std::mutex> Lock(M);
    Opts.Speculate = Percent;
  }
  if (Spare)
    Spare->setPercent(unsigned(Percent));
}

/// Whether \p F may be compiled before it is hot: it waits for nothing, and
/// nothing was decided against it.
bool ReOptimizeLayer::isProspect(const Record &F) const {
  return (F.St == Stage::Lazy || F.St == Stage::Tier0) && F.Stub && F.In &&
         !F.RunsOnce && !F.Failures;
}

/// Has all functions rated that came since the last time.
IdleWork::Next ReOptimizeLayer::rateProspects() {
  while (true) {
    Prospect Next;
    {
      std::lock_guard<std::mutex> Lock(M);
      FunctionId Id = Ahead.getNextUnrated();
      // One without an input was removed, or is being added by a thread that
      // does not wait: that one is left out.
      while (
          Id < Functions.size() &&
          (!Functions[Id].In || !Functions[Id].Stub || Functions[Id].RunsOnce))
        Ahead.rate(Id++, 0);
      if (Id == Functions.size())
        return IdleWork::Next::Done;
      const Record &F = Functions[Id];
      Next = {Id, (*F.Name).str(), F.In->Addition, F.Size};
    }
    auto Promise = P->getPromise(Next);
    if (!Promise || !Spare->isWanted())
      return IdleWork::Next::Later;
    std::lock_guard<std::mutex> Lock(M);
    Ahead.rate(Next.Id, Functions[Next.Id].In ? *Promise : 0);
  }
}

std::optional<std::pair<Batch, ReOptimizeLayer::Space *>>
ReOptimizeLayer::nextSpeculation() {
  const uint64_t Wait = Spare->getWait();
  std::lock_guard<std::mutex> Lock(M);
  if (!Opts.Enabled || Opts.OsrStress || Stopping || ExecutorGone)
    return std::nullopt;
  if (std::exchange(LastWait, Wait) != Wait)
    BegunInWait = 0;
  Batch B;
  Space *S = nullptr;
  uint64_t Size = 0;
  for (FunctionId Id :
       Ahead.choose(LastAddition, Opts.MaxRetries, [this](FunctionId Id) {
         return isProspect(Functions[Id]);
       })) {
    const Record &F = Functions[Id];
    if (S && F.Home != S)
      continue;
    if (BegunInWait >= Opts.SpeculateMost ||
        int64_t(B.Members.size()) >= Opts.MaxBatch || Size >= BatchSize)
      break;
    S = F.Home;
    Size += F.Size;
    ++BegunInWait;
    B.Members.push_back({Id, (*F.Name).str(), /*LeaveToCaller=*/false, F.Tier});
  }
  if (B.Members.empty())
    return std::nullopt;
  B.Number = ++LastBatch;
  B.Speculative = true;
  ++SpeculativeBatches;
  Ahead.begin(getMembers(B));
  return std::make_pair(std::move(B), S);
}

IdleWork::Next ReOptimizeLayer::speculateOnce() {
  {
    std::lock_guard<std::mutex> Lock(M);
    if (!Opts.Enabled || Opts.OsrStress)
      return IdleWork::Next::Done;
  }
  if (rateProspects() == IdleWork::Next::Later)
    return IdleWork::Next::Later;
  auto Next = nextSpeculation();
  if (!Next)
    return IdleWork::Next::Done;
  const uint64_t Number = Next->first.Number;
  if (Place.CheckReferences) {
    // What may still be defined must not be looked up: ORC would give up for
    // good what mentions it.
    std::vector<std::string> Names;
    for (auto &Member : Next->first.Members)
      Names.push_back(Member.Name);
    if (auto Err = checkReferences(*Next->second, std::move(Names))) {
      failBatch(Next->first, Reason::LinkFailed, toString(std::move(Err)));
      return IdleWork::Next::More;
    }
  }
  compileBatch(std::move(Next->first), *Next->second);
  std::lock_guard<std::mutex> Lock(M);
  return GaveWay == Number ? IdleWork::Next::Later : IdleWork::Next::More;
}

/// Nothing came of \p B, and nothing is wrong with it.
void ReOptimizeLayer::giveUpSpeculation(const Batch &B) {
  GaveWay = B.Number;
  BegunInWait -= std::min<int64_t>(BegunInWait, B.Members.size());
  Ahead.giveUp(getMembers(B));
}

void ReOptimizeLayer::failSpeculation(const Batch &B, Reason Why,
                                      StringRef Detail) {
  ++SpeculationFailures;
  if (!Ahead.fail(getMembers(B), LastAddition))
    return;
  // It may be called, and get hot, as ever.
  for (auto &Member : B.Members)
    if (Record &F = Functions[Member.Id]; isProspect(F))
      F.explain(F.Why,
                ("while the program waited, " + Twine(getReasonText(Why)) +
                 (Detail.empty() ? "" : ": ") + Detail)
                    .str());
}

/// After what came of \p B was published: members without a body.
void ReOptimizeLayer::finishSpeculation(const Batch &B, const NewCode &Code) {
  for (auto &Member : B.Members) {
    if (!isProspect(Functions[Member.Id]))
      continue;
    Batch Alone;
    Alone.Members.push_back(Member);
    auto Refusal = find_if(
        Code.Refused, [&](auto &Refused) { return Refused.Id == Member.Id; });
    if (Refusal != Code.Refused.end())
      failSpeculation(Alone, Refusal->Why, Refusal->Detail);
    else
      failSpeculation(Alone, Reason::EmissionFailed, "no body was made");
  }
}

} // namespace reopt
