//===- CountingMemoryManager.h - Executor memory, counted -------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Of the tests and of bench/: knows nothing of GoogleTest.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_COUNTINGMEMORYMANAGER_H
#define REOPT_TEST_COUNTINGMEMORYMANAGER_H

#include "llvm/ExecutionEngine/JITLink/JITLink.h"
#include "llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h"

#include <atomic>
#include <functional>

namespace reopt {

/// Counts what a memory manager hands out, and fails when told to.
class CountingMemoryManager : public llvm::jitlink::JITLinkMemoryManager {
public:
  CountingMemoryManager(llvm::jitlink::JITLinkMemoryManager &Base,
                        uint64_t PageSize)
      : Base(Base), PageSize(PageSize) {}

  void allocate(const llvm::jitlink::JITLinkDylib *JD,
                llvm::jitlink::LinkGraph &G,
                OnAllocatedFunction OnAllocated) override {
    if (AllocationsLeft-- == 0)
      return OnAllocated(
          llvm::createStringError("no memory, as the test ordered"));
    auto Sizes =
        llvm::jitlink::BasicLayout(G).getContiguousPageBasedLayoutSizes(
            PageSize);
    Bytes += cantFail(std::move(Sizes)).total();
    ++Allocs;
    Base.allocate(JD, G,
                  [this, OnAllocated = std::move(OnAllocated)](
                      AllocResult Alloc) mutable {
                    if (!Alloc) {
                      ++Deallocs;
                      return OnAllocated(std::move(Alloc));
                    }
                    OnAllocated(std::make_unique<CountingAlloc>(
                        *this, std::move(*Alloc)));
                  });
  }
  void deallocate(std::vector<FinalizedAlloc> As,
                  OnDeallocatedFunction OnDeallocated) override {
    if (BeforeDeallocation)
      BeforeDeallocation();
    Deallocs += As.size();
    Base.deallocate(std::move(As), std::move(OnDeallocated));
  }
  using llvm::jitlink::JITLinkMemoryManager::allocate;
  using llvm::jitlink::JITLinkMemoryManager::deallocate;

  std::atomic<size_t> Bytes{0}, Allocs{0}, Deallocs{0};
  std::atomic<size_t> AllocationsLeft{~size_t(0)};
  /// On the thread that frees; set while none does.
  std::function<void()> BeforeDeallocation;

private:
  /// Counts memory that is given up before it is final.
  class CountingAlloc : public InFlightAlloc {
  public:
    CountingAlloc(CountingMemoryManager &Counts,
                  std::unique_ptr<InFlightAlloc> Base)
        : Counts(Counts), Base(std::move(Base)) {}
    void abandon(OnAbandonedFunction OnAbandoned) override {
      ++Counts.Deallocs;
      Base->abandon(std::move(OnAbandoned));
    }
    void finalize(OnFinalizedFunction OnFinalized) override {
      Base->finalize(std::move(OnFinalized));
    }

  private:
    CountingMemoryManager &Counts;
    std::unique_ptr<InFlightAlloc> Base;
  };

  llvm::jitlink::JITLinkMemoryManager &Base;
  uint64_t PageSize;
};

} // namespace reopt

#endif // REOPT_TEST_COUNTINGMEMORYMANAGER_H
