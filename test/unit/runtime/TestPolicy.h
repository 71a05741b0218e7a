//===- TestPolicy.h - A policy that tests can steer ----------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_TESTPOLICY_H
#define REOPT_TEST_TESTPOLICY_H

#include "reopt/IRReoptimizer.h"

#include "llvm/IR/Module.h"

#include <condition_variable>
#include <functional>
#include <mutex>

namespace reopt {

/// Holds the threads that come to it while it is closed.
class Gate {
public:
  void close();
  void open();
  /// Lets those go that are held; who comes next is held.
  void letHeldGo();
  /// Returns when \p Count threads are being held.
  void waitForArrivals(unsigned Count);
  void waitForArrival() { waitForArrivals(1); }
  /// Comes to the gate.
  void pass();

private:
  std::mutex M;
  std::condition_variable Changed;
  bool Closed = false;
  unsigned Held = 0, Releases = 0;
};

/// In the new code the call of which_tier() is the number of the tier.
class TestPolicy : public IRReoptimizer {
public:
  explicit TestPolicy(const Options &Opts);

  /// Functions whose names begin with "plain" are Plain.
  Tier0Kind instrument(const llvm::Function &F) override;

  /// Constants whose names begin with "vtable" are.
  bool isCallOnlyTable(const llvm::GlobalVariable &Var) override;

  /// Functions whose names begin with "handler" may.
  bool mayInterrupt(const llvm::Function &F) override;

  Decision decide(const Heat &H) const override;

  /// Notes the batch, passes WorkerGate, and does what Instead says; without it
  /// compiles.
  llvm::Expected<NewCode> reoptimize(const Batch &B,
                                     const SessionView &Session) override;

  /// The usual way.
  using IRReoptimizer::compile;
  llvm::Expected<NewCode> compile(const Batch &B, const SessionView &Session) {
    return IRReoptimizer::reoptimize(B, Session);
  }

  /// -O2, and code for this machine.
  static llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
  optimize(llvm::Module &M);

  /// The batches so far.
  std::vector<Batch> getBatches() const;

  /// What Promise says.
  std::optional<uint64_t> getPromise(const Prospect &F) override;

  Gate WorkerGate;
  /// The same for speculative batches.
  Gate SpareGate;
  // To be set while the worker is held or has nothing to do.
  std::function<llvm::Expected<NewCode>(const Batch &, const SessionView &)>
      Instead;
  std::function<Decision(const Heat &)> DecideInstead;
  std::function<std::optional<uint64_t>(const Prospect &)> Promise;
  /// Called with a batch's module before it is optimised.
  std::function<void(llvm::Module &)> Prepare;
  /// Tier 1, and so on up to this one, count and trip.
  uint32_t CountedTiers = 0;

protected:
  bool isCounted(uint32_t Tier) const override { return Tier < CountedTiers; }
  llvm::Error prepare(llvm::Module &M, const Batch &B) override;

private:
  mutable std::mutex M;
  std::vector<Batch> Batches;
};

} // namespace reopt

#endif // REOPT_TEST_TESTPOLICY_H
