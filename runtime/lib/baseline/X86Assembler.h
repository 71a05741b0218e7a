//===-- X86Assembler.h ------------------------------------------*- C++ -*-===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
/// \file
/// Encodes the instructions of x86-64 that the baseline compiler uses, as the
/// manuals of Intel and AMD lay them out (volume 2, chapter 2). MC's encoder
/// takes its instructions from tables and costs as much as all else here.
///
//===----------------------------------------------------------------------===//

#ifndef REOPT_LIB_BASELINE_X86ASSEMBLER_H
#define REOPT_LIB_BASELINE_X86ASSEMBLER_H

#include "ElfObject.h"

namespace reopt::baseline {

/// General-purpose registers by their numbers in instructions, vector
/// registers 16 above theirs.
enum Reg : uint8_t {
  RAX,
  RCX,
  RDX,
  RBX,
  RSP,
  RBP,
  RSI,
  RDI,
  R8,
  R9,
  R10,
  R11,
  R12,
  R13,
  R14,
  R15,
  XMM0,
  XMM1,
  XMM2,
  XMM3,
  XMM4,
  XMM5,
  XMM6,
  XMM7,
  XMM8,
  XMM9,
  XMM10,
  XMM11,
  XMM12,
  XMM13,
  XMM14,
  XMM15,
  NoReg = 0xff
};

inline bool isVector(Reg R) { return R >= XMM0 && R != NoReg; }

/// A memory operand: base and index, an address below 2 GiB (no base), or a
/// place relative to the next instruction that the linker fills in.
struct Mem {
  Reg Base = NoReg;
  Reg Index = NoReg;
  uint8_t Scale = 1;
  int32_t Disp = 0;
  ElfObject::SymbolId Symbol = ElfObject::NoSymbol;
  uint32_t Relocation = 0;

  static Mem at(Reg Base, int32_t Disp = 0) {
    return {Base, NoReg, 1, Disp, ElfObject::NoSymbol, 0};
  }
  static Mem toSymbol(ElfObject::SymbolId S, uint32_t Relocation,
                      int32_t Addend = 0) {
    return {NoReg, NoReg, 1, Addend, S, Relocation};
  }
  Mem plus(int32_t Bytes) const {
    Mem Moved = *this;
    Moved.Disp += Bytes;
    return Moved;
  }
};

/// Condition codes, as in Jcc, SETcc and CMOVcc.
enum Cond : uint8_t {
  Overflow,
  NoOverflow,
  Below,
  AboveEq,
  Equal,
  NotEqual,
  BelowEq,
  Above,
  Sign,
  NoSign,
  Parity,
  NoParity,
  Less,
  GreaterEq,
  LessEq,
  Greater
};

inline Cond invert(Cond C) { return Cond(C ^ 1); }

/// The arithmetic instructions that share one layout.
enum class Alu : uint8_t { Add, Or, Adc, Sbb, And, Sub, Xor, Cmp };

enum class Shift : uint8_t {
  RotateLeft = 0,
  RotateRight = 1,
  Left = 4,
  LogicalRight = 5,
  ArithmeticRight = 7
};

/// Appends to the contents of one section. Sizes are in bytes: 1, 2, 4 or 8.
class X86Assembler {
public:
  using Label = unsigned;

  explicit X86Assembler(ElfObject::Section &Text) : Text(Text) {}

  uint32_t here() const { return Text.Bytes.size(); }

  Label makeLabel();
  void bind(Label L);
  /// Where \p L is bound.
  uint32_t getOffset(Label L) const { return Labels[L].Offset; }
  bool isBound(Label L) const { return Labels[L].Bound; }
  /// Writes the distances of jumps to labels. All of these are bound.
  void resolve();

  void mov(unsigned Size, Reg To, Reg From);
  void load(unsigned Size, Reg To, const Mem &From);
  void store(unsigned Size, const Mem &To, Reg From);
  /// The value must fit in 32 bits with sign.
  void storeImmediate(unsigned Size, const Mem &To, int32_t Value);
  void loadImmediate(Reg To, uint64_t Value);
  void lea(Reg To, const Mem &Address);
  void extend(bool Signed, unsigned FromSize, unsigned ToSize, Reg To,
              Reg From);
  void loadExtended(bool Signed, unsigned FromSize, unsigned ToSize, Reg To,
                    const Mem &From);
  void alu(Alu Op, unsigned Size, Reg To, Reg From);
  void alu(Alu Op, unsigned Size, Reg To, const Mem &From);
  void aluImmediate(Alu Op, unsigned Size, Reg To, int32_t Value);
  void aluImmediate(Alu Op, unsigned Size, const Mem &To, int32_t Value);
  void test(unsigned Size, Reg A, Reg B);
  void testByte(Reg A, uint8_t Value);
  void imul(unsigned Size, Reg To, Reg From);
  void imul(unsigned Size, Reg To, const Mem &From);
  void imulImmediate(unsigned Size, Reg To, Reg From, int32_t Value);
  /// F7 /4 to /7: mul, imul, div, idiv of rdx:rax; /2 not, /3 neg.
  void group3(unsigned Extension, unsigned Size, Reg Operand);
  void shift(Shift Op, unsigned Size, Reg To, uint8_t Count);
  void shiftByCl(Shift Op, unsigned Size, Reg To);
  void signExtendRax(unsigned Size);
  void bswap(unsigned Size, Reg R);
  void bitScan(bool Reverse, unsigned Size, Reg To, Reg From);
  void setcc(Cond C, Reg To);
  void cmov(Cond C, unsigned Size, Reg To, Reg From);
  void xchg(unsigned Size, const Mem &Memory, Reg R);
  void lockXadd(unsigned Size, const Mem &Memory, Reg R);
  void lockCmpxchg(unsigned Size, const Mem &Memory, Reg R);
  void mfence();

  /// \p Op is the opcode behind 0F, \p Prefix 0xF2, 0xF3, 0x66 or 0.
  void vector(uint8_t Prefix, uint8_t Op, Reg To, Reg From, bool Wide = false);
  void vector(uint8_t Prefix, uint8_t Op, Reg Register, const Mem &Memory,
              bool Wide = false);

  void push(Reg R);
  void leave();
  void ret();
  void trap();
  void debugTrap();
  void jump(Label L);
  void jump(Cond C, Label L);
  void call(ElfObject::SymbolId S);
  void call(Reg R);

  /// With room for a 32-bit number, of which they return where it is.
  uint32_t subtractFromRsp();
  uint32_t leaFromRsp(Reg To);
  void patch(uint32_t At, uint32_t Value);

private:
  struct LabelInfo {
    uint32_t Offset = 0;
    bool Bound = false;
  };

  void byte(uint8_t B) { Text.Bytes.push_back(char(B)); }
  void number(unsigned Size, uint64_t Value);
  void prefixes(uint8_t Prefix, bool Wide, Reg Register, Reg Index, Reg Base,
                bool ByteRegisters);
  void registers(uint8_t Prefix, bool Wide, unsigned Escape, uint8_t Op,
                 Reg Register, Reg Rm, bool ByteRegisters = false);
  void memory(uint8_t Prefix, bool Wide, unsigned Escape, uint8_t Op,
              Reg Register, const Mem &M, bool ByteRegister = false);
  void operand(Reg Register, const Mem &M);
  void immediate(const Mem &M, unsigned Size, int32_t Value);
  static uint8_t prefixFor(unsigned Size) { return Size == 2 ? 0x66 : 0; }

  ElfObject::Section &Text;
  std::vector<LabelInfo> Labels;
  std::vector<std::pair<uint32_t, Label>> Jumps;
};

} // namespace reopt::baseline

#endif // REOPT_LIB_BASELINE_X86ASSEMBLER_H
