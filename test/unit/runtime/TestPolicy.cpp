//===- TestPolicy.cpp - A policy that tests can steer --------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestPolicy.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace llvm::orc;

namespace reopt {

void Gate::close() {
  std::lock_guard<std::mutex> Lock(M);
  Closed = true;
}

void Gate::open() {
  std::lock_guard<std::mutex> Lock(M);
  Closed = false;
  Held = 0;
  ++Releases;
  Changed.notify_all();
}

void Gate::letHeldGo() {
  std::lock_guard<std::mutex> Lock(M);
  Held = 0;
  ++Releases;
  Changed.notify_all();
}

void Gate::waitForArrivals(unsigned Count) {
  std::unique_lock<std::mutex> Lock(M);
  Changed.wait(Lock, [&] { return Held >= Count; });
}

void Gate::pass() {
  std::unique_lock<std::mutex> Lock(M);
  if (!Closed)
    return;
  ++Held;
  Changed.notify_all();
  Changed.wait(Lock, [this, Before = Releases] { return Releases != Before; });
}

TestPolicy::TestPolicy(const Options &Opts)
    : IRReoptimizer(Opts, cantFail(JITTargetMachineBuilder::detectHost()),
                    OptimizationLevel::O2) {}

Error TestPolicy::prepare(Module &M, const Batch &B) {
  if (Prepare)
    Prepare(M);
  Function *WhichTier = M.getFunction("which_tier");
  if (!WhichTier)
    return Error::success();
  for (User *U : make_early_inc_range(WhichTier->users()))
    if (auto *Call = dyn_cast<CallBase>(U)) {
      Call->replaceAllUsesWith(
          ConstantInt::get(Call->getType(), B.Members.front().Tier + 1));
      Call->eraseFromParent();
    }
  return Error::success();
}

Tier0Kind TestPolicy::instrument(const Function &F) {
  return F.getName().starts_with("plain") ? Tier0Kind::Plain
                                          : Tier0Kind::Counted;
}

bool TestPolicy::isCallOnlyTable(const GlobalVariable &Var) {
  return Var.getName().starts_with("vtable");
}

bool TestPolicy::mayInterrupt(const Function &F) {
  return F.getName().starts_with("handler");
}

Decision TestPolicy::decide(const Heat &H) const {
  return DecideInstead ? DecideInstead(H) : HeatPolicy::decide(H);
}

std::optional<uint64_t> TestPolicy::getPromise(const Prospect &F) {
  return Promise ? Promise(F) : IRReoptimizer::getPromise(F);
}

Expected<NewCode> TestPolicy::reoptimize(const Batch &B,
                                         const SessionView &Session) {
  {
    std::lock_guard<std::mutex> Lock(M);
    Batches.push_back(B);
  }
  (B.Speculative ? SpareGate : WorkerGate).pass();
  return Instead ? Instead(B, Session) : compile(B, Session);
}

std::vector<Batch> TestPolicy::getBatches() const {
  std::lock_guard<std::mutex> Lock(M);
  return Batches;
}

} // namespace reopt
