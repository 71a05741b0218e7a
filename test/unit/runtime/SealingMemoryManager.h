//===- SealingMemoryManager.h - Memory that is used once --------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A JITLink memory manager for this process. What is freed is inaccessible from
// then on, and its addresses are never used again: whoever uses it late faults.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_TEST_SEALINGMEMORYMANAGER_H
#define REOPT_TEST_SEALINGMEMORYMANAGER_H

#include "llvm/ExecutionEngine/JITLink/JITLink.h"
#include "llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Memory.h"

#include <atomic>
#include <map>
#include <mutex>
#include <sys/mman.h>

namespace reopt {

class SealingMemoryManager : public llvm::jitlink::JITLinkMemoryManager {
public:
  explicit SealingMemoryManager(uint64_t PageSize)
      : PageSize(PageSize),
        Base(static_cast<char *>(
            mmap(nullptr, Bytes, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))),
        Next(Base) {
    if (Base == MAP_FAILED)
      llvm::report_fatal_error("no address space for the test");
  }
  ~SealingMemoryManager() override { munmap(Base, Bytes); }

  void allocate(const llvm::jitlink::JITLinkDylib *,
                llvm::jitlink::LinkGraph &G,
                OnAllocatedFunction OnAllocated) override {
    llvm::jitlink::BasicLayout Layout(G);
    uint64_t Size = 0;
    for (auto &[Group, Segment] : Layout.segments())
      Size += sizeOf(Segment);
    char *At = Next.fetch_add(Size);
    if (At + Size > Base + Bytes ||
        mprotect(At, Size, PROT_READ | PROT_WRITE) != 0)
      return OnAllocated(
          llvm::createStringError("the test has used up its address space"));
    Block Whole{At, Size, {}, G.getName()};
    for (auto &[Group, Segment] : Layout.segments()) {
      Segment.Addr = llvm::orc::ExecutorAddr::fromPtr(At);
      Segment.WorkingMem = At;
      At += sizeOf(Segment);
    }
    if (auto Err = Layout.apply())
      return OnAllocated(std::move(Err));
    OnAllocated(std::make_unique<Allocation>(*this, G, std::move(Layout),
                                             std::move(Whole)));
  }

  void deallocate(std::vector<FinalizedAlloc> As,
                  OnDeallocatedFunction OnDeallocated) override {
    llvm::Error Result = llvm::Error::success();
    for (FinalizedAlloc &A : As) {
      std::unique_ptr<Block> Freed(A.release().toPtr<Block *>());
      {
        std::lock_guard<std::mutex> Lock(M);
        Live.erase(Freed.get());
      }
      Result = joinErrors(std::move(Result),
                          llvm::orc::shared::runDeallocActions(Freed->Actions));
      seal(Freed->At, Freed->Size);
    }
    OnDeallocated(std::move(Result));
  }
  using llvm::jitlink::JITLinkMemoryManager::allocate;
  using llvm::jitlink::JITLinkMemoryManager::deallocate;

  /// The names of the graphs that have memory, in order.
  std::vector<std::string> getLive() const {
    std::lock_guard<std::mutex> Lock(M);
    std::vector<std::string> Names;
    for (auto &[B, Name] : Live)
      Names.push_back(Name);
    llvm::sort(Names);
    return Names;
  }

private:
  /// Enough for 20 million objects.
  static constexpr uint64_t Bytes = uint64_t(1) << 38;

  struct Block {
    char *At;
    uint64_t Size;
    std::vector<llvm::orc::shared::WrapperFunctionCall> Actions;
    std::string Name;
  };

  class Allocation : public InFlightAlloc {
  public:
    Allocation(SealingMemoryManager &Memory, llvm::jitlink::LinkGraph &G,
               llvm::jitlink::BasicLayout Layout, Block Whole)
        : Memory(Memory), G(G), Layout(std::move(Layout)),
          Whole(std::move(Whole)) {}

    void abandon(OnAbandonedFunction OnAbandoned) override {
      seal(Whole.At, Whole.Size);
      OnAbandoned(llvm::Error::success());
    }

    void finalize(OnFinalizedFunction OnFinalized) override {
      for (auto &[Group, Segment] : Layout.segments())
        if (auto EC = llvm::sys::Memory::protectMappedMemory(
                {Segment.WorkingMem, Memory.sizeOf(Segment)},
                llvm::orc::toSysMemoryProtectionFlags(Group.getMemProt())))
          return OnFinalized(llvm::errorCodeToError(EC));
      auto Actions = llvm::orc::shared::runFinalizeActions(G.allocActions());
      if (!Actions)
        return OnFinalized(Actions.takeError());
      for (auto &[Group, Segment] : Layout.segments())
        if (Group.getMemLifetime() == llvm::orc::MemLifetime::Finalize)
          seal(Segment.WorkingMem, Memory.sizeOf(Segment));
      Whole.Actions = std::move(*Actions);
      auto Final = std::make_unique<Block>(std::move(Whole));
      {
        std::lock_guard<std::mutex> Lock(Memory.M);
        Memory.Live[Final.get()] = Final->Name;
      }
      OnFinalized(
          FinalizedAlloc(llvm::orc::ExecutorAddr::fromPtr(Final.release())));
    }

  private:
    SealingMemoryManager &Memory;
    llvm::jitlink::LinkGraph &G;
    llvm::jitlink::BasicLayout Layout;
    Block Whole;
  };

  uint64_t sizeOf(const llvm::jitlink::BasicLayout::Segment &S) const {
    return llvm::alignTo(S.ContentSize + S.ZeroFillSize, PageSize);
  }

  static void seal(char *At, uint64_t Size) {
    if (Size && mmap(At, Size, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
                     -1, 0) != At)
      llvm::report_fatal_error("freed memory cannot be made inaccessible");
  }

  const uint64_t PageSize;
  char *const Base;
  std::atomic<char *> Next;
  mutable std::mutex M; ///< Guards Live.
  std::map<const Block *, std::string> Live;
};

} // namespace reopt

#endif // REOPT_TEST_SEALINGMEMORYMANAGER_H
