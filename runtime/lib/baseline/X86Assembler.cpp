//===-- X86Assembler.cpp --------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "X86Assembler.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace reopt::baseline {

static constexpr unsigned NoEscape = 0, Escape0F = 0x0F;

static uint8_t low(Reg R) { return R & 7; }
static bool isHigh(Reg R) { return R != NoReg && (R & 8); }

/// Without a REX prefix, the numbers 4 to 7 mean ah to bh.
static bool needsRexForByte(Reg R) { return R >= RSP && R <= RDI; }

void X86Assembler::number(unsigned Size, uint64_t Value) {
  for (unsigned I = 0; I < Size; ++I)
    byte(Value >> (8 * I));
}

void X86Assembler::prefixes(uint8_t Prefix, bool Wide, Reg Register, Reg Index,
                            Reg Base, bool ByteRegisters) {
  if (Prefix)
    byte(Prefix);
  const uint8_t Rex = (Wide ? 8 : 0) | (isHigh(Register) ? 4 : 0) |
                      (isHigh(Index) ? 2 : 0) | (isHigh(Base) ? 1 : 0);
  if (Rex || ByteRegisters)
    byte(0x40 | Rex);
}

void X86Assembler::registers(uint8_t Prefix, bool Wide, unsigned Escape,
                             uint8_t Op, Reg Register, Reg Rm,
                             bool ByteRegisters) {
  prefixes(Prefix, Wide, Register, NoReg, Rm,
           ByteRegisters && (needsRexForByte(Register) || needsRexForByte(Rm)));
  if (Escape)
    byte(Escape);
  byte(Op);
  byte(0xC0 | low(Register) << 3 | low(Rm));
}

void X86Assembler::memory(uint8_t Prefix, bool Wide, unsigned Escape,
                          uint8_t Op, Reg Register, const Mem &M,
                          bool ByteRegister) {
  prefixes(Prefix, Wide, Register, M.Index, M.Base,
           ByteRegister && needsRexForByte(Register));
  if (Escape)
    byte(Escape);
  byte(Op);
  operand(Register, M);
}

void X86Assembler::operand(Reg Register, const Mem &M) {
  assert((M.Base != NoReg || M.Index == NoReg) && "an index needs a base");
  const uint8_t Field = low(Register) << 3;
  if (M.Symbol != ElfObject::NoSymbol) {
    byte(Field | 5);
    Text.Relocations.push_back(
        {here(), M.Relocation, M.Symbol, int64_t(M.Disp) - 4});
    return number(4, 0);
  }
  if (M.Base == NoReg && M.Index == NoReg) {
    byte(Field | 4);
    byte(0x25);
    return number(4, uint32_t(M.Disp));
  }
  const bool HasSib = M.Index != NoReg || low(M.Base) == RSP;
  // A base of rbp or r13 without a displacement would mean something else.
  const uint8_t Mode = M.Disp == 0 && low(M.Base) != RBP ? 0x00
                       : isInt<8>(M.Disp)                ? 0x40
                                                         : 0x80;
  byte(Mode | Field | (HasSib ? 4 : low(M.Base)));
  if (HasSib)
    byte(Log2_32(M.Scale) << 6 | (M.Index == NoReg ? 4 : low(M.Index)) << 3 |
         low(M.Base));
  if (Mode)
    number(Mode == 0x40 ? 1 : 4, uint32_t(M.Disp));
}

/// The immediate of an instruction with the operand \p M. Distances count from
/// the instruction's end.
void X86Assembler::immediate(const Mem &M, unsigned Size, int32_t Value) {
  if (M.Symbol != ElfObject::NoSymbol)
    Text.Relocations.back().Addend -= Size;
  number(Size, uint32_t(Value));
}

X86Assembler::Label X86Assembler::makeLabel() {
  Labels.emplace_back();
  return Labels.size() - 1;
}

void X86Assembler::bind(Label L) { Labels[L] = {here(), true}; }

void X86Assembler::resolve() {
  for (auto [At, L] : Jumps)
    patch(At, Labels[L].Offset - (At + 4));
  Jumps.clear();
}

void X86Assembler::patch(uint32_t At, uint32_t Value) {
  support::endian::write32le(Text.Bytes.data() + At, Value);
}

void X86Assembler::mov(unsigned Size, Reg To, Reg From) {
  if (To == From)
    return;
  if (isVector(To) && isVector(From))
    return registers(0, false, Escape0F, 0x28, To, From); // movaps
  if (isVector(To))
    return registers(0x66, Size == 8, Escape0F, 0x6E, To, From);
  if (isVector(From))
    return registers(0x66, Size == 8, Escape0F, 0x7E, From, To);
  registers(0, Size == 8, NoEscape, 0x89, From, To);
}

void X86Assembler::load(unsigned Size, Reg To, const Mem &From) {
  if (isVector(To))
    return memory(Size == 8 ? 0xF2 : 0xF3, false, Escape0F, 0x10, To, From);
  if (Size < 4)
    return loadExtended(/*Signed=*/false, Size, 4, To, From);
  memory(0, Size == 8, NoEscape, 0x8B, To, From);
}

void X86Assembler::store(unsigned Size, const Mem &To, Reg From) {
  if (isVector(From))
    return memory(Size == 8 ? 0xF2 : 0xF3, false, Escape0F, 0x11, From, To);
  memory(prefixFor(Size), Size == 8, NoEscape, Size == 1 ? 0x88 : 0x89, From,
         To, Size == 1);
}

void X86Assembler::storeImmediate(unsigned Size, const Mem &To, int32_t Value) {
  memory(prefixFor(Size), Size == 8, NoEscape, Size == 1 ? 0xC6 : 0xC7, RAX,
         To);
  immediate(To, std::min(Size, 4u), Value);
}

void X86Assembler::loadImmediate(Reg To, uint64_t Value) {
  if (Value == 0)
    return registers(0, false, NoEscape, 0x31, To, To);
  if (isUInt<32>(Value)) {
    prefixes(0, false, NoReg, NoReg, To, false);
    byte(0xB8 | low(To));
    return number(4, Value);
  }
  if (isInt<32>(int64_t(Value))) {
    registers(0, true, NoEscape, 0xC7, RAX, To);
    return number(4, Value);
  }
  prefixes(0, true, NoReg, NoReg, To, false);
  byte(0xB8 | low(To));
  number(8, Value);
}

void X86Assembler::lea(Reg To, const Mem &Address) {
  memory(0, true, NoEscape, 0x8D, To, Address);
}

void X86Assembler::extend(bool Signed, unsigned FromSize, unsigned ToSize,
                          Reg To, Reg From) {
  if (FromSize == 4) {
    if (Signed && ToSize == 8)
      return registers(0, true, NoEscape, 0x63, To, From);
    // Unlike mov(), also where nothing moves: it clears the upper half.
    return registers(0, false, NoEscape, 0x89, From, To);
  }
  registers(0, Signed && ToSize == 8, Escape0F,
            (Signed ? 0xBE : 0xB6) | (FromSize == 2), To, From, FromSize == 1);
}

void X86Assembler::loadExtended(bool Signed, unsigned FromSize, unsigned ToSize,
                                Reg To, const Mem &From) {
  if (FromSize == 4) {
    if (Signed && ToSize == 8)
      return memory(0, true, NoEscape, 0x63, To, From);
    return memory(0, false, NoEscape, 0x8B, To, From);
  }
  memory(0, Signed && ToSize == 8, Escape0F,
         (Signed ? 0xBE : 0xB6) | (FromSize == 2), To, From);
}

void X86Assembler::alu(Alu Op, unsigned Size, Reg To, Reg From) {
  registers(prefixFor(Size), Size == 8, NoEscape,
            uint8_t(Op) << 3 | (Size == 1 ? 0 : 1), From, To, Size == 1);
}

void X86Assembler::alu(Alu Op, unsigned Size, Reg To, const Mem &From) {
  memory(prefixFor(Size), Size == 8, NoEscape,
         uint8_t(Op) << 3 | (Size == 1 ? 2 : 3), To, From, Size == 1);
}

void X86Assembler::aluImmediate(Alu Op, unsigned Size, Reg To, int32_t Value) {
  const bool IsShort = Size == 1 || isInt<8>(Value);
  registers(prefixFor(Size), Size == 8, NoEscape,
            Size == 1 ? 0x80
            : IsShort ? 0x83
                      : 0x81,
            Reg(Op), To, Size == 1);
  number(IsShort ? 1 : std::min(Size, 4u), uint32_t(Value));
}

void X86Assembler::aluImmediate(Alu Op, unsigned Size, const Mem &To,
                                int32_t Value) {
  const bool IsShort = Size == 1 || isInt<8>(Value);
  memory(prefixFor(Size), Size == 8, NoEscape,
         Size == 1 ? 0x80
         : IsShort ? 0x83
                   : 0x81,
         Reg(Op), To);
  immediate(To, IsShort ? 1 : std::min(Size, 4u), Value);
}

void X86Assembler::test(unsigned Size, Reg A, Reg B) {
  registers(prefixFor(Size), Size == 8, NoEscape, Size == 1 ? 0x84 : 0x85, B, A,
            Size == 1);
}

void X86Assembler::testByte(Reg A, uint8_t Value) {
  registers(0, false, NoEscape, 0xF6, RAX, A, /*ByteRegisters=*/true);
  byte(Value);
}

void X86Assembler::imul(unsigned Size, Reg To, Reg From) {
  registers(0, Size == 8, Escape0F, 0xAF, To, From);
}

void X86Assembler::imul(unsigned Size, Reg To, const Mem &From) {
  memory(0, Size == 8, Escape0F, 0xAF, To, From);
}

void X86Assembler::imulImmediate(unsigned Size, Reg To, Reg From,
                                 int32_t Value) {
  registers(0, Size == 8, NoEscape, isInt<8>(Value) ? 0x6B : 0x69, To, From);
  number(isInt<8>(Value) ? 1 : 4, uint32_t(Value));
}

void X86Assembler::group3(unsigned Extension, unsigned Size, Reg Operand) {
  registers(0, Size == 8, NoEscape, 0xF7, Reg(Extension), Operand);
}

void X86Assembler::shift(Shift Op, unsigned Size, Reg To, uint8_t Count) {
  registers(0, Size == 8, NoEscape, 0xC1, Reg(Op), To);
  byte(Count);
}

void X86Assembler::shiftByCl(Shift Op, unsigned Size, Reg To) {
  registers(0, Size == 8, NoEscape, 0xD3, Reg(Op), To);
}

void X86Assembler::signExtendRax(unsigned Size) {
  if (Size == 8)
    byte(0x48);
  byte(0x99);
}

void X86Assembler::bswap(unsigned Size, Reg R) {
  prefixes(0, Size == 8, NoReg, NoReg, R, false);
  byte(0x0F);
  byte(0xC8 | low(R));
}

void X86Assembler::bitScan(bool Reverse, unsigned Size, Reg To, Reg From) {
  registers(0, Size == 8, Escape0F, Reverse ? 0xBD : 0xBC, To, From);
}

void X86Assembler::setcc(Cond C, Reg To) {
  registers(0, false, Escape0F, 0x90 | C, RAX, To, /*ByteRegisters=*/true);
}

void X86Assembler::cmov(Cond C, unsigned Size, Reg To, Reg From) {
  registers(0, Size == 8, Escape0F, 0x40 | C, To, From);
}

void X86Assembler::xchg(unsigned Size, const Mem &Memory, Reg R) {
  memory(prefixFor(Size), Size == 8, NoEscape, Size == 1 ? 0x86 : 0x87, R,
         Memory, Size == 1);
}

void X86Assembler::lockXadd(unsigned Size, const Mem &Memory, Reg R) {
  byte(0xF0);
  memory(prefixFor(Size), Size == 8, Escape0F, Size == 1 ? 0xC0 : 0xC1, R,
         Memory, Size == 1);
}

void X86Assembler::lockCmpxchg(unsigned Size, const Mem &Memory, Reg R) {
  byte(0xF0);
  memory(prefixFor(Size), Size == 8, Escape0F, Size == 1 ? 0xB0 : 0xB1, R,
         Memory, Size == 1);
}

void X86Assembler::mfence() { number(3, 0xF0AE0F); }

void X86Assembler::vector(uint8_t Prefix, uint8_t Op, Reg To, Reg From,
                          bool Wide) {
  registers(Prefix, Wide, Escape0F, Op, To, From);
}

void X86Assembler::vector(uint8_t Prefix, uint8_t Op, Reg Register,
                          const Mem &Memory, bool Wide) {
  memory(Prefix, Wide, Escape0F, Op, Register, Memory);
}

void X86Assembler::push(Reg R) {
  prefixes(0, false, NoReg, NoReg, R, false);
  byte(0x50 | low(R));
}

void X86Assembler::leave() { byte(0xC9); }
void X86Assembler::ret() { byte(0xC3); }
void X86Assembler::trap() { number(2, 0x0B0F); }
void X86Assembler::debugTrap() { byte(0xCC); }

void X86Assembler::jump(Label L) {
  byte(0xE9);
  Jumps.push_back({here(), L});
  number(4, 0);
}

void X86Assembler::jump(Cond C, Label L) {
  byte(0x0F);
  byte(0x80 | C);
  Jumps.push_back({here(), L});
  number(4, 0);
}

void X86Assembler::call(ElfObject::SymbolId S) {
  byte(0xE8);
  Text.Relocations.push_back({here(), ELF::R_X86_64_PLT32, S, -4});
  number(4, 0);
}

void X86Assembler::call(Reg R) {
  registers(0, false, NoEscape, 0xFF, Reg(2), R);
}

uint32_t X86Assembler::subtractFromRsp() {
  registers(0, true, NoEscape, 0x81, Reg(5), RSP);
  number(4, 0);
  return here() - 4;
}

uint32_t X86Assembler::leaFromRsp(Reg To) {
  constexpr int32_t Large = 1 << 20;
  lea(To, Mem::at(RSP, Large));
  return here() - 4;
}

} // namespace reopt::baseline
