//===- BaselineCompilerTest.cpp - Arithmetic of baseline code ------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What computes a number from numbers, in all widths, with variables and with
// constants. The IR has neither undefined behaviour nor poison: what would have
// is guarded.
//
//===----------------------------------------------------------------------===//

#include "BaselineTest.h"

#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace reopt;

namespace {

class BaselineArithmeticTest : public BaselineTest {};

constexpr unsigned Widths[] = {8, 16, 32, 64};

/// Constants of \p Bits bits, as IR writes them.
std::vector<int64_t> getConstants(unsigned Bits) {
  std::vector<int64_t> All = {0, 1, 2, 3, 5, 7, 16, 100, 127, -1, -2, -7, -128};
  All.push_back(minIntN(Bits));
  All.push_back(maxIntN(Bits));
  if (Bits >= 16)
    All.insert(All.end(), {128, 255, 1000, -129});
  if (Bits >= 32)
    All.insert(All.end(), {65535, 0x12345678, -0x12345678});
  if (Bits == 64)
    All.insert(All.end(), {0x7fffffff, 0x80000000, 0xffffffff, -0x80000000ll,
                           -0x80000001ll, 0x123456789abcdef0});
  llvm::sort(All);
  All.erase(llvm::unique(All), All.end());
  return All;
}

TEST_F(BaselineArithmeticTest, BinaryOperationsOfVariables) {
  std::string Text;
  for (unsigned Bits : Widths)
    for (const char *Op : {"add", "sub", "mul", "and", "or", "xor"}) {
      const std::string T = Op + (" " + intType(Bits));
      Text += intFunction(T + " x y", Bits, "  %r = " + T + " %x, %y\n");
      Text += intFunction(T + " x x", Bits, "  %r = " + T + " %x, %x\n");
      // Both operands are needed afterwards.
      Text +=
          intFunction(T + " kept", Bits,
                      "  %s = " + T + " %x, %y\n  %t = " + T +
                          " %y, %s\n  %r = sub " + intType(Bits) + " %t, %x\n");
    }
  for (const char *Op : {"and", "or", "xor"})
    for (const char *Right : {"%y", "true", "false"})
      Text += intFunction(
          std::string(Op) + " i1 " + Right, 1,
          fill("  %r = $o i1 %x, $r\n", {{"$o", Op}, {"$r", Right}}));
  linkAndCompare(Text);
}

TEST_F(BaselineArithmeticTest, BinaryOperationsWithConstants) {
  std::string Text;
  for (unsigned Bits : Widths)
    for (const char *Op : {"add", "sub", "mul", "and", "or", "xor"})
      for (int64_t C : getConstants(Bits)) {
        const std::string T = Op + (" " + intType(Bits)), N = std::to_string(C);
        Text += intFunction(T + " x " + N, Bits,
                            "  %r = " + T + " %x, " + N + "\n");
        Text += intFunction(T + " " + N + " x", Bits,
                            "  %r = " + T + " " + N + ", %x\n");
      }
  linkAndCompare(Text);
}

/// Defines %d as %y, or 3 if %x divided by that is undefined.
std::string guardDivisor(unsigned Bits) {
  return fill("  %zero = icmp eq $T %y, 0\n"
              "  %minus = icmp eq $T %y, -1\n"
              "  %least = icmp eq $T %x, $min\n"
              "  %over = and i1 %minus, %least\n"
              "  %bad = or i1 %zero, %over\n"
              "  %d = select i1 %bad, $T 3, $T %y\n",
              {{"$T", intType(Bits)}, {"$min", std::to_string(minIntN(Bits))}});
}

TEST_F(BaselineArithmeticTest, DivisionsByVariables) {
  std::string Text;
  for (unsigned Bits : Widths)
    for (const char *Op : {"sdiv", "udiv", "srem", "urem"}) {
      const std::string T = Op + (" " + intType(Bits));
      Text += intFunction(T, Bits,
                          guardDivisor(Bits) + "  %r = " + T + " %x, %d\n");
      // The divisor and the dividend are needed again.
      Text += intFunction(T + " kept", Bits,
                          guardDivisor(Bits) +
                              fill("  %q = $t %x, %d\n"
                                   "  %s = add $T %q, %x\n"
                                   "  %r = xor $T %s, %d\n",
                                   {{"$t", T}, {"$T", intType(Bits)}}));
      Text += intFunction(T + " of a constant", Bits,
                          guardDivisor(Bits) + "  %r = " + T + " 99, %d\n");
    }
  linkAndCompare(Text);
}

TEST_F(BaselineArithmeticTest, DivisionsByConstants) {
  std::string Text;
  for (unsigned Bits : Widths)
    for (const char *Op : {"sdiv", "udiv", "srem", "urem"}) {
      auto Divisors = getConstants(Bits);
      for (unsigned Power = 0; Power < Bits - 1; ++Power)
        Divisors.push_back(1ll << Power);
      llvm::sort(Divisors);
      Divisors.erase(llvm::unique(Divisors), Divisors.end());
      for (int64_t D : Divisors) {
        if (D == 0)
          continue;
        const std::string T = intType(Bits);
        Text += intFunction(
            fill("$o $T $d",
                 {{"$o", Op}, {"$T", T}, {"$d", std::to_string(D)}}),
            Bits,
            // Of -1 and the least number there is no quotient.
            fill("  %least = icmp eq $T %x, $min\n"
                 "  %n = select i1 %least, $T $instead, $T %x\n"
                 "  %r = $o $T %n, $d\n",
                 {{"$T", T},
                  {"$min", std::to_string(minIntN(Bits))},
                  {"$instead", D == -1 ? "5" : std::to_string(minIntN(Bits))},
                  {"$o", Op},
                  {"$d", std::to_string(D)}}));
      }
    }
  linkAndCompare(Text);
}

TEST_F(BaselineArithmeticTest, ExactDivisions) {
  std::string Text;
  for (unsigned Bits : Widths)
    for (const char *Op : {"sdiv", "udiv"})
      for (int64_t D : {1, 2, 3, 4, 8, 12, 24, 40, 56, 64, 100, -3, -8})
        Text += intFunction(fill("$o exact $T $d", {{"$o", Op},
                                                    {"$T", intType(Bits)},
                                                    {"$d", std::to_string(D)}}),
                            Bits,
                            fill("  %q = $o $T %x, $d\n"
                                 "  %p = mul $T %q, $d\n"
                                 "  %r = $o exact $T %p, $d\n",
                                 {{"$o", Op},
                                  {"$T", intType(Bits)},
                                  {"$d", std::to_string(D)}}));
  linkAndCompare(Text);
}

TEST_F(BaselineArithmeticTest, Shifts) {
  std::string Text;
  for (unsigned Bits : Widths)
    for (const char *Op : {"shl", "lshr", "ashr"}) {
      const std::string T = intType(Bits), Mask = std::to_string(Bits - 1);
      for (const char *Form :
           {"  %r = $o $T %x, %n\n", "  %r = $o $T -77, %n\n",
            "  %r = $o $T %n, %n\n",
            "  %s = $o $T %x, %n\n  %t = add $T %s, %n\n  %r = sub $T %t, "
            "%x\n"})
        Text += intFunction(
            std::string(Op) + " " + T + std::to_string(Text.size()), Bits,
            "  %n = and " + T + " %y, " + Mask + "\n" +
                fill(Form, {{"$o", Op}, {"$T", T}}));
      for (unsigned Count : {0u, 1u, 3u, Bits / 2, Bits - 1})
        Text += intFunction(
            fill("$o $T $c",
                 {{"$o", Op}, {"$T", T}, {"$c", std::to_string(Count)}}) +
                (Count == Bits / 2 ? "half" : ""),
            Bits,
            fill("  %r = $o $T %x, $c\n",
                 {{"$o", Op}, {"$T", T}, {"$c", std::to_string(Count)}}));
    }
  linkAndCompare(Text);
}

TEST_F(BaselineArithmeticTest, FloatOperations) {
  std::string Text;
  for (unsigned Bits : {32u, 64u}) {
    const std::string T = floatType(Bits);
    for (const char *Op : {"fadd", "fsub", "fmul", "fdiv"})
      for (const char *Operands :
           {"%x, %y", "%x, %x", "%x, 1.5", "0.0, %x", "-0.0, %x", "%x, -0.0",
            "%x, 0x7FF0000000000000", "-1.0, %x"})
        Text += floatFunction(
            fill("$o $T $x", {{"$o", Op}, {"$T", T}, {"$x", Operands}}), Bits,
            fill("  %r = $o $T $x\n",
                 {{"$o", Op}, {"$T", T}, {"$x", Operands}}));
    Text += floatFunction("fneg " + T, Bits, "  %r = fneg " + T + " %x\n",
                          /*OneNaN=*/false);
    Text += floatFunction("kept " + T, Bits,
                          fill("  %n = fneg $T %x\n"
                               "  %p = fmul $T %x, %y\n"
                               "  %q = fsub $T %n, %p\n"
                               "  %r = fadd $T %q, %y\n",
                               {{"$T", T}}));
  }
  linkAndCompare(Text);
}

TEST_F(BaselineArithmeticTest, IntegerCasts) {
  std::string Text;
  constexpr unsigned All[] = {1, 8, 16, 32, 64};
  for (unsigned From : All)
    for (unsigned To : All) {
      if (From == To)
        continue;
      std::vector<const char *> Ops = {"trunc"};
      if (From < To)
        Ops = {"zext", "sext"};
      for (const char *Op : Ops) {
        const std::string Cast =
            fill("$o $F %x to $T",
                 {{"$o", Op}, {"$F", intType(From)}, {"$T", intType(To)}});
        Text += intFunction(Cast, From, "  %r = " + Cast + "\n", To);
        // What is above the bits of a sum means nothing.
        if (From > 1)
          Text += intFunction(
              Cast + " of a sum", From,
              fill("  %s = add $F %x, %y\n"
                   "  %r = $o $F %s to $T\n",
                   {{"$o", Op}, {"$F", intType(From)}, {"$T", intType(To)}}),
              To);
      }
    }
  for (unsigned Bits : Widths)
    Text += intFunction("ptrtoint " + intType(Bits), 64,
                        fill("  %p = inttoptr i64 %x to ptr\n"
                             "  %r = ptrtoint ptr %p to $T\n",
                             {{"$T", intType(Bits)}}),
                        Bits);
  linkAndCompare(Text);
}

/// A power of two as an IR constant, of both kinds of floats.
std::string powerOf2(unsigned Exponent, bool Negative = false) {
  char Hex[32];
  snprintf(Hex, sizeof(Hex), "0x%llX",
           (uint64_t(1023 + Exponent) << 52 | uint64_t(Negative) << 63) + 0ull);
  return Hex;
}

TEST_F(BaselineArithmeticTest, FloatCasts) {
  std::string Text;
  for (unsigned FloatBits : {32u, 64u}) {
    const std::string F = floatType(FloatBits);
    for (unsigned Bits : {1u, 8u, 16u, 32u, 64u})
      for (const char *Op : {"sitofp", "uitofp"}) {
        if (Bits == 1 && Op[0] == 's')
          continue;
        const std::string Cast = fill(
            "$o $T %x to $F", {{"$o", Op}, {"$T", intType(Bits)}, {"$F", F}});
        Text += "define i64 @\"" + Cast + "\"(i64 %a, i64 %b) {\n" +
                narrow("x", "a", Bits) + "  %r = " + Cast + "\n" +
                returnFloat(FloatBits);
      }
    for (unsigned Bits : Widths)
      for (bool Signed : {true, false}) {
        // Others have no result.
        const std::string Cast =
            fill("$o $F %v to $T", {{"$o", Signed ? "fptosi" : "fptoui"},
                                    {"$T", intType(Bits)},
                                    {"$F", F}});
        Text += "define i64 @\"" + Cast + "\"(i64 %a, i64 %b) {\n" +
                narrowFloat("x", "a", FloatBits) +
                fill("  %above = fcmp $p $F %x, $lo\n"
                     "  %below = fcmp olt $F %x, $hi\n"
                     "  %in = and i1 %above, %below\n"
                     "  %v = select i1 %in, $F %x, $F 42.75\n"
                     "  %r = $c\n",
                     {{"$p", Signed ? "oge" : "ogt"},
                      {"$lo", Signed ? powerOf2(Bits - 1, true) : "-1.0"},
                      {"$hi", powerOf2(Signed ? Bits - 1 : Bits)},
                      {"$c", Cast},
                      {"$F", F}}) +
                returnInt(Bits);
      }
    Text += floatFunction("bitcast " + F, FloatBits,
                          "  %r = freeze " + F + " %x\n", /*OneNaN=*/false);
  }
  Text += "define i64 @fpext(i64 %a, i64 %b) {\n" + narrowFloat("x", "a", 32) +
          "  %r = fpext float %x to double\n" + returnFloat(64);
  Text += "define i64 @fptrunc(i64 %a, i64 %b) {\n" +
          narrowFloat("x", "a", 64) + "  %r = fptrunc double %x to float\n" +
          returnFloat(32);
  linkAndCompare(Text);
}

TEST_F(BaselineArithmeticTest, Selects) {
  std::string Text;
  for (unsigned Bits : {1u, 8u, 16u, 32u, 64u}) {
    const std::string T = intType(Bits);
    for (const char *Values : {"$T %x, $T %y", "$T %y, $T %x", "$T %x, $T 0",
                               "$T -1, $T %x", "$T 0, $T -1", "$T %x, $T %x"})
      for (const char *Condition :
           {"icmp ult i64 %a, %b", "trunc i64 %a to i1"})
        Text += intFunction(fill(Values, {{"$T", T}}) + Condition, Bits,
                            std::string("  %c = ") + Condition +
                                "\n  %r = select i1 %c, " +
                                fill(Values, {{"$T", T}}) + "\n");
  }
  for (unsigned Bits : {32u, 64u})
    for (const char *Values :
         {"$T %x, $T %y", "$T %y, $T 0.0", "$T -0.0, $T %x", "$T %x, $T %x"}) {
      const std::string V = fill(Values, {{"$T", floatType(Bits)}});
      Text += floatFunction(V, Bits,
                            "  %c = icmp slt i64 %a, %b\n"
                            "  %r = select i1 %c, " +
                                V + "\n",
                            /*OneNaN=*/false);
      Text += floatFunction(V + " kept", Bits,
                            fill("  %c = icmp slt i64 %a, %b\n"
                                 "  %s = select i1 %c, $v\n"
                                 "  %d = select i1 %c, $T %y, $T %s\n"
                                 "  %r = select i1 %c, $T %s, $T %d\n",
                                 {{"$v", V}, {"$T", floatType(Bits)}}),
                            /*OneNaN=*/false);
    }
  linkAndCompare(Text + R"(
    define i64 @pointers(i64 %a, i64 %b) {
      %p = inttoptr i64 %a to ptr
      %q = inttoptr i64 %b to ptr
      %c = icmp ult ptr %p, %q
      %s = select i1 %c, ptr %p, ptr null
      %r = ptrtoint ptr %s to i64
      ret i64 %r
    }
    define i64 @constant_conditions(i64 %a, i64 %b) {
      %s = select i1 true, i64 %a, i64 %b
      %t = select i1 false, i64 %s, i64 %b
      %r = sub i64 %s, %t
      ret i64 %r
    }
  )");
}

TEST_F(BaselineArithmeticTest, IntrinsicsOfIntegers) {
  std::string Text;
  for (unsigned Bits : {32u, 64u}) {
    const std::string T = intType(Bits);
    for (const char *Op : {"sadd", "uadd", "ssub", "usub", "smul", "umul"}) {
      const std::string Name = std::string(Op) + ".with.overflow." + T;
      Text += fill("declare {$T, i1} @llvm.$n($T, $T)\n",
                   {{"$T", T}, {"$n", Name}});
      for (const char *Operands :
           {"$T %x, $T %y", "$T %x, $T %x", "$T %x, $T 3", "$T 100, $T %x"}) {
        const std::string O = fill(Operands, {{"$T", T}});
        const std::string Call = fill("  %p = call {$T, i1} @llvm.$n($o)\n",
                                      {{"$T", T}, {"$n", Name}, {"$o", O}});
        Text +=
            intFunction(Name + O + " value", Bits,
                        Call + "  %r = extractvalue {" + T + ", i1} %p, 0\n");
        Text += intFunction(
            Name + O + " overflow", Bits,
            Call + "  %r = extractvalue {" + T + ", i1} %p, 1\n", 1);
      }
    }
    for (const char *Op : {"ctlz", "cttz", "abs"})
      Text +=
          fill("declare $T @llvm.$o.$T($T, i1)\n", {{"$T", T}, {"$o", Op}}) +
          intFunction(Op + T, Bits,
                      fill("  %r = call $T @llvm.$o.$T($T %x, i1 false)\n",
                           {{"$T", T}, {"$o", Op}}));
    Text += fill("declare $T @llvm.bswap.$T($T)\n", {{"$T", T}}) +
            intFunction(
                "bswap" + T, Bits,
                fill("  %r = call $T @llvm.bswap.$T($T %x)\n", {{"$T", T}}));
    Text += fill("declare $T @llvm.expect.$T($T, $T)\n", {{"$T", T}}) +
            intFunction("expect" + T, Bits,
                        fill("  %r = call $T @llvm.expect.$T($T %x, $T 1)\n",
                             {{"$T", T}}));
    for (const char *Op : {"fshl", "fshr"})
      for (const char *Count : {"%y", "0", "7", "31"})
        Text += intFunction(
            Op + T + Count, Bits,
            fill("  %r = call $T @llvm.$o.$T($T %x, $T %x, $T $c)\n",
                 {{"$T", T}, {"$o", Op}, {"$c", Count}}));
    for (const char *Op : {"fshl", "fshr"})
      Text +=
          fill("declare $T @llvm.$o.$T($T, $T, $T)\n", {{"$T", T}, {"$o", Op}});
    for (const char *Op : {"smin", "smax", "umin", "umax"})
      Text +=
          fill("declare $T @llvm.$o.$T($T, $T)\n", {{"$T", T}, {"$o", Op}}) +
          intFunction(Op + T, Bits,
                      fill("  %r = call $T @llvm.$o.$T($T %x, $T %y)\n",
                           {{"$T", T}, {"$o", Op}})) +
          intFunction(Op + T + "constant", Bits,
                      fill("  %r = call $T @llvm.$o.$T($T %x, $T 5)\n",
                           {{"$T", T}, {"$o", Op}}));
  }
  linkAndCompare(Text);
}

TEST_F(BaselineArithmeticTest, IntrinsicsOfFloats) {
  std::string Text = "attributes #0 = { \"target-cpu\"=\"x86-64\" "
                     "\"target-features\"=\"+sse2\" }\n";
  for (unsigned Bits : {32u, 64u}) {
    const std::string F = Bits == 32 ? "f32" : "f64", T = floatType(Bits);
    for (const char *Op : {"fabs", "sqrt", "floor", "ceil", "trunc", "rint",
                           "nearbyint", "round"})
      Text += fill("declare $T @llvm.$o.$F($T)\n",
                   {{"$T", T}, {"$o", Op}, {"$F", F}}) +
              floatFunction(Op + T, Bits,
                            fill("  %r = call $T @llvm.$o.$F($T %x)\n",
                                 {{"$T", T}, {"$o", Op}, {"$F", F}}),
                            /*OneNaN=*/StringRef(Op) != "fabs");
    Text += fill("declare $T @llvm.fmuladd.$F($T, $T, $T)\n",
                 {{"$T", T}, {"$F", F}});
    std::string Fused = floatFunction(
        "fmuladd" + T, Bits,
        fill("  %r = call $T @llvm.fmuladd.$F($T %x, $T %y, $T %x)\n",
             {{"$T", T}, {"$F", F}}));
    Text += fill(Fused, {{"i64 %b) {", "i64 %b) #0 {"}});
  }
  linkAndCompare(Text);
}

} // namespace
