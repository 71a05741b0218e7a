//===-- UnwindTables.cpp --------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "UnwindTables.h"
#include "llvm/BinaryFormat/Dwarf.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/LEB128.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace llvm::dwarf;
using namespace llvm::ELF;

namespace reopt::baseline {

/// DWARF's numbers of registers.
static constexpr uint8_t DwarfRbp = 6, DwarfRsp = 7, DwarfReturnAddress = 16;

static constexpr uint8_t Relative = DW_EH_PE_pcrel | DW_EH_PE_sdata4;
static constexpr uint8_t ByPointer = DW_EH_PE_indirect | Relative;

namespace {

/// Appends to a section.
class Writer {
public:
  explicit Writer(ElfObject::Section &To) : To(To) {}

  void byte(uint8_t B) { To.Bytes.push_back(char(B)); }
  void bytes(std::initializer_list<uint8_t> Bytes) {
    for (uint8_t B : Bytes)
      byte(B);
  }
  void word(uint32_t W) {
    for (unsigned I = 0; I < 4; ++I)
      byte(W >> (8 * I));
  }
  void unsignedLeb(uint64_t Value, unsigned PadTo = 0) {
    raw_svector_ostream OS(To.Bytes);
    encodeULEB128(Value, OS, PadTo);
  }
  void signedLeb(int64_t Value) {
    raw_svector_ostream OS(To.Bytes);
    encodeSLEB128(Value, OS);
  }
  /// The distance to \p S from here.
  void distance(ElfObject::SymbolId S) {
    To.Relocations.push_back({To.Bytes.size(), R_X86_64_PC32, S, 0});
    word(0);
  }
  uint32_t here() const { return To.Bytes.size(); }
  /// Begins an entry of .eh_frame; end() writes its length.
  uint32_t begin() {
    word(0);
    return here();
  }
  void end(uint32_t Begin) {
    while ((here() - Begin) % 8 != 4)
      byte(DW_CFA_nop);
    support::endian::write32le(To.Bytes.data() + Begin - 4, here() - Begin);
  }
  void advance(uint32_t Delta) {
    if (Delta < 64) {
      byte(DW_CFA_advance_loc | Delta);
    } else {
      byte(DW_CFA_advance_loc4);
      word(Delta);
    }
  }

private:
  ElfObject::Section &To;
};

} // namespace

ElfObject::SymbolId UnwindTables::getPointerTo(ElfObject::SymbolId S) {
  auto [I, Inserted] = PointerTo.try_emplace(S, ElfObject::NoSymbol);
  if (!Inserted)
    return I->second;
  if (!Pointers) {
    Pointers =
        &Object.addSection(".data.rel.ro", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE);
    Pointers->alignTo(8);
  }
  const uint64_t At = Pointers->Bytes.size();
  Pointers->Bytes.resize(At + 8);
  Pointers->Relocations.push_back({At, R_X86_64_64, S, 0});
  I->second = Object.addSymbol("");
  Object.define(I->second, *Pointers, At, 8, STB_LOCAL, STT_OBJECT);
  return I->second;
}

uint32_t UnwindTables::getCommonEntry(ElfObject::SymbolId Personality) {
  auto [I, Inserted] = Common.try_emplace(Personality, 0);
  if (!Inserted)
    return I->second;
  if (!Frames) {
    Frames = &Object.addSection(".eh_frame", SHT_PROGBITS, SHF_ALLOC);
    Frames->alignTo(8);
  }
  Writer W(*Frames);
  I->second = W.here();
  const uint32_t Begin = W.begin();
  W.word(0);
  W.byte(1); // version
  if (Personality == ElfObject::NoSymbol)
    W.bytes({'z', 'R', 0});
  else
    W.bytes({'z', 'P', 'L', 'R', 0});
  W.unsignedLeb(1);
  W.signedLeb(-8);
  W.unsignedLeb(DwarfReturnAddress);
  if (Personality == ElfObject::NoSymbol) {
    W.bytes({1, Relative});
  } else {
    W.bytes({7, ByPointer});
    W.distance(getPointerTo(Personality));
    W.bytes({Relative, Relative});
  }
  W.bytes({DW_CFA_def_cfa, DwarfRsp, 8});
  W.bytes({uint8_t(DW_CFA_offset | DwarfReturnAddress), 1});
  W.end(Begin);
  return I->second;
}

ElfObject::SymbolId UnwindTables::addTable(const FunctionUnwind &F) {
  if (!Tables)
    Tables = &Object.addSection(".gcc_except_table", SHT_PROGBITS, SHF_ALLOC);
  Tables->alignTo(4);

  // What lies between calls is a call site without a pad: the runtime
  // terminates the program where it finds none.
  ElfObject Scratch;
  auto &Sites = Scratch.addSection("", 0, 0);
  auto &Records = Scratch.addSection("", 0, 0);
  Writer S(Sites), R(Records);
  std::vector<uint32_t> RecordAt;
  for (const Action &A : F.Actions) {
    RecordAt.push_back(R.here());
    R.signedLeb(A.Filter);
    R.signedLeb(A.Next ? int64_t(RecordAt[A.Next - 1]) - R.here() : 0);
  }
  auto AddSite = [&](uint32_t Begin, uint32_t End, uint32_t Pad,
                     unsigned Action) {
    if (Begin == End)
      return;
    S.unsignedLeb(Begin);
    S.unsignedLeb(End - Begin);
    S.unsignedLeb(Pad);
    S.unsignedLeb(Action ? RecordAt[Action - 1] + 1 : 0);
  };
  uint32_t Covered = 0;
  for (const CallSite &Site : F.CallSites) {
    AddSite(Covered, Site.Begin, 0, 0);
    AddSite(Site.Begin, Site.End, Site.Pad, Site.Action);
    Covered = Site.End;
  }
  AddSite(Covered, F.Size, 0, 0);

  Writer W(*Tables);
  const uint32_t Begin = W.here();
  constexpr unsigned LengthBytes = 4;
  const uint32_t Payload =
      1 + LengthBytes + Sites.Bytes.size() + Records.Bytes.size();
  W.byte(DW_EH_PE_omit); // pads count from the function's begin
  if (F.Types.empty()) {
    W.byte(DW_EH_PE_omit);
  } else {
    W.byte(ByPointer);
    const uint32_t After = W.here() + LengthBytes;
    const uint32_t TypesAt = alignTo(After + Payload, 4);
    W.unsignedLeb(TypesAt + 4 * F.Types.size() - After, LengthBytes);
  }
  W.byte(DW_EH_PE_uleb128);
  W.unsignedLeb(Sites.Bytes.size(), LengthBytes);
  Tables->Bytes.append(Sites.Bytes.begin(), Sites.Bytes.end());
  Tables->Bytes.append(Records.Bytes.begin(), Records.Bytes.end());
  if (!F.Types.empty()) {
    Tables->alignTo(4);
    for (ElfObject::SymbolId Type : reverse(F.Types)) {
      if (Type == ElfObject::NoSymbol)
        W.word(0);
      else
        W.distance(getPointerTo(Type));
    }
  }
  auto Table = Object.addSymbol("");
  Object.define(Table, *Tables, Begin, W.here() - Begin, STB_LOCAL, STT_OBJECT);
  return Table;
}

void UnwindTables::add(const FunctionUnwind &F) {
  const bool Catches = !F.CallSites.empty();
  const uint32_t CommonAt =
      getCommonEntry(Catches ? F.Personality : ElfObject::NoSymbol);
  const auto Table = Catches ? addTable(F) : ElfObject::NoSymbol;
  Writer W(*Frames);
  const uint32_t Begin = W.begin();
  W.word(W.here() - CommonAt);
  W.distance(F.Function);
  W.word(F.Size);
  if (Catches) {
    W.byte(4);
    W.distance(Table);
  } else {
    W.byte(0);
  }
  W.advance(F.FramePushed);
  W.bytes({DW_CFA_def_cfa_offset, 16, uint8_t(DW_CFA_offset | DwarfRbp), 2});
  W.advance(F.FrameSet - F.FramePushed);
  W.bytes({DW_CFA_def_cfa_register, DwarfRbp});
  uint32_t At = F.FrameSet;
  for (uint32_t Return : F.Returns) {
    W.advance(Return - At);
    W.bytes({DW_CFA_remember_state, DW_CFA_def_cfa, DwarfRsp, 8});
    At = Return + 1;
    if (At == F.Size)
      break;
    W.advance(1);
    W.byte(DW_CFA_restore_state);
  }
  W.end(Begin);
}

} // namespace reopt::baseline
