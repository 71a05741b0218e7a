//===- StubTable.cpp - One redirectable stub per symbol -------------------===//

#include "reopt/StubTable.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ExecutionEngine/Orc/ExecutorProcessControl.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <atomic>
#include <cstring>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

//===----------------------------------------------------------------------===//
// Encodings
//===----------------------------------------------------------------------===//

namespace {

constexpr unsigned SlotSize = 8;

/// jmpq *slot(%rip); ud2
bool writeStubX86_64(char *Mem, ExecutorAddr Stub, ExecutorAddr Slot) {
  int64_t Displacement = Slot.getValue() - (Stub.getValue() + 6);
  if (!isInt<32>(Displacement))
    return false;
  support::endian::write16be(Mem, 0xff25);
  support::endian::write32le(Mem + 2, static_cast<uint32_t>(Displacement));
  support::endian::write16be(Mem + 6, 0x0f0b);
  return true;
}

/// ud2, four times
void writeTrapX86_64(char *Mem) {
  for (unsigned I = 0; I != 4; ++I)
    support::endian::write16be(Mem + 2 * I, 0x0f0b);
}

/// adrp x16, slot; ldr x16, [x16, :lo12:slot]; br x16; udf #0
bool writeStubAArch64(char *Mem, ExecutorAddr Stub, ExecutorAddr Slot) {
  int64_t Pages = static_cast<int64_t>(Slot.getValue() >> 12) -
                  static_cast<int64_t>(Stub.getValue() >> 12);
  if (!isInt<21>(Pages) || Slot.getValue() % SlotSize)
    return false;
  uint32_t Lo = Pages & 3, Hi = (Pages >> 2) & 0x7ffff;
  uint32_t Offset = (Slot.getValue() & 0xfff) / SlotSize;
  support::endian::write32le(Mem, 0x90000010 | Lo << 29 | Hi << 5);
  support::endian::write32le(Mem + 4, 0xf9400210 | Offset << 10);
  support::endian::write32le(Mem + 8, 0xd61f0200);
  support::endian::write32le(Mem + 12, 0);
  return true;
}

/// udf #0, four times
void writeTrapAArch64(char *Mem) { memset(Mem, 0, 16); }

constexpr StubEncoding X86_64Encoding = {8, writeStubX86_64, writeTrapX86_64};
constexpr StubEncoding AArch64Encoding = {16, writeStubAArch64,
                                          writeTrapAArch64};

Error makeError(const Twine &Msg) {
  return createStringError(inconvertibleErrorCode(), Msg);
}

} // namespace

Expected<const StubEncoding *> StubEncoding::get(const Triple &TT) {
  if (TT.getArch() == Triple::x86_64 && TT.isArch64Bit() && !TT.isX32())
    return &X86_64Encoding;
  if (TT.getArch() == Triple::aarch64)
    return &AArch64Encoding;
  return makeError("no stub encoding for target " + TT.str() +
                   " (x86_64 and aarch64 have one)");
}

//===----------------------------------------------------------------------===//
// StubTable
//===----------------------------------------------------------------------===//

// A slab's slots fill one page; the place of the last stub is taken by the
// trap, and the last slot lies idle.
StubTable::StubTable(ExecutionSession &ES,
                     jitlink::JITLinkMemoryManager &MemMgr,
                     const StubEncoding &Encoding)
    : ES(ES), MemMgr(MemMgr), Encoding(Encoding),
      PageSize(ES.getExecutorProcessControl().getPageSize()),
      StubsPerSlab(PageSize / SlotSize - 1) {}

Expected<std::unique_ptr<StubTable>>
StubTable::Create(ExecutionSession &ES, jitlink::JITLinkMemoryManager &MemMgr) {
  auto Encoding = StubEncoding::get(ES.getTargetTriple());
  if (!Encoding)
    return Encoding.takeError();
  return std::unique_ptr<StubTable>(new StubTable(ES, MemMgr, **Encoding));
}

StubTable::~StubTable() {
  if (auto Err = shutdown())
    ES.reportError(std::move(Err));
}

ExecutorAddr StubTable::stub(Index I) const {
  return Slabs[I / StubsPerSlab].Stubs + (I % StubsPerSlab) * Encoding.StubSize;
}

ExecutorAddr StubTable::slot(Index I) const {
  return Slabs[I / StubsPerSlab].Slots + (I % StubsPerSlab) * SlotSize;
}

ExecutorAddr StubTable::trap(Index I) const {
  return Slabs[I / StubsPerSlab].Stubs + StubsPerSlab * Encoding.StubSize;
}

Error StubTable::grow() {
  constexpr MemProt Code = MemProt::Read | MemProt::Exec;
  constexpr MemProt Data = MemProt::Read | MemProt::Write;
  size_t CodeBytes = (StubsPerSlab + 1) * Encoding.StubSize;
  auto Alloc = jitlink::SimpleSegmentAlloc::Create(
      MemMgr, ES.getSymbolStringPool(), ES.getTargetTriple(), nullptr,
      {{Code, {CodeBytes, Align(16)}}, {Data, {PageSize, Align(16)}}});
  if (!Alloc)
    return Alloc.takeError();

  auto CodeSeg = Alloc->getSegInfo(Code), DataSeg = Alloc->getSegInfo(Data);
  ExecutorAddr Trap = CodeSeg.Addr + StubsPerSlab * Encoding.StubSize;
  Encoding.WriteTrap(CodeSeg.WorkingMem.data() +
                     StubsPerSlab * Encoding.StubSize);
  bool InReach = true;
  for (unsigned I = 0; I != StubsPerSlab; ++I) {
    unsigned Offset = I * Encoding.StubSize;
    InReach &=
        Encoding.WriteStub(CodeSeg.WorkingMem.data() + Offset,
                           CodeSeg.Addr + Offset, DataSeg.Addr + I * SlotSize);
    support::endian::write64le(DataSeg.WorkingMem.data() + I * SlotSize,
                               Trap.getValue());
  }
  if (!InReach) {
    Error Err = makeError("the memory manager placed stubs out of reach of "
                          "their slots");
    Alloc->abandon([&](Error AbandonErr) {
      Err = joinErrors(std::move(Err), std::move(AbandonErr));
    });
    return Err;
  }
  auto Finalized = Alloc->finalize();
  if (!Finalized)
    return Finalized.takeError();
  Slabs.push_back({CodeSeg.Addr, DataSeg.Addr, std::move(*Finalized)});
  return Error::success();
}

Error StubTable::write(ArrayRef<std::pair<Index, ExecutorAddr>> Targets) {
  if (Targets.empty())
    return Error::success();
  std::vector<tpctypes::PointerWrite> Writes;
  Writes.reserve(Targets.size());
  for (auto [I, Target] : Targets)
    Writes.push_back({slot(I), Target ? Target : trap(I)});
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return ES.getExecutorProcessControl().getMemoryAccess().writePointers(Writes);
}

Expected<std::vector<ExecutorAddr>>
StubTable::create(JITDylib &JD, ArrayRef<Request> Requests) {
  std::lock_guard<std::mutex> Lock(Mutex);
  auto KnownI = Stubs.find(&JD);
  DenseSet<SymbolStringPtr> Seen;
  for (auto &R : Requests)
    if ((KnownI != Stubs.end() && KnownI->second.count(R.Name)) ||
        !Seen.insert(R.Name).second)
      return makeError("symbol " + *R.Name + " in " + JD.getName() +
                       " has a stub already");

  // Choose places: fresh ones first, then those removed long enough ago, then
  // new slabs. Nothing is taken until the slots are written.
  size_t FromFresh = std::min<size_t>(Requests.size(),
                                      Slabs.size() * StubsPerSlab - FirstFresh);
  size_t Reusable =
      Removed.size() > StubsPerSlab ? Removed.size() - StubsPerSlab : 0;
  size_t FromRemoved = std::min(Requests.size() - FromFresh, Reusable);
  FromFresh = Requests.size() - FromRemoved;
  while (Slabs.size() * StubsPerSlab - FirstFresh < FromFresh)
    if (auto Err = grow())
      return std::move(Err);

  std::vector<std::pair<Index, ExecutorAddr>> Targets;
  Targets.reserve(Requests.size());
  for (size_t I = 0; I != Requests.size(); ++I)
    Targets.push_back(
        {I < FromRemoved ? Removed[I] : Index(FirstFresh + I - FromRemoved),
         Requests[I].InitialTarget});
  if (auto Err = write(Targets)) {
    // Some slots may have been written: point them at the trap again.
    for (auto &[I, Target] : Targets)
      Target = ExecutorAddr();
    return joinErrors(std::move(Err), write(Targets));
  }

  Removed.erase(Removed.begin(), Removed.begin() + FromRemoved);
  FirstFresh += FromFresh;
  auto &Names = Stubs[&JD];
  std::vector<ExecutorAddr> Result;
  Result.reserve(Requests.size());
  for (size_t I = 0; I != Requests.size(); ++I) {
    Names[Requests[I].Name] = Targets[I].first;
    Result.push_back(stub(Targets[I].first));
  }
  return Result;
}

Error StubTable::redirect(JITDylib &JD, ArrayRef<Request> Requests) {
  std::lock_guard<std::mutex> Lock(Mutex);
  auto NamesI = Stubs.find(&JD);
  std::vector<std::pair<Index, ExecutorAddr>> Targets;
  Targets.reserve(Requests.size());
  for (auto &R : Requests) {
    if (NamesI == Stubs.end() || !NamesI->second.count(R.Name))
      return makeError("symbol " + *R.Name + " in " + JD.getName() +
                       " has no stub");
    Targets.push_back({NamesI->second.lookup(R.Name), R.InitialTarget});
  }
  return write(Targets);
}

ExecutorAddr StubTable::find(JITDylib &JD, const SymbolStringPtr &Name) const {
  return find(JD, ArrayRef(Name)).front();
}

std::vector<ExecutorAddr>
StubTable::find(JITDylib &JD, ArrayRef<SymbolStringPtr> Names) const {
  std::vector<ExecutorAddr> Found(Names.size());
  std::lock_guard<std::mutex> Lock(Mutex);
  auto Known = Stubs.find(&JD);
  if (Known != Stubs.end())
    for (size_t I = 0; I != Names.size(); ++I)
      if (auto S = Known->second.find(Names[I]); S != Known->second.end())
        Found[I] = stub(S->second);
  return Found;
}

Error StubTable::retire(std::vector<Index> Indices) {
  std::vector<std::pair<Index, ExecutorAddr>> Targets;
  Targets.reserve(Indices.size());
  for (Index I : Indices)
    Targets.push_back({I, ExecutorAddr()});
  auto Err = write(Targets);
  Removed.insert(Removed.end(), Indices.begin(), Indices.end());
  return Err;
}

Error StubTable::remove(JITDylib &JD, ArrayRef<SymbolStringPtr> Names) {
  std::lock_guard<std::mutex> Lock(Mutex);
  auto NamesI = Stubs.find(&JD);
  DenseSet<SymbolStringPtr> Seen;
  for (auto &Name : Names)
    if (NamesI == Stubs.end() || !NamesI->second.count(Name) ||
        !Seen.insert(Name).second)
      return makeError("symbol " + *Name + " in " + JD.getName() +
                       " has no stub to remove");
  std::vector<Index> Indices;
  for (auto &Name : Names) {
    auto I = NamesI->second.find(Name);
    Indices.push_back(I->second);
    NamesI->second.erase(I);
  }
  return retire(std::move(Indices));
}

Error StubTable::removeAll(JITDylib &JD) {
  std::lock_guard<std::mutex> Lock(Mutex);
  auto NamesI = Stubs.find(&JD);
  if (NamesI == Stubs.end())
    return Error::success();
  std::vector<Index> Indices;
  for (auto &[Name, I] : NamesI->second)
    Indices.push_back(I);
  Stubs.erase(NamesI);
  return retire(std::move(Indices));
}

Error StubTable::shutdown() {
  std::lock_guard<std::mutex> Lock(Mutex);
  std::vector<jitlink::JITLinkMemoryManager::FinalizedAlloc> Allocs;
  for (auto &S : Slabs)
    Allocs.push_back(std::move(S.Alloc));
  Slabs.clear();
  Stubs.clear();
  Removed.clear();
  FirstFresh = 0;
  if (Allocs.empty())
    return Error::success();
  return MemMgr.deallocate(std::move(Allocs));
}

StubTable::Usage StubTable::usage() const {
  std::lock_guard<std::mutex> Lock(Mutex);
  size_t SlabBytes = PageSize + (StubsPerSlab + 1) * Encoding.StubSize;
  return {FirstFresh - Removed.size(), Slabs.size() * SlabBytes};
}
