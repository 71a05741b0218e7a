//===- X86AssemblerTest.cpp - Tests of X86Assembler ----------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLVM's disassembler reads what is emitted: one instruction, of the length of
// the bytes, and the one that was asked for.
//
//===----------------------------------------------------------------------===//

#include "baseline/X86Assembler.h"

#include "llvm-c/Disassembler.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/TargetSelect.h"
#include "gtest/gtest.h"

#include <functional>

using namespace llvm;
using namespace reopt::baseline;

namespace {

constexpr const char *Names64[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp",
                                   "rsi", "rdi", "r8",  "r9",  "r10", "r11",
                                   "r12", "r13", "r14", "r15"};
constexpr const char *Names32[] = {
    "eax", "ecx", "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
    "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"};
constexpr const char *Names16[] = {
    "ax",  "cx",  "dx",   "bx",   "sp",   "bp",   "si",   "di",
    "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"};
constexpr const char *Names8[] = {"al",   "cl",   "dl",   "bl",  "spl",  "bpl",
                                  "sil",  "dil",  "r8b",  "r9b", "r10b", "r11b",
                                  "r12b", "r13b", "r14b", "r15b"};
constexpr const char *Conditions[] = {"o",  "no", "b",  "ae", "e", "ne",
                                      "be", "a",  "s",  "ns", "p", "np",
                                      "l",  "ge", "le", "g"};
constexpr std::pair<Alu, const char *> AluOps[] = {
    {Alu::Add, "add"}, {Alu::Or, "or"},   {Alu::Adc, "adc"}, {Alu::Sbb, "sbb"},
    {Alu::And, "and"}, {Alu::Sub, "sub"}, {Alu::Xor, "xor"}, {Alu::Cmp, "cmp"}};
constexpr unsigned Sizes[] = {1, 2, 4, 8};

std::string name(Reg R, unsigned Size = 8) {
  if (isVector(R))
    return "xmm" + std::to_string(R - XMM0);
  switch (Size) {
  case 1:
    return Names8[R];
  case 2:
    return Names16[R];
  case 4:
    return Names32[R];
  default:
    return Names64[R];
  }
}

/// As the disassembler writes it, with Intel's syntax. \p Size 0 for no size.
std::string name(const Mem &M, unsigned Size) {
  std::string Text = Size == 1    ? "byte ptr "
                     : Size == 2  ? "word ptr "
                     : Size == 4  ? "dword ptr "
                     : Size == 8  ? "qword ptr "
                     : Size == 16 ? "xmmword ptr "
                                  : "";
  Text += "[";
  if (M.Symbol != ElfObject::NoSymbol)
    return Text + "rip]";
  if (M.Base == NoReg)
    return Text + std::to_string(M.Disp) + "]";
  Text += name(M.Base);
  if (M.Index != NoReg)
    Text += (M.Scale == 1 ? " + " : " + " + std::to_string(M.Scale) + "*") +
            name(M.Index);
  if (M.Disp)
    Text += (M.Disp > 0 ? " + " : " - ") +
            std::to_string(std::abs(int64_t(M.Disp)));
  return Text + "]";
}

class X86AssemblerTest : public testing::Test {
protected:
  static void SetUpTestSuite() {
    InitializeNativeTarget();
    InitializeNativeTargetDisassembler();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86Disassembler();
  }

  void SetUp() override {
    Disassembler =
        LLVMCreateDisasm("x86_64-linux-gnu", nullptr, 0, nullptr, nullptr);
    ASSERT_TRUE(Disassembler);
    ASSERT_TRUE(LLVMSetDisasmOptions(
        Disassembler, LLVMDisassembler_Option_AsmPrinterVariant));
  }
  void TearDown() override { LLVMDisasmDispose(Disassembler); }

  /// The instruction at \p At, of which that sets the length.
  std::string decode(size_t At, size_t &Length) {
    std::vector<uint8_t> Bytes(Text.Bytes.begin() + At, Text.Bytes.end());
    char Out[256] = "";
    Length = LLVMDisasmInstruction(Disassembler, Bytes.data(), Bytes.size(), 0,
                                   Out, sizeof(Out));
    std::string Clean;
    for (char C : std::string(Out)) {
      C = C == '\t' ? ' ' : C;
      if (C != ' ' || (!Clean.empty() && Clean.back() != ' '))
        Clean += C;
    }
    // A prefix is an instruction of its own to it.
    if (Clean == "lock") {
      size_t Rest;
      Clean += " " + decode(At + Length, Rest);
      Length += Rest;
    }
    return Clean;
  }

  /// What \p Emit emits is one of \p Expected. False after the first that is
  /// not, for loops to end.
  bool expect(const std::function<void(X86Assembler &)> &Emit,
              std::initializer_list<std::string> Expected) {
    Text.Bytes.clear();
    Text.Relocations.clear();
    X86Assembler A(Text);
    Emit(A);
    size_t Length;
    const std::string Got = decode(0, Length);
    const bool Right =
        is_contained(Expected, Got) && Length == Text.Bytes.size();
    EXPECT_TRUE(Right) << "got " << Got << ", " << Length << " of "
                       << Text.Bytes.size() << " bytes; expected "
                       << *Expected.begin();
    return Right;
  }

  static std::vector<Reg> general() {
    std::vector<Reg> All;
    for (unsigned R = RAX; R <= R15; ++R)
      All.push_back(Reg(R));
    return All;
  }
  static std::vector<Reg> vectors() {
    std::vector<Reg> All;
    for (unsigned R = XMM0; R <= XMM15; ++R)
      All.push_back(Reg(R));
    return All;
  }

  /// Operands of all kinds.
  static std::vector<Mem> memory() {
    std::vector<Mem> All;
    for (int32_t Disp : {0, 1, -1, 127, -128, 128, -129, 0x12345678, INT32_MIN})
      for (Reg Base : general()) {
        All.push_back(Mem::at(Base, Disp));
        for (Reg Index : {RCX, RBP, R8, R12, R13, R15})
          for (uint8_t Scale : {1, 2, 4, 8}) {
            Mem M = Mem::at(Base, Disp);
            M.Index = Index;
            M.Scale = Scale;
            All.push_back(M);
          }
      }
    for (int32_t Disp : {0, 8, 0x1000, INT32_MAX, -8})
      All.push_back(Mem::at(NoReg, Disp));
    All.push_back(Mem::toSymbol(7, ELF::R_X86_64_PC32, 24));
    return All;
  }

  /// A few of them, for instructions of which there are many.
  static std::vector<Mem> someMemory() {
    std::vector<Mem> Some = {Mem::at(RSP),
                             Mem::at(R12, 8),
                             Mem::at(RBP),
                             Mem::at(R13),
                             Mem::at(RBP, -300),
                             Mem::at(RAX, 127),
                             Mem::at(R9, -129),
                             Mem::at(NoReg, 0x1234),
                             Mem::toSymbol(7, ELF::R_X86_64_PC32, 24)};
    Mem M = Mem::at(R13, 0);
    M.Index = R12;
    M.Scale = 8;
    Some.push_back(M);
    M = Mem::at(RSP, 16);
    M.Index = RDI;
    Some.push_back(M);
    return Some;
  }

  LLVMDisasmContextRef Disassembler = nullptr;
  ElfObject::Section Text;
};

TEST_F(X86AssemblerTest, MovesBetweenRegisters) {
  for (Reg To : general())
    for (Reg From : general())
      for (unsigned Size : Sizes) {
        if (To == From) {
          Text.Bytes.clear();
          X86Assembler(Text).mov(Size, To, From);
          ASSERT_TRUE(Text.Bytes.empty());
          continue;
        }
        const unsigned Named = Size == 8 ? 8 : 4;
        ASSERT_TRUE(
            expect([&](X86Assembler &A) { A.mov(Size, To, From); },
                   {"mov " + name(To, Named) + ", " + name(From, Named)}));
      }
  for (Reg V : vectors()) {
    for (Reg W : vectors())
      if (V != W) {
        ASSERT_TRUE(expect([&](X86Assembler &A) { A.mov(8, V, W); },
                           {"movaps " + name(V) + ", " + name(W)}));
      }
    for (Reg R : general())
      for (unsigned Size : {4u, 8u}) {
        const std::string Op = Size == 8 ? "movq " : "movd ";
        ASSERT_TRUE(expect([&](X86Assembler &A) { A.mov(Size, V, R); },
                           {Op + name(V) + ", " + name(R, Size)}));
        ASSERT_TRUE(expect([&](X86Assembler &A) { A.mov(Size, R, V); },
                           {Op + name(R, Size) + ", " + name(V)}));
      }
  }
}

TEST_F(X86AssemblerTest, LoadsAndStoresOfAllOperands) {
  for (const Mem &M : memory())
    for (Reg R : {RAX, RSP, RSI, R8, R12, R15})
      for (unsigned Size : Sizes) {
        ASSERT_TRUE(
            expect([&](X86Assembler &A) { A.load(Size, R, M); },
                   {(Size < 4 ? "movzx " : "mov ") +
                    name(R, std::max(Size, 4u)) + ", " + name(M, Size)}));
        ASSERT_TRUE(expect([&](X86Assembler &A) { A.store(Size, M, R); },
                           {"mov " + name(M, Size) + ", " + name(R, Size)}));
      }
  for (const Mem &M : someMemory()) {
    for (Reg R : general()) {
      for (unsigned Size : Sizes)
        ASSERT_TRUE(expect([&](X86Assembler &A) { A.store(Size, M, R); },
                           {"mov " + name(M, Size) + ", " + name(R, Size)}));
      ASSERT_TRUE(expect([&](X86Assembler &A) { A.lea(R, M); },
                         {"lea " + name(R) + ", " + name(M, 0)}));
    }
    for (Reg R : vectors())
      for (unsigned Size : {4u, 8u}) {
        const std::string Op = Size == 8 ? "movsd " : "movss ";
        ASSERT_TRUE(expect([&](X86Assembler &A) { A.load(Size, R, M); },
                           {Op + name(R) + ", " + name(M, Size)}));
        ASSERT_TRUE(expect([&](X86Assembler &A) { A.store(Size, M, R); },
                           {Op + name(M, Size) + ", " + name(R)}));
      }
  }
}

TEST_F(X86AssemblerTest, Immediates) {
  for (int32_t Value : {0, 1, -1, 127, 128, -128, -129, 255, 32767, -32768,
                        INT32_MAX, INT32_MIN})
    for (unsigned Size : Sizes) {
      if (Size < 4 && !isIntN(8 * Size, Value))
        continue;
      const std::string Signed = std::to_string(Value);
      const std::string Unsigned =
          std::to_string(uint64_t(int64_t(Value)) &
                         (Size == 8 ? ~0ull : (1ull << (8 * Size)) - 1));
      for (const Mem &M : someMemory()) {
        const std::string Mov = "mov " + name(M, Size) + ", ";
        ASSERT_TRUE(
            expect([&](X86Assembler &A) { A.storeImmediate(Size, M, Value); },
                   {Mov + Signed, Mov + Unsigned}));
        for (auto [Op, Name] : AluOps) {
          const std::string Front = Name + (" " + name(M, Size)) + ", ";
          ASSERT_TRUE(expect(
              [&, Op = Op](X86Assembler &A) {
                A.aluImmediate(Op, Size, M, Value);
              },
              {Front + Signed, Front + Unsigned}));
        }
      }
      for (Reg R : general()) {
        for (auto [Op, Name] : AluOps) {
          const std::string Front = Name + (" " + name(R, Size)) + ", ";
          ASSERT_TRUE(expect(
              [&, Op = Op](X86Assembler &A) {
                A.aluImmediate(Op, Size, R, Value);
              },
              {Front + Signed, Front + Unsigned}));
        }
        if (Size < 4)
          continue;
        for (Reg From : {RAX, RSP, R12, R9}) {
          const std::string Front =
              "imul " + name(R, Size) + ", " + name(From, Size) + ", ";
          ASSERT_TRUE(expect(
              [&](X86Assembler &A) { A.imulImmediate(Size, R, From, Value); },
              {Front + Signed, Front + Unsigned}));
        }
      }
    }
}

TEST_F(X86AssemblerTest, ConstantsInRegisters) {
  for (Reg R : general()) {
    ASSERT_TRUE(expect([&](X86Assembler &A) { A.loadImmediate(R, 0); },
                       {"xor " + name(R, 4) + ", " + name(R, 4)}));
    for (uint32_t Value : {1u, 0x7fffffffu, 0x80000000u, 0xffffffffu})
      ASSERT_TRUE(expect(
          [&](X86Assembler &A) { A.loadImmediate(R, Value); },
          {"mov " + name(R, 4) + ", " + std::to_string(Value),
           "mov " + name(R, 4) + ", " + std::to_string(int32_t(Value))}));
    for (int64_t Value : {-1ll, -128ll, int64_t(INT32_MIN) + 0ll})
      ASSERT_TRUE(expect([&](X86Assembler &A) { A.loadImmediate(R, Value); },
                         {"mov " + name(R) + ", " + std::to_string(Value)}));
    for (int64_t Value : std::initializer_list<int64_t>{
             0x100000000, 0x123456789abcdef0, INT64_MAX, INT64_MIN,
             int64_t(INT32_MIN) - 1})
      ASSERT_TRUE(expect([&](X86Assembler &A) { A.loadImmediate(R, Value); },
                         {"movabs " + name(R) + ", " + std::to_string(Value)}));
  }
}

TEST_F(X86AssemblerTest, ArithmeticOfTwoRegisters) {
  for (Reg L : general())
    for (Reg R : general()) {
      for (unsigned Size : Sizes) {
        const std::string Both = " " + name(L, Size) + ", " + name(R, Size);
        for (auto [Op, Name] : AluOps)
          ASSERT_TRUE(
              expect([&, Op = Op](X86Assembler &A) { A.alu(Op, Size, L, R); },
                     {Name + Both}));
        ASSERT_TRUE(expect([&](X86Assembler &A) { A.test(Size, L, R); },
                           {"test" + Both}));
        if (Size < 4)
          continue;
        ASSERT_TRUE(expect([&](X86Assembler &A) { A.imul(Size, L, R); },
                           {"imul" + Both}));
        ASSERT_TRUE(
            expect([&](X86Assembler &A) { A.bitScan(true, Size, L, R); },
                   {"bsr" + Both}));
        ASSERT_TRUE(
            expect([&](X86Assembler &A) { A.bitScan(false, Size, L, R); },
                   {"bsf" + Both}));
        for (unsigned C = 0; C < 16; ++C)
          ASSERT_TRUE(
              expect([&](X86Assembler &A) { A.cmov(Cond(C), Size, L, R); },
                     {std::string("cmov") + Conditions[C] + Both}));
      }
      for (unsigned From : {1u, 2u, 4u})
        for (unsigned To : {2u, 4u, 8u})
          for (bool Signed : {false, true}) {
            if (To <= From)
              continue;
            const bool Wide = Signed && To == 8;
            const std::string Op = From == 4 ? (Wide ? "movsxd " : "mov ")
                                   : Signed  ? "movsx "
                                             : "movzx ";
            ASSERT_TRUE(expect(
                [&](X86Assembler &A) { A.extend(Signed, From, To, L, R); },
                {Op + name(L, Wide ? 8 : 4) + ", " + name(R, From)}));
          }
    }
}

TEST_F(X86AssemblerTest, ArithmeticWithMemory) {
  for (const Mem &M : someMemory())
    for (Reg R : general()) {
      for (unsigned Size : Sizes) {
        const std::string Place = name(M, Size), Register = name(R, Size);
        for (auto [Op, Name] : AluOps)
          ASSERT_TRUE(
              expect([&, Op = Op](X86Assembler &A) { A.alu(Op, Size, R, M); },
                     {Name + (" " + Register) + ", " + Place}));
        ASSERT_TRUE(expect([&](X86Assembler &A) { A.xchg(Size, M, R); },
                           {"xchg " + Place + ", " + Register,
                            "xchg " + Register + ", " + Place}));
        ASSERT_TRUE(expect([&](X86Assembler &A) { A.lockXadd(Size, M, R); },
                           {"lock xadd " + Place + ", " + Register}));
        ASSERT_TRUE(expect([&](X86Assembler &A) { A.lockCmpxchg(Size, M, R); },
                           {"lock cmpxchg " + Place + ", " + Register}));
      }
      for (unsigned From : {1u, 2u, 4u})
        for (bool Signed : {false, true}) {
          const std::string Op = From == 4 ? (Signed ? "movsxd " : "mov ")
                                 : Signed  ? "movsx "
                                           : "movzx ";
          ASSERT_TRUE(expect(
              [&](X86Assembler &A) { A.loadExtended(Signed, From, 8, R, M); },
              {Op + name(R, Signed ? 8 : 4) + ", " + name(M, From)}));
        }
    }
}

TEST_F(X86AssemblerTest, InstructionsOfOneRegister) {
  constexpr const char *Group3[] = {"",    "",     "not", "neg",
                                    "mul", "imul", "div", "idiv"};
  constexpr std::pair<Shift, const char *> Shifts[] = {
      {Shift::Left, "shl "},
      {Shift::LogicalRight, "shr "},
      {Shift::ArithmeticRight, "sar "}};
  for (Reg R : general()) {
    for (unsigned Size : {4u, 8u}) {
      for (unsigned E = 2; E < 8; ++E)
        ASSERT_TRUE(expect([&](X86Assembler &A) { A.group3(E, Size, R); },
                           {Group3[E] + (" " + name(R, Size))}));
      for (auto [Op, Name] : Shifts) {
        for (unsigned Count : {0u, 1u, 5u, 8 * Size - 1})
          ASSERT_TRUE(expect(
              [&, Op = Op](X86Assembler &A) { A.shift(Op, Size, R, Count); },
              {Name + name(R, Size) + ", " + std::to_string(Count)}));
        ASSERT_TRUE(
            expect([&, Op = Op](X86Assembler &A) { A.shiftByCl(Op, Size, R); },
                   {Name + name(R, Size) + ", cl"}));
      }
      ASSERT_TRUE(expect([&](X86Assembler &A) { A.bswap(Size, R); },
                         {"bswap " + name(R, Size)}));
    }
    for (unsigned C = 0; C < 16; ++C)
      ASSERT_TRUE(
          expect([&](X86Assembler &A) { A.setcc(Cond(C), R); },
                 {std::string("set") + Conditions[C] + " " + name(R, 1)}));
    ASSERT_TRUE(expect([&](X86Assembler &A) { A.testByte(R, 1); },
                       {"test " + name(R, 1) + ", 1"}));
    ASSERT_TRUE(
        expect([&](X86Assembler &A) { A.push(R); }, {"push " + name(R)}));
    ASSERT_TRUE(
        expect([&](X86Assembler &A) { A.call(R); }, {"call " + name(R)}));
    ASSERT_TRUE(
        expect([&](X86Assembler &A) { A.patch(A.leaFromRsp(R), 0x12345); },
               {"lea " + name(R) + ", [rsp + 74565]"}));
  }
  expect([](X86Assembler &A) { A.patch(A.subtractFromRsp(), 4096); },
         {"sub rsp, 4096"});
  expect([](X86Assembler &A) { A.signExtendRax(4); }, {"cdq"});
  expect([](X86Assembler &A) { A.signExtendRax(8); }, {"cqo"});
  expect([](X86Assembler &A) { A.mfence(); }, {"mfence"});
  expect([](X86Assembler &A) { A.leave(); }, {"leave"});
  expect([](X86Assembler &A) { A.ret(); }, {"ret"});
  expect([](X86Assembler &A) { A.trap(); }, {"ud2"});
  expect([](X86Assembler &A) { A.debugTrap(); }, {"int3"});
}

TEST_F(X86AssemblerTest, VectorInstructions) {
  struct Instruction {
    uint8_t Prefix, Op;
    const char *Name;
    unsigned Bytes;
  };
  constexpr Instruction All[] = {
      {0, 0x57, "xorps", 16},      {0, 0x54, "andps", 16},
      {0, 0x10, "movups", 16},     {0, 0x2E, "ucomiss", 4},
      {0x66, 0x2E, "ucomisd", 8},  {0xF2, 0x58, "addsd", 8},
      {0xF3, 0x58, "addss", 4},    {0xF2, 0x59, "mulsd", 8},
      {0xF3, 0x59, "mulss", 4},    {0xF2, 0x5C, "subsd", 8},
      {0xF3, 0x5C, "subss", 4},    {0xF2, 0x5E, "divsd", 8},
      {0xF3, 0x5E, "divss", 4},    {0xF2, 0x51, "sqrtsd", 8},
      {0xF3, 0x51, "sqrtss", 4},   {0xF2, 0x5A, "cvtsd2ss", 8},
      {0xF3, 0x5A, "cvtss2sd", 4},
  };
  for (Reg L : vectors()) {
    for (const Instruction &I : All) {
      const std::string Front = I.Name + (" " + name(L)) + ", ";
      for (Reg R : vectors())
        ASSERT_TRUE(
            expect([&](X86Assembler &A) { A.vector(I.Prefix, I.Op, L, R); },
                   {Front + name(R)}));
      for (const Mem &M : someMemory())
        ASSERT_TRUE(
            expect([&](X86Assembler &A) { A.vector(I.Prefix, I.Op, L, M); },
                   {Front + name(M, I.Bytes)}));
    }
    for (const Mem &M : someMemory())
      ASSERT_TRUE(expect([&](X86Assembler &A) { A.vector(0, 0x11, L, M); },
                         {"movups " + name(M, 16) + ", " + name(L)}));
    for (Reg R : general())
      for (bool Wide : {false, true})
        for (bool Double : {false, true}) {
          const uint8_t Prefix = Double ? 0xF2 : 0xF3;
          const std::string Register = name(R, Wide ? 8 : 4);
          ASSERT_TRUE(expect(
              [&](X86Assembler &A) { A.vector(Prefix, 0x2A, L, R, Wide); },
              {(Double ? "cvtsi2sd " : "cvtsi2ss ") + name(L) + ", " +
               Register}));
          ASSERT_TRUE(expect(
              [&](X86Assembler &A) { A.vector(Prefix, 0x2C, R, L, Wide); },
              {(Double ? "cvttsd2si " : "cvttss2si ") + Register + ", " +
               name(L)}));
        }
  }
}

TEST_F(X86AssemblerTest, JumpsReachTheirLabels) {
  X86Assembler A(Text);
  const auto Back = A.makeLabel(), Forth = A.makeLabel();
  A.trap();
  A.bind(Back);
  EXPECT_TRUE(A.isBound(Back));
  EXPECT_FALSE(A.isBound(Forth));
  std::vector<std::pair<uint32_t, std::string>> Jumps;
  auto Add = [&](const std::string &Name, bool IsBack, auto Emit) {
    Jumps.push_back({A.here(), Name + (IsBack ? " back" : "")});
    Emit(IsBack ? Back : Forth);
  };
  for (bool IsBack : {true, false}) {
    Add("jmp", IsBack, [&](X86Assembler::Label L) { A.jump(L); });
    for (unsigned C = 0; C < 16; ++C)
      Add(std::string("j") + Conditions[C], IsBack,
          [&](X86Assembler::Label L) { A.jump(Cond(C), L); });
  }
  for (int I = 0; I < 300; ++I)
    A.debugTrap();
  A.bind(Forth);
  A.ret();
  A.resolve();
  for (auto &[At, Name] : Jumps) {
    size_t Length;
    const std::string Got = decode(At, Length);
    const bool IsBack = Name.back() == 'k' && Name.find(' ') != Name.npos;
    const int64_t Distance =
        int64_t(A.getOffset(IsBack ? Back : Forth)) - int64_t(At + Length);
    EXPECT_EQ(Got,
              Name.substr(0, Name.find(' ')) + " " + std::to_string(Distance));
  }
}

// The linker adds to the place of the number, which is not where the next
// instruction is.
TEST_F(X86AssemblerTest, DistancesCountFromTheInstructionsEnd) {
  const Mem M = Mem::toSymbol(7, ELF::R_X86_64_PC32, 24);
  auto Check = [&](const std::function<void(X86Assembler &)> &Emit) {
    Text.Bytes.clear();
    Text.Relocations.clear();
    X86Assembler A(Text);
    A.ret();
    Emit(A);
    ASSERT_EQ(Text.Relocations.size(), 1u);
    const auto &R = Text.Relocations[0];
    EXPECT_EQ(R.Type, uint32_t(ELF::R_X86_64_PC32));
    EXPECT_EQ(R.Symbol, 7u);
    EXPECT_EQ(R.Addend, 24 - int64_t(Text.Bytes.size() - R.Offset));
    EXPECT_EQ(StringRef(Text.Bytes.data() + R.Offset, 4),
              StringRef("\0\0\0\0", 4));
  };
  for (unsigned Size : Sizes) {
    Check([&](X86Assembler &A) { A.load(Size, R9, M); });
    Check([&](X86Assembler &A) { A.store(Size, M, R9); });
    Check([&](X86Assembler &A) { A.storeImmediate(Size, M, 5); });
    Check([&](X86Assembler &A) { A.storeImmediate(Size, M, -1); });
    for (int32_t Value : {5, 100, Size == 1 ? 7 : 300})
      Check([&](X86Assembler &A) { A.aluImmediate(Alu::Sub, Size, M, Value); });
    Check([&](X86Assembler &A) { A.lockXadd(Size, M, R9); });
    Check([&](X86Assembler &A) { A.lockCmpxchg(Size, M, RSI); });
    Check([&](X86Assembler &A) { A.xchg(Size, M, RSI); });
  }
  Check([&](X86Assembler &A) { A.lea(RAX, M); });
  Check([&](X86Assembler &A) { A.vector(0xF2, 0x58, XMM9, M); });
}

TEST_F(X86AssemblerTest, CallsOfSymbolsAreLeftToTheLinker) {
  X86Assembler A(Text);
  A.ret();
  A.call(ElfObject::SymbolId(3));
  ASSERT_EQ(Text.Relocations.size(), 1u);
  const auto &R = Text.Relocations[0];
  EXPECT_EQ(R.Offset, 2u);
  EXPECT_EQ(R.Type, uint32_t(ELF::R_X86_64_PLT32));
  EXPECT_EQ(R.Symbol, 3u);
  EXPECT_EQ(R.Addend, -4);
  size_t Length;
  EXPECT_EQ(decode(1, Length), "call 0");
  EXPECT_EQ(Length, 5u);
}

} // namespace
