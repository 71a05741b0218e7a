//===- StubTable.h - One redirectable stub per symbol -----------*- C++ -*-===//
//
// A stub is the address of a function for as long as the function exists, while
// bodies come and go behind it. It is one indirect jump through a pointer, its
// slot; giving the function another body is one store to the slot. Lazy
// compilation, redefinition and re-optimisation all redirect the same stub.
//
//   executable page, read only          writable page, data
//   stub 0:  jmp *slot0(%rip)   ---->   slot 0:  address of the body of f
//   stub 1:  jmp *slot1(%rip)   ---->   slot 1:  address of the body of g
//   ...                                 ...
//   trap:    ud2                        (what every unused slot points to)
//
// Stubs come in slabs of one page of code, allocated as one JITLink allocation
// by the session's memory manager and written through the session's
// MemoryAccess, so that a local and a remote executor are the same code. On
// x86-64 a slab of 511 stubs takes two pages: 16 bytes for each stub.
//
// Why a redirection is atomic. A slot is an aligned pointer. The table writes
// it by MemoryAccess::writePointers, which in every executor is one plain store
// of a pointer per slot, and a stub reads it by one aligned load: x86-64
// (aligned eight bytes, Intel SDM 3A 9.1.1) and AArch64 (Arm ARM B2.2.1) never
// show half of either. A caller therefore reaches the old or the new body.
// Several symbols of one call are each atomic, not all at one instant. The new
// body was made executable before the redirection was asked for, and the store
// comes after that: by x86-64's store order; on AArch64 by a fence here in
// process and by the message in a remote one.
//
// A thread that loaded the slot just before a redirection may enter the old
// body arbitrarily late. The table does not know when that is over: who frees
// old bodies needs a proof of his own.
//
// Stubs are not symbols. The caller defines the addresses in the JITDylib
// (absoluteSymbols), where JITLink sees no body to shortcut to: it may bypass
// the anonymous PLT entry that it makes for a caller out of reach of the stub,
// never the stub.
//
// Threads: every member may be called from any thread. One mutex guards the
// table. It is held while slots are written and slabs are made, so that
// redirections of one symbol take effect in the order of the calls; no code of
// the caller's runs under it. Calls wait for a remote executor's answer: none
// may come from the thread that reads its connection.
//
//===----------------------------------------------------------------------===//

#ifndef REOPT_STUBTABLE_H
#define REOPT_STUBTABLE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ExecutionEngine/JITLink/JITLinkMemoryManager.h"
#include "llvm/ExecutionEngine/Orc/Core.h"

#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace reopt {

/// How a target encodes stubs: usable on its own, outside of any link graph.
struct StubEncoding {
  /// Bytes from one stub to the next, padding included.
  unsigned StubSize;
  /// Writes the stub that will run at \p Stub and jumps through \p Slot into
  /// \p Mem (StubSize bytes). False if the slot is out of the stub's reach.
  bool (*WriteStub)(char *Mem, llvm::orc::ExecutorAddr Stub,
                    llvm::orc::ExecutorAddr Slot);
  /// Writes code that faults at once (SIGILL) into \p Mem (StubSize bytes).
  void (*WriteTrap)(char *Mem);

  /// The encoding for \p TT: x86-64 and (64-bit, little-endian) AArch64. An
  /// error that names the target for any other.
  static llvm::Expected<const StubEncoding *> get(const llvm::Triple &TT);
};

class StubTable {
public:
  /// A symbol and where its stub shall jump. A null target is the trap: calls
  /// fault plainly until the stub is redirected.
  struct Request {
    llvm::orc::SymbolStringPtr Name;
    llvm::orc::ExecutorAddr InitialTarget;
  };

  /// An empty table. \p ES and \p MemMgr outlive it; usually MemMgr is the one
  /// that links the session's code, so that stubs lie near it (a jump over more
  /// than 4 GiB is predicted later on some processors). An error if the
  /// session's target has no encoding.
  static llvm::Expected<std::unique_ptr<StubTable>>
  Create(llvm::orc::ExecutionSession &ES,
         llvm::jitlink::JITLinkMemoryManager &MemMgr);

  /// As shutdown(), with errors going to the session's error reporter.
  ~StubTable();

  /// Gives each name a stub that jumps to its initial target; returns the
  /// stubs' addresses in the order of the requests. All or nothing: on an error
  /// (a name that has a stub already, or twice in the list; no memory; executor
  /// gone) no name has a stub that had none.
  llvm::Expected<std::vector<llvm::orc::ExecutorAddr>>
  create(llvm::orc::JITDylib &JD, llvm::ArrayRef<Request> Requests);

  /// Points existing stubs elsewhere. If a name has no stub: an error, and
  /// nothing is redirected. If writing fails, the executor is gone.
  llvm::Error redirect(llvm::orc::JITDylib &JD,
                       llvm::ArrayRef<Request> Requests);

  /// The address of the stub of \p Name in \p JD, null if it has none.
  llvm::orc::ExecutorAddr find(llvm::orc::JITDylib &JD,
                               const llvm::orc::SymbolStringPtr &Name) const;

  /// The same of several, in order.
  std::vector<llvm::orc::ExecutorAddr>
  find(llvm::orc::JITDylib &JD,
       llvm::ArrayRef<llvm::orc::SymbolStringPtr> Names) const;

  /// Takes the stubs away, which must no longer be reachable as symbols. A late
  /// call through a stale pointer faults; a removed stub is used again only
  /// after a slab's worth of others were removed (first in, first out). If a
  /// name has no stub: an error, and nothing is removed.
  llvm::Error remove(llvm::orc::JITDylib &JD,
                     llvm::ArrayRef<llvm::orc::SymbolStringPtr> Names);

  /// Removes every stub of \p JD: to be called before JD goes away.
  llvm::Error removeAll(llvm::orc::JITDylib &JD);

  /// Frees all stubs and their memory: nothing may call them any more. Call it
  /// before the session ends. The table is empty, and usable, afterwards.
  llvm::Error shutdown();

  /// Stubs in use, and bytes of executor memory in all slabs.
  struct Usage {
    size_t LiveStubs = 0;
    size_t SlabBytes = 0;
  };
  Usage usage() const;

private:
  /// A stub's number: slab number * StubsPerSlab + place in the slab.
  using Index = uint32_t;
  using NameMap = llvm::DenseMap<llvm::orc::SymbolStringPtr, Index>;
  struct Slab {
    llvm::orc::ExecutorAddr Stubs, Slots;
    llvm::jitlink::JITLinkMemoryManager::FinalizedAlloc Alloc;
  };

  StubTable(llvm::orc::ExecutionSession &ES,
            llvm::jitlink::JITLinkMemoryManager &MemMgr,
            const StubEncoding &Encoding);

  // All of these: under Mutex.
  llvm::Error grow();
  llvm::Error write(llvm::ArrayRef<std::pair<Index, llvm::orc::ExecutorAddr>>);
  llvm::Error retire(std::vector<Index> Stubs);
  llvm::orc::ExecutorAddr stub(Index I) const;
  llvm::orc::ExecutorAddr slot(Index I) const;
  llvm::orc::ExecutorAddr trap(Index I) const;

  llvm::orc::ExecutionSession &ES;
  llvm::jitlink::JITLinkMemoryManager &MemMgr;
  const StubEncoding &Encoding;
  const unsigned PageSize;
  const unsigned StubsPerSlab;

  mutable std::mutex Mutex;
  std::vector<Slab> Slabs;
  Index FirstFresh = 0;      ///< Stubs from here on were never used.
  std::deque<Index> Removed; ///< Used once, oldest removal first.
  llvm::DenseMap<llvm::orc::JITDylib *, NameMap> Stubs;
};

} // namespace reopt

#endif // REOPT_STUBTABLE_H
