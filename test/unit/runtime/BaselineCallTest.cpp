//===- BaselineCallTest.cpp - Calls of baseline code ---------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Calls among functions of one module, and between code of both compilers: two
// modules that know each other's declarations are compiled by one each, in all
// four ways.
//
//===----------------------------------------------------------------------===//

#include "BaselineTest.h"

#include <cstdarg>

using namespace llvm;
using namespace reopt;

extern "C" {

/// What clang makes of it is what baseline code has to agree with.
static uint64_t sumOf(int Count, ...) {
  va_list List;
  va_start(List, Count);
  uint64_t Sum = 1;
  for (int I = 0; I < Count; ++I) {
    Sum = Sum * 31 + va_arg(List, uint64_t);
    double D = va_arg(List, double);
    uint64_t Bits;
    memcpy(&Bits, &D, sizeof(D));
    Sum = Sum * 31 + Bits;
    Sum = Sum * 31 + uint64_t(va_arg(List, int));
  }
  va_end(List);
  return Sum;
}

struct Large {
  uint64_t Words[5];
};

static Large makeLarge(uint64_t A, Large By, uint64_t B) {
  for (uint64_t &W : By.Words)
    W = W * A + B++;
  return By;
}

struct Mixed {
  double D;
  uint64_t N;
};

static Mixed makeMixed(uint64_t N, double D) { return {D, N * 3}; }

/// The callee sees its arguments as they come in registers.
static uint64_t addSmall(signed char A, unsigned char B, short C,
                         unsigned short D, bool E, char F, signed char G,
                         unsigned short H) {
  return uint64_t(A) * 3 + B * 5 + uint64_t(C) * 7 + D * 11 + E * 13 +
         uint64_t(F) * 17 + uint64_t(G) * 19 + H * 23;
}
}

namespace {

class BaselineCallTest : public BaselineTest {
protected:
  /// Compiles \p Callees and \p Callers (each with declarations of what it
  /// calls of the other) by both, and compares the callers' functions of two
  /// numbers in all combinations.
  void compareMixed(StringRef Callees, StringRef Callers,
                    ArrayRef<const char *> Names) {
    OneCode Codes[4];
    for (unsigned I = 0; I < 4; ++I) {
      auto Add = [&](StringRef Text, bool Baseline) {
        auto M = parse(Text);
        auto Object = Baseline ? compileBaseline(*M) : compileLLVM(*M);
        if (Object)
          Codes[I].add(std::move(Object));
        return !!Object;
      };
      if (!Add(Callees, I & 1) || !Add(Callers, I & 2))
        return;
    }
    for (const char *Name : Names) {
      Numbers Functions[4];
      for (unsigned I = 0; I < 4; ++I)
        Functions[I] = Codes[I].get<Numbers>(Name);
      for (unsigned I = 1; I < 4; ++I)
        compare(std::string(Name) + (I & 2 ? ", called by ours" : "") +
                    (I & 1 ? ", calls ours" : ""),
                getBorders(), Functions[I], Functions[0]);
    }
  }
};

constexpr const char *ManyDeclared = R"(
  declare i64 @many_integers(i64, i32, i16 signext, i8 zeroext, i64, i64, i64, i32, i16 zeroext, i8 signext, ptr)
  declare double @many_doubles(double, float, double, float, double, double, double, double, double, float, double)
  declare i64 @both_kinds(i64, double, i64, double, i64, double, i64, double, i64, double, i64, double, i64, double, i64, double, i64, double, i64, double)
  declare zeroext i1 @flag(i1 zeroext, i1 zeroext)
  declare i1 @bare_flag(i1, i8, i16, i1, i1, i1, i1, i1, i1)
  declare signext i8 @small(i8 signext, i16 signext)
  declare zeroext i16 @small2(i8, i16)
  declare { i64, double } @int_double(i64, double)
  declare { double, i64 } @double_int(i64, double)
  declare { ptr, i32 } @ptr_int(ptr, i32)
  declare { double, double } @doubles(double, double)
  declare { i32, i8 } @ints(i32, i8)
  declare { float, i16 } @float_short(float, i16)
  declare [2 x i64] @array(i64, i64)
)";

constexpr const char *Many = R"(
  define i64 @many_integers(i64 %a, i32 %b, i16 signext %c, i8 zeroext %d, i64 %e, i64 %f, i64 %g, i32 %h, i16 zeroext %i, i8 signext %j, ptr %k) {
    %b1 = sext i32 %b to i64
    %c1 = sext i16 %c to i64
    %d1 = zext i8 %d to i64
    %h1 = zext i32 %h to i64
    %i1 = zext i16 %i to i64
    %j1 = sext i8 %j to i64
    %k1 = ptrtoint ptr %k to i64
    %r1 = mul i64 %a, 3
    %r2 = sub i64 %r1, %b1
    %r3 = mul i64 %r2, 5
    %r4 = sub i64 %r3, %c1
    %r5 = mul i64 %r4, 7
    %r6 = add i64 %r5, %d1
    %r7 = mul i64 %r6, 3
    %r8 = sub i64 %r7, %e
    %r9 = xor i64 %r8, %f
    %s1 = mul i64 %r9, 11
    %s2 = add i64 %s1, %g
    %s3 = mul i64 %s2, 3
    %s4 = sub i64 %s3, %h1
    %s5 = mul i64 %s4, 3
    %s6 = sub i64 %s5, %i1
    %s7 = mul i64 %s6, 3
    %s8 = sub i64 %s7, %j1
    %s9 = xor i64 %s8, %k1
    ret i64 %s9
  }
  define double @many_doubles(double %a, float %b, double %c, float %d, double %e, double %f, double %g, double %h, double %i, float %j, double %k) {
    %b1 = fpext float %b to double
    %d1 = fpext float %d to double
    %j1 = fpext float %j to double
    %r1 = fsub double %a, %b1
    %r2 = fadd double %r1, %c
    %r3 = fsub double %r2, %d1
    %r4 = fadd double %r3, %e
    %r5 = fsub double %r4, %f
    %r6 = fadd double %r5, %g
    %r7 = fsub double %r6, %h
    %r8 = fadd double %r7, %i
    %r9 = fsub double %r8, %j1
    %r = fadd double %r9, %k
    ret double %r
  }
  define i64 @both_kinds(i64 %a, double %A, i64 %b, double %B, i64 %c, double %C, i64 %d, double %D, i64 %e, double %E, i64 %f, double %F, i64 %g, double %G, i64 %h, double %H, i64 %i, double %I, i64 %j, double %J) {
    %x = bitcast double %I to i64
    %y = bitcast double %J to i64
    %z = bitcast double %H to i64
    %r1 = mul i64 %f, 3
    %r2 = sub i64 %r1, %g
    %r3 = mul i64 %r2, 3
    %r4 = xor i64 %r3, %h
    %r5 = sub i64 %r4, %i
    %r6 = mul i64 %r5, 3
    %r7 = sub i64 %r6, %j
    %r8 = xor i64 %r7, %x
    %r9 = mul i64 %r8, 3
    %s1 = sub i64 %r9, %y
    %s2 = mul i64 %s1, 3
    %s3 = add i64 %s2, %z
    %s4 = sub i64 %s3, %a
    ret i64 %s4
  }
  define zeroext i1 @flag(i1 zeroext %a, i1 zeroext %b) {
    %r = xor i1 %a, %b
    ret i1 %r
  }
  define i1 @bare_flag(i1 %a, i8 %b, i16 %c, i1 %d, i1 %e, i1 %f, i1 %g, i1 %h, i1 %i) {
    %x = trunc i8 %b to i1
    %y = trunc i16 %c to i1
    %r1 = xor i1 %a, %x
    %r2 = xor i1 %r1, %y
    %r3 = xor i1 %r2, %d
    %r4 = xor i1 %r3, %g
    %r5 = and i1 %r4, %h
    %r6 = or i1 %r5, %i
    br i1 %r6, label %one, label %two
  one:
    ret i1 %h
  two:
    ret i1 %r4
  }
  define signext i8 @small(i8 signext %a, i16 signext %b) {
    %c = trunc i16 %b to i8
    %d = mul i8 %c, 7
    %r = sub i8 %a, %d
    ret i8 %r
  }
  define zeroext i16 @small2(i8 %a, i16 %b) {
    %c = sext i8 %a to i16
    %r = mul i16 %b, %c
    ret i16 %r
  }
  define { i64, double } @int_double(i64 %a, double %b) {
    %c = fneg double %b
    %r = insertvalue { i64, double } undef, i64 %a, 0
    %s = insertvalue { i64, double } %r, double %c, 1
    ret { i64, double } %s
  }
  define { double, i64 } @double_int(i64 %a, double %b) {
    %r = insertvalue { double, i64 } undef, i64 %a, 1
    %s = insertvalue { double, i64 } %r, double %b, 0
    ret { double, i64 } %s
  }
  define { ptr, i32 } @ptr_int(ptr %a, i32 %b) {
    %r = insertvalue { ptr, i32 } undef, ptr %a, 0
    %s = insertvalue { ptr, i32 } %r, i32 %b, 1
    ret { ptr, i32 } %s
  }
  define { double, double } @doubles(double %a, double %b) {
    %r = insertvalue { double, double } undef, double %a, 1
    %s = insertvalue { double, double } %r, double %b, 0
    ret { double, double } %s
  }
  define { i32, i8 } @ints(i32 %a, i8 %b) {
    %r = insertvalue { i32, i8 } undef, i32 %a, 0
    %s = insertvalue { i32, i8 } %r, i8 %b, 1
    ret { i32, i8 } %s
  }
  define { float, i16 } @float_short(float %a, i16 %b) {
    %r = insertvalue { float, i16 } undef, float %a, 0
    %s = insertvalue { float, i16 } %r, i16 %b, 1
    ret { float, i16 } %s
  }
  define [2 x i64] @array(i64 %a, i64 %b) {
    %r = insertvalue [2 x i64] undef, i64 %a, 1
    %s = insertvalue [2 x i64] %r, i64 %b, 0
    ret [2 x i64] %s
  }
)";

constexpr const char *Calling = R"(
  define i64 @calls_many_integers(i64 %a, i64 %b) {
    %a4 = trunc i64 %a to i32
    %b4 = trunc i64 %b to i32
    %s4 = add i32 %a4, %b4
    %a2 = trunc i64 %a to i16
    %b2 = trunc i64 %b to i16
    %a1 = trunc i64 %a to i8
    %b1 = trunc i64 %b to i8
    %s1 = add i8 %a1, %b1
    %p = inttoptr i64 %b to ptr
    %d = sub i64 %a, %b
    %r = call i64 @many_integers(i64 %b, i32 %s4, i16 signext %a2, i8 zeroext %s1, i64 %a, i64 -1, i64 %d, i32 %b4, i16 zeroext %b2, i8 signext %b1, ptr %p)
    %s = call i64 @many_integers(i64 %r, i32 -5, i16 signext -3, i8 zeroext -2, i64 %b, i64 %d, i64 1311768467463790320, i32 -7, i16 zeroext -4, i8 signext -9, ptr null)
    %t = sub i64 %s, %d
    ret i64 %t
  }
  define i64 @calls_many_doubles(i64 %a, i64 %b) {
    %i = and i64 %a, 65535
    %j = and i64 %b, 65535
    %x = uitofp i64 %i to double
    %y = uitofp i64 %j to double
    %f = fptrunc double %x to float
    %g = fptrunc double %y to float
    %z = fsub double %x, %y
    %r = call double @many_doubles(double %y, float %f, double %x, float %g, double 1.5, double %z, double -0.0, double %x, double %y, float %f, double 2.5)
    %s = call double @many_doubles(double %r, float 4.0, double %r, float %f, double %z, double 1.5, double %z, double %y, double 9.0, float 3.0, double %x)
    %t = bitcast double %s to i64
    ret i64 %t
  }
  define i64 @calls_both_kinds(i64 %a, i64 %b) {
    %x = bitcast i64 %a to double
    %y = bitcast i64 %b to double
    %r = call i64 @both_kinds(i64 %b, double %y, i64 %a, double %x, i64 1, double 1.0, i64 2, double 2.0, i64 3, double 3.0, i64 %b, double %x, i64 %a, double 0.0, i64 9, double %y, i64 %b, double %x, i64 -1, double %y)
    ret i64 %r
  }
  define i64 @calls_flags(i64 %a, i64 %b) {
    %x = trunc i64 %a to i1
    %y = icmp ult i64 %a, %b
    %f = call zeroext i1 @flag(i1 zeroext %x, i1 zeroext %y)
    %a1 = trunc i64 %a to i8
    %b2 = trunc i64 %b to i16
    %z = trunc i16 %b2 to i1
    %g = call i1 @bare_flag(i1 %z, i8 %a1, i16 %b2, i1 %y, i1 %x, i1 true, i1 %z, i1 %x, i1 false)
    %f1 = zext i1 %f to i64
    %g1 = sext i1 %g to i64
    %s = shl i64 %f1, 9
    %r = add i64 %s, %g1
    br i1 %g, label %one, label %two
  one:
    ret i64 %r
  two:
    %t = sub i64 %r, 5
    ret i64 %t
  }
  define i64 @calls_small(i64 %a, i64 %b) {
    %a1 = trunc i64 %a to i8
    %b2 = trunc i64 %b to i16
    %s = add i16 %b2, 99
    %x = call signext i8 @small(i8 signext %a1, i16 signext %s)
    %y = call zeroext i16 @small2(i8 %x, i16 %s)
    %x1 = sext i8 %x to i64
    %y1 = zext i16 %y to i64
    %t = mul i64 %x1, 100000
    %r = add i64 %t, %y1
    ret i64 %r
  }
  define i64 @calls_pairs(i64 %a, i64 %b) {
    %d = bitcast i64 %b to double
    %x = call { i64, double } @int_double(i64 %a, double %d)
    %x0 = extractvalue { i64, double } %x, 0
    %x1 = extractvalue { i64, double } %x, 1
    %y = call { double, i64 } @double_int(i64 %x0, double %x1)
    %y0 = extractvalue { double, i64 } %y, 0
    %y1 = extractvalue { double, i64 } %y, 1
    %z = call { double, double } @doubles(double %y0, double %d)
    %z0 = extractvalue { double, double } %z, 0
    %z1 = extractvalue { double, double } %z, 1
    %p = inttoptr i64 %b to ptr
    %i = trunc i64 %a to i32
    %q = call { ptr, i32 } @ptr_int(ptr %p, i32 %i)
    %q0 = extractvalue { ptr, i32 } %q, 0
    %q1 = extractvalue { ptr, i32 } %q, 1
    %c = trunc i64 %b to i8
    %u = call { i32, i8 } @ints(i32 %q1, i8 %c)
    %u0 = extractvalue { i32, i8 } %u, 0
    %u1 = extractvalue { i32, i8 } %u, 1
    %f = bitcast i32 %u0 to float
    %h = trunc i64 %b to i16
    %v = call { float, i16 } @float_short(float %f, i16 %h)
    %v0 = extractvalue { float, i16 } %v, 0
    %v1 = extractvalue { float, i16 } %v, 1
    %w = call [2 x i64] @array(i64 %a, i64 %b)
    %w0 = extractvalue [2 x i64] %w, 0
    %w1 = extractvalue [2 x i64] %w, 1
    %r0 = bitcast double %z0 to i64
    %r1 = bitcast double %z1 to i64
    %r2 = ptrtoint ptr %q0 to i64
    %r3 = sext i8 %u1 to i64
    %f1 = bitcast float %v0 to i32
    %r4 = sext i32 %f1 to i64
    %r5 = zext i16 %v1 to i64
    %s0 = mul i64 %r0, 3
    %s1 = sub i64 %s0, %r1
    %s2 = mul i64 %s1, 3
    %s3 = xor i64 %s2, %r2
    %s4 = mul i64 %s3, 3
    %s5 = sub i64 %s4, %r3
    %s6 = mul i64 %s5, 3
    %s7 = sub i64 %s6, %r4
    %s8 = mul i64 %s7, 3
    %s9 = sub i64 %s8, %r5
    %t0 = mul i64 %s9, 3
    %t1 = xor i64 %t0, %w0
    %t2 = sub i64 %t1, %w1
    %t3 = add i64 %t2, %y1
    ret i64 %t3
  }
)";

TEST_F(BaselineCallTest, ManyArgumentsAndTwoResults) {
  compareMixed(Many, std::string(ManyDeclared) + Calling,
               {"calls_many_integers", "calls_many_doubles", "calls_both_kinds",
                "calls_flags", "calls_small", "calls_pairs"});
}

// What is above the bit in a register means nothing.
TEST_F(BaselineCallTest, TruthValuesInAggregates) {
  compareMixed(R"(
    define { i64, i1 } @make(i64 %a) {
      %c = trunc i64 %a to i1
      %r = insertvalue { i64, i1 } undef, i64 %a, 0
      %s = insertvalue { i64, i1 } %r, i1 %c, 1
      ret { i64, i1 } %s
    }
  )",
               R"(
    declare { i64, i1 } @make(i64)
    define i64 @f(i64 %a, i64 %b) {
      %p = call { i64, i1 } @make(i64 %b)
      %c = extractvalue { i64, i1 } %p, 1
      %r = zext i1 %c to i64
      ret i64 %r
    }
  )",
               {"f"});
}

TEST_F(BaselineCallTest, SignedTruthValues) {
  compareMixed(R"(
    define signext i1 @flip(i1 signext %x) {
      %r = xor i1 %x, true
      ret i1 %r
    }
    define i64 @widen(i8 signext %x) {
      %r = sext i8 %x to i64
      ret i64 %r
    }
  )",
               R"(
    declare signext i1 @flip(i1 signext)
    declare i64 @widen(i8 signext)
    define i64 @f(i64 %a, i64 %b) {
      %c = trunc i64 %a to i1
      %x = call signext i1 @flip(i1 signext %c)
      %r = sext i1 %x to i64
      ret i64 %r
    }
    ; The bits that the attribute promises, seen through another type.
    define i64 @g(i64 %a, i64 %b) {
      %c = trunc i64 %a to i1
      %x = call i64 @widen(i1 signext %c)
      %y = call i8 @flip(i1 signext %c)
      %z = zext i8 %y to i64
      %r = add i64 %x, %z
      ret i64 %r
    }
  )",
               {"f", "g"});
}

TEST_F(BaselineCallTest, StructuresByValueAndReturned) {
  compareMixed(R"(
    %s = type { i64, i32, [3 x i8], double }
    define void @make(ptr sret(%s) align 8 %to, i64 %a, ptr byval(%s) align 8 %x, i32 %b, ptr byval([40 x i8]) align 16 %y, i64 %c, i64 %d, i64 %e, i64 %f) {
      %n = load i64, ptr %x
      %m = add i64 %n, %a
      store i64 %m, ptr %to
      store i64 %f, ptr %x
      %t1 = getelementptr %s, ptr %to, i32 0, i32 1
      store i32 %b, ptr %t1
      %x2 = getelementptr %s, ptr %x, i32 0, i32 2, i64 1
      %t2 = getelementptr %s, ptr %to, i32 0, i32 2, i64 2
      %z = load i8, ptr %x2
      store i8 %z, ptr %t2
      %y4 = getelementptr i64, ptr %y, i64 4
      %u = load i64, ptr %y4
      %v = xor i64 %u, %f
      %w = ptrtoint ptr %y to i64
      %odd = and i64 %w, 15
      %v1 = add i64 %v, %odd
      %g = bitcast i64 %v1 to double
      %t3 = getelementptr %s, ptr %to, i32 0, i32 3
      store double %g, ptr %t3
      ret void
    }
  )",
               R"(
    %s = type { i64, i32, [3 x i8], double }
    declare void @make(ptr sret(%s) align 8, i64, ptr byval(%s) align 8, i32, ptr byval([40 x i8]) align 16, i64, i64, i64, i64)
    define i64 @f(i64 %a, i64 %b) {
      %to = alloca %s
      %x = alloca %s
      %y = alloca [40 x i8], align 16
      store i64 %a, ptr %x
      %x2 = getelementptr %s, ptr %x, i32 0, i32 2, i64 1
      store i8 77, ptr %x2
      %y4 = getelementptr i64, ptr %y, i64 4
      store i64 %b, ptr %y4
      %i = trunc i64 %b to i32
      call void @make(ptr sret(%s) align 8 %to, i64 %b, ptr byval(%s) align 8 %x, i32 %i, ptr byval([40 x i8]) align 16 %y, i64 1, i64 2, i64 3, i64 %a)
      %r0 = load i64, ptr %to
      %r1 = load i64, ptr %x
      %t1 = getelementptr %s, ptr %to, i32 0, i32 1
      %r2 = load i32, ptr %t1
      %t2 = getelementptr %s, ptr %to, i32 0, i32 2, i64 2
      %r3 = load i8, ptr %t2
      %t3 = getelementptr %s, ptr %to, i32 0, i32 3
      %r4 = load i64, ptr %t3
      %w2 = zext i32 %r2 to i64
      %w3 = zext i8 %r3 to i64
      %s1 = mul i64 %r0, 3
      %s2 = sub i64 %s1, %r1
      %s3 = mul i64 %s2, 3
      %s4 = sub i64 %s3, %w2
      %s5 = mul i64 %s4, 3
      %s6 = sub i64 %s5, %w3
      %s7 = mul i64 %s6, 3
      %r = xor i64 %s7, %r4
      ret i64 %r
    }
  )",
               {"f"});
}

TEST_F(BaselineCallTest, FunctionsThatClangCompiled) {
  define("makeLarge", reinterpret_cast<void *>(makeLarge));
  define("makeMixed", reinterpret_cast<void *>(makeMixed));
  define("addSmall", reinterpret_cast<void *>(addSmall));
  define("sumOf", reinterpret_cast<void *>(sumOf));
  linkAndCompare(R"(
    declare void @makeLarge(ptr sret([5 x i64]) align 8, i64, ptr byval([5 x i64]) align 8, i64)
    declare { double, i64 } @makeMixed(i64, double)
    declare i64 @addSmall(i8 signext, i8 zeroext, i16 signext, i16 zeroext, i1 zeroext, i8 signext, i8 signext, i16 zeroext)
    declare i64 @sumOf(i32, ...)
    declare i32 @snprintf(ptr, i64, ptr, ...)
    @format = private constant [19 x i8] c"%d %lld %s %.3f %c\00"
    @word = private constant [5 x i8] c"word\00"
    define i64 @large(i64 %a, i64 %b) {
      %x = alloca [5 x i64]
      %y = alloca [5 x i64]
      store [5 x i64] [i64 1, i64 2, i64 3, i64 4, i64 5], ptr %x
      store i64 %a, ptr %x
      call void @makeLarge(ptr sret([5 x i64]) align 8 %y, i64 %a, ptr byval([5 x i64]) align 8 %x, i64 %b)
      %p = getelementptr i64, ptr %y, i64 4
      %u = load i64, ptr %y
      %v = load i64, ptr %p
      %w = load i64, ptr %x
      %s = mul i64 %u, 7
      %t = sub i64 %s, %v
      %r = xor i64 %t, %w
      ret i64 %r
    }
    define i64 @mixed(i64 %a, i64 %b) {
      %d = bitcast i64 %b to double
      %p = call { double, i64 } @makeMixed(i64 %a, double %d)
      %x = extractvalue { double, i64 } %p, 0
      %y = extractvalue { double, i64 } %p, 1
      %z = bitcast double %x to i64
      %r = sub i64 %z, %y
      ret i64 %r
    }
    define i64 @small(i64 %a, i64 %b) {
      %a1 = trunc i64 %a to i8
      %b1 = trunc i64 %b to i8
      %a2 = trunc i64 %a to i16
      %b2 = trunc i64 %b to i16
      %c = icmp slt i64 %a, %b
      %s1 = mul i8 %a1, %b1
      %s2 = mul i16 %a2, %b2
      %r = call i64 @addSmall(i8 signext %s1, i8 zeroext %s1, i16 signext %s2, i16 zeroext %s2, i1 zeroext %c, i8 signext -5, i8 signext %s1, i16 zeroext %s2)
      ret i64 %r
    }
    define i64 @variadic(i64 %a, i64 %b) {
      %d = bitcast i64 %b to double
      %i = trunc i64 %a to i32
      %n = sub i64 %a, %b
      %r = call i64 (i32, ...) @sumOf(i32 4, i64 %a, double %d, i32 %i, i64 %b, double 1.5, i32 -1, i64 %n, double -0.0, i32 3, i64 %n, double %d, i32 %i)
      ret i64 %r
    }
    define i64 @printing(ptr %p, i64 %a) {
      %i = trunc i64 %a to i32
      %u = and i64 %a, 1048575
      %d = uitofp i64 %u to double
      %n = call i32 (ptr, i64, ptr, ...) @snprintf(ptr %p, i64 256, ptr @format, i32 %i, i64 %a, ptr @word, double %d, i32 65)
      %r = sext i32 %n to i64
      ret i64 %r
    }
  )");
}

} // namespace
