//===- StubEncodingTest.cpp - Tests of reopt::StubEncoding ----------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Our stubs are what JITLink makes of its own stubs at the same place.
//
//===----------------------------------------------------------------------===//

#include "reopt/StubTable.h"

#include "llvm/ExecutionEngine/JITLink/aarch64.h"
#include "llvm/ExecutionEngine/JITLink/x86_64.h"
#include "llvm/ExecutionEngine/Orc/SelfExecutorProcessControl.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;
using support::endian::read32le;

namespace {

template <typename MakeStubT, typename FixupT>
std::vector<char> linkedStub(StringRef TT, ExecutorAddr Stub, ExecutorAddr Slot,
                             MakeStubT MakeStub, FixupT Fixup) {
  jitlink::LinkGraph G("stub", std::make_shared<SymbolStringPool>(), Triple(TT),
                       SubtargetFeatures(), jitlink::getGenericEdgeKindName);
  auto &Slots = G.createSection("slots", MemProt::Read | MemProt::Write);
  auto &Stubs = G.createSection("stubs", MemProt::Read | MemProt::Exec);
  auto [Pointer, Jump] = MakeStub(G, Slots, Stubs);
  Pointer->getBlock().setAddress(Slot);
  Jump->getBlock().setAddress(Stub);
  auto Content = Jump->getBlock().getMutableContent(G);
  for (auto &E : Jump->getBlock().edges())
    cantFail(Fixup(G, Jump->getBlock(), E, nullptr));
  return std::vector<char>(Content.begin(), Content.end());
}

template <typename MakeStubT, typename FixupT>
void expectSameAsJITLink(StringRef TT, MakeStubT MakeStub, FixupT Fixup) {
  auto *Encoding = cantFail(StubEncoding::get(Triple(TT)));
  const uint64_t Base = 0x7f1234567000;
  std::pair<uint64_t, uint64_t> Places[] = {
      {Base, Base + 0x1000},           {Base + 0x10, Base + 0x1ff8},
      {Base + 0xff0, Base + 0x1008},   {Base, Base - 0x1000},
      {Base + 0x7f0, Base + 0x700008}, {Base, Base + 0x7ff00000},
      {Base, Base - 0x7ff00000},       {0x10, 0x3008}};
  for (auto [Stub, Slot] : Places) {
    auto Theirs =
        linkedStub(TT, ExecutorAddr(Stub), ExecutorAddr(Slot), MakeStub, Fixup);
    std::vector<char> Ours(Encoding->StubSize);
    ASSERT_TRUE(Encoding->WriteStub(Ours.data(), ExecutorAddr(Stub),
                                    ExecutorAddr(Slot)));
    ASSERT_LE(Theirs.size(), Ours.size());
    Ours.resize(Theirs.size());
    EXPECT_EQ(Ours, Theirs) << formatv("{0:x} -> {1:x}", Stub, Slot).str();
  }
}

TEST(StubEncodingTest, X86_64StubIsJITLinks) {
  using namespace jitlink;
  auto MakeStub = [](LinkGraph &G, Section &Slots, Section &Stubs) {
    auto &P = x86_64::createAnonymousPointer(G, Slots);
    return std::pair(&P, &x86_64::createAnonymousPointerJumpStub(G, Stubs, P));
  };
  expectSameAsJITLink("x86_64-unknown-linux-gnu", MakeStub, x86_64::applyFixup);
}

TEST(StubEncodingTest, AArch64StubIsJITLinks) {
  using namespace jitlink;
  auto MakeStub = [](LinkGraph &G, Section &Slots, Section &Stubs) {
    auto &P = aarch64::createAnonymousPointer(G, Slots);
    return std::pair(&P, &aarch64::createAnonymousPointerJumpStub(G, Stubs, P));
  };
  expectSameAsJITLink("aarch64-unknown-linux-gnu", MakeStub,
                      aarch64::applyFixup);
}

TEST(StubEncodingTest, OutOfReachIsRefused) {
  char Mem[16];
  for (const char *TT :
       {"x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"}) {
    auto *Encoding = cantFail(StubEncoding::get(Triple(TT)));
    EXPECT_FALSE(Encoding->WriteStub(Mem, ExecutorAddr(0x1000),
                                     ExecutorAddr(0x200001000)));
    EXPECT_FALSE(Encoding->WriteStub(Mem, ExecutorAddr(0x200001000),
                                     ExecutorAddr(0x1000)));
  }
}

TEST(StubEncodingTest, OtherTargetsAreNamedInTheError) {
  for (const char *TT :
       {"riscv64-unknown-linux-gnu", "i686-pc-linux-gnu",
        "aarch64_be-unknown-linux-gnu", "x86_64-unknown-linux-gnux32"}) {
    auto Encoding = StubEncoding::get(Triple(TT));
    ASSERT_FALSE(!!Encoding);
    EXPECT_EQ(toString(Encoding.takeError()),
              "no stub encoding for target " + std::string(TT) +
                  " (x86_64 and aarch64 have one)");
  }
}

/// A whole AArch64 slab, in this process's memory, where it is only read.
TEST(StubEncodingTest, AArch64SlabJumpsThroughItsSlots) {
  const unsigned PageSize = 16384;
  auto EPC = std::make_unique<SelfExecutorProcessControl>(
      std::make_shared<SymbolStringPool>(),
      std::make_unique<InPlaceTaskDispatcher>(),
      Triple("aarch64-unknown-linux-gnu"), PageSize,
      std::make_unique<jitlink::InProcessMemoryManager>(PageSize));
  ExecutionSession ES(std::move(EPC));
  auto &JD = ES.createBareJITDylib("main");
  auto Table = cantFail(
      StubTable::Create(ES, ES.getExecutorProcessControl().getMemMgr()));
  std::vector<StubTable::Request> Requests;
  for (unsigned I = 0; I != 3000; ++I)
    Requests.push_back(
        {ES.intern("f" + std::to_string(I)), ExecutorAddr(0x10000 + 4 * I)});
  auto Stubs = cantFail(Table->create(JD, Requests));
  for (unsigned I = 0; I != 3000; ++I) {
    auto *Code = Stubs[I].toPtr<const char *>();
    uint32_t Adrp = read32le(Code), Ldr = read32le(Code + 4);
    ASSERT_EQ(Adrp & 0x9f00001f, 0x90000010u);
    ASSERT_EQ(Ldr & 0xffc003ff, 0xf9400210u);
    ASSERT_EQ(read32le(Code + 8), 0xd61f0200u);
    int64_t Pages =
        SignExtend64<21>(((Adrp >> 5 & 0x7ffff) << 2) | (Adrp >> 29 & 3));
    uint64_t Slot = (Stubs[I].getValue() & ~0xfffull) + Pages * 4096 +
                    (Ldr >> 10 & 0xfff) * 8;
    EXPECT_EQ(*ExecutorAddr(Slot).toPtr<uint64_t *>(), 0x10000 + 4 * I);
    EXPECT_EQ(Slot % 8, 0u);
  }
  EXPECT_LE(Table->usage().SlabBytes, 2u * 3 * PageSize);
  Table.reset();
  cantFail(ES.endSession());
}

} // namespace
