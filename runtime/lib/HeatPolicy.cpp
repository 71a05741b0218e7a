//===-- HeatPolicy.cpp ----------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/Cell.h"
#include "reopt/OnStackReplacement.h"
#include "reopt/Policy.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Function.h"
#include "llvm/IR/Instructions.h"
#include <algorithm>

namespace reopt {

SessionView::~SessionView() = default;
Policy::~Policy() = default;

Tier0Kind HeatPolicy::instrument(const llvm::Function &F) {
  // Where front ends put initialisers, which run once.
  return F.hasLocalLinkage() && F.getSection() == ".text.startup"
             ? Tier0Kind::Plain
             : Tier0Kind::Counted;
}

/// Whether the loop at \p Header compares with a small constant before each
/// iteration, as one over a short array does.
static bool isShort(const llvm::BasicBlock &Header) {
  constexpr int64_t Few = 1000;
  auto *Branch = llvm::dyn_cast<llvm::BranchInst>(Header.getTerminator());
  if (!Branch || !Branch->isConditional())
    return false;
  auto *Compare = llvm::dyn_cast<llvm::ICmpInst>(Branch->getCondition());
  return Compare && llvm::any_of(Compare->operands(), [](const llvm::Use &U) {
           auto *Bound = llvm::dyn_cast<llvm::ConstantInt>(U.get());
           return Bound && Bound->getValue().abs().ule(Few);
         });
}

bool HeatPolicy::compilesFirst(const llvm::Function &F) {
  if (!Opts.Osr)
    return false;
  auto Loops = findLoopPoints(const_cast<llvm::Function &>(F));
  return llvm::any_of(Loops, [](const LoopPoint &Loop) {
    return Loop.Refused && !isShort(*Loop.Header);
  });
}

uint64_t getHeat(const Heat &H, const Options &Opts) {
  return H.Calls + H.Loops / Opts.LoopFactor;
}

Arming HeatPolicy::arm(const Heat &H) const {
  // Half of RearmedCount is what countsSince() can tell from a rearmed word.
  constexpr int64_t Limit = RearmedCount / 2;
  int64_t Calls = Opts.Threshold << std::min<uint32_t>(H.Failures, 30);
  Calls = std::min(Calls, Limit);
  int64_t Loops = std::min(Calls * Opts.LoopFactor, Limit);
  // A cell trips when it gets negative: at the count after the last one.
  return {int32_t(std::max<int64_t>(Calls - 1, 0)),
          int32_t(std::max<int64_t>(Loops - 1, 0))};
}

Decision HeatPolicy::decide(const Heat &H) const {
  if (H.Failures > uint64_t(Opts.MaxRetries))
    return {Decision::Refuse, Reason::EmissionFailed};
  if (!Opts.Enabled)
    return {Decision::Wait, Reason::TieringOff};
  if (H.Scale > 1 && int64_t(getHeat(H, Opts)) < Opts.Threshold * H.Scale)
    return {Decision::Wait, Reason::QueueIsLong};
  return {Decision::Compile, Reason::Waiting};
}

bool HeatPolicy::isLong(const Heat &H) const {
  constexpr uint64_t FewCalls = 4, ManyLoops = 1000;
  return H.Tier > 0 || H.Calls <= FewCalls || H.Loops >= ManyLoops * H.Calls ||
         Opts.OsrStress;
}

bool HeatPolicy::isWarm(const Heat &H) const {
  return 100 * getHeat(H, Opts) >= uint64_t(Opts.WarmPercent * Opts.Threshold);
}

} // namespace reopt
