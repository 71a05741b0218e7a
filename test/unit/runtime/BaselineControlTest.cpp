//===- BaselineControlTest.cpp - Branches and phis of baseline code ------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BaselineTest.h"

using namespace llvm;
using namespace reopt;

namespace {

class BaselineControlTest : public BaselineTest {};

/// What the flag %c leads to: as a value, in the branch right behind it, and in
/// a branch further away.
std::vector<std::string> getUses(const std::string &Compare) {
  return {"  %c = " + Compare +
              "\n"
              "  %r = zext i1 %c to i64\n"
              "  ret i64 %r\n}\n",
          "  %c = " + Compare +
              "\n"
              "  br i1 %c, label %yes, label %no\n"
              "yes:\n"
              "  ret i64 11\n"
              "no:\n"
              "  ret i64 22\n}\n",
          "  %c = " + Compare +
              "\n"
              "  br i1 %c, label %yes, label %no\n"
              "no:\n"
              "  ret i64 22\n"
              "yes:\n"
              "  ret i64 11\n}\n",
          "  %c = " + Compare +
              "\n"
              "  br i1 %c, label %end, label %no\n"
              "no:\n"
              "  br label %end\n"
              "end:\n"
              "  %r = phi i64 [ 33, %0 ], [ 44, %no ]\n"
              "  ret i64 %r\n}\n",
          "  %c = " + Compare +
              "\n"
              "  %s = add i64 %a, %b\n"
              "  br i1 %c, label %yes, label %no\n"
              "yes:\n"
              "  ret i64 %s\n"
              "no:\n"
              "  %z = sext i1 %c to i64\n"
              "  %d = sub i64 %z, %s\n"
              "  ret i64 %d\n}\n"};
}

constexpr const char *Predicates[] = {"eq",  "ne",  "ugt", "uge", "ult",
                                      "ule", "sgt", "sge", "slt", "sle"};

TEST_F(BaselineControlTest, IntegerComparisons) {
  std::string Text;
  for (unsigned Bits : {8u, 16u, 32u, 64u})
    for (const char *P : Predicates) {
      std::vector<std::string> Rights = {"%y", "%x",  "0",   "5",
                                         "-1", "127", "-128"};
      if (Bits >= 16)
        Rights.insert(Rights.end(), {"32767", "-32768"});
      if (Bits >= 32)
        Rights.insert(Rights.end(), {"2147483647", "-2147483648"});
      if (Bits == 64)
        Rights.insert(Rights.end(),
                      {"4294967295", "2147483648", "-9223372036854775808",
                       "9223372036854775807"});
      for (const std::string &Right : Rights) {
        unsigned N = 0;
        const std::string Compare =
            fill("icmp $p $T %x, ", {{"$p", P}, {"$T", intType(Bits)}}) + Right;
        for (const std::string &Use : getUses(Compare))
          Text += "define i64 @\"" + Compare + " " + std::to_string(N++) +
                  "\"(i64 %a, i64 %b) {\n" + narrow("x", "a", Bits) +
                  narrow("y", "b", Bits) + Use;
      }
      const std::string Constant =
          fill("icmp $p $T 7, %x", {{"$p", P}, {"$T", intType(Bits)}});
      Text += "define i64 @\"" + Constant + "\"(i64 %a, i64 %b) {\n" +
              narrow("x", "a", Bits) + getUses(Constant)[1];
    }
  linkAndCompare(Text);
}

TEST_F(BaselineControlTest, ComparisonsOfPointersAndTruthValues) {
  std::string Text;
  for (const char *P : Predicates)
    for (const char *Right : {"%y", "null"}) {
      unsigned N = 0;
      const std::string Compare = fill("icmp $p ptr %x, ", {{"$p", P}}) + Right;
      for (const std::string &Use : getUses(Compare))
        Text += "define i64 @\"" + Compare + std::to_string(N++) +
                "\"(i64 %a, i64 %b) {\n"
                "  %x = inttoptr i64 %a to ptr\n"
                "  %y = inttoptr i64 %b to ptr\n" +
                Use;
    }
  for (const char *P : {"eq", "ne", "ugt", "uge", "ult", "ule"})
    for (const char *Right : {"%y", "true", "false"}) {
      unsigned N = 0;
      const std::string Compare = fill("icmp $p i1 %x, ", {{"$p", P}}) + Right;
      for (const std::string &Use : getUses(Compare))
        Text += "define i64 @\"" + Compare + std::to_string(N++) +
                "\"(i64 %a, i64 %b) {\n" + narrow("x", "a", 1) +
                narrow("y", "b", 1) + Use;
    }
  for (unsigned Bits : {8u, 64u}) {
    unsigned N = 0;
    for (const std::string &Use :
         getUses("trunc " + intType(Bits) + " %x to i1"))
      Text += "define i64 @\"trunc" + intType(Bits) + std::to_string(N++) +
              "\"(i64 %a, i64 %b) {\n" + narrow("x", "a", Bits) + Use;
  }
  linkAndCompare(Text);
}

TEST_F(BaselineControlTest, FloatComparisons) {
  std::string Text;
  for (unsigned Bits : {32u, 64u})
    for (const char *P : {"oeq", "ogt", "oge", "olt", "ole", "one", "ord",
                          "ueq", "ugt", "uge", "ult", "ule", "une", "uno"})
      for (const char *Right : {"%y", "%x", "0.0", "1.0"}) {
        unsigned N = 0;
        const std::string Compare =
            fill("fcmp $p $T %x, ", {{"$p", P}, {"$T", floatType(Bits)}}) +
            Right;
        for (const std::string &Use : getUses(Compare))
          Text += "define i64 @\"" + Compare + " " + std::to_string(N++) +
                  "\"(i64 %a, i64 %b) {\n" + narrowFloat("x", "a", Bits) +
                  narrowFloat("y", "b", Bits) + Use;
      }
  linkAndCompare(Text);
}

TEST_F(BaselineControlTest, Switches) {
  std::string Text;
  struct Shape {
    unsigned Bits;
    std::vector<int64_t> Cases;
  };
  const Shape Shapes[] = {
      {8, {}},
      {8, {0}},
      {8, {-128, -1, 0, 127}},
      {8, {1, 2, 3, 31, 63, 127, -128, -1, 0}},
      {16, {1, -1, 32767, -32768, 255, 127, 128}},
      {32,
       {0, 1, 2, 3, 7, 31, 63, 127, 128, 255, 32767, 32768, 65535, 2147483647,
        -2147483648, -1}},
      {32, {-5, -4, -3, -2, -1}},
      {64, {0, 1, -1}},
      {64,
       {0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x123456789abcdef0,
        INT64_MAX, INT64_MIN, -2, 31, 7, 0}},
  };
  for (const Shape &S : Shapes) {
    const std::string T = intType(S.Bits);
    std::string Cases, Blocks, Shared, Phi;
    unsigned N = 0;
    for (int64_t C : S.Cases) {
      const std::string Target = "c" + std::to_string(N++);
      Cases +=
          "    " + T + " " + std::to_string(C) + ", label %" + Target + "\n";
      Blocks += Target + ":\n  ret i64 " + std::to_string(100 + N) + "\n";
      // Every other one shares a block, which has phis.
      Shared += "    " + T + " " + std::to_string(C) + ", label %" +
                (N % 2 ? "join" : "other") + "\n";
      if (N % 2)
        Phi += ", [ %b, %0 ]";
    }
    const std::string Name = T + "x" + std::to_string(N);
    Text += "define i64 @\"" + Name + "\"(i64 %a, i64 %b) {\n" +
            narrow("x", "a", S.Bits) + "  switch " + T +
            " %x, label %default [\n" + Cases + "  ]\n" + Blocks +
            "default:\n  ret i64 %b\n}\n";
    Text += "define i64 @\"" + Name + " shared\"(i64 %a, i64 %b) {\n" +
            narrow("x", "a", S.Bits) + "  switch " + T +
            " %x, label %other [\n" + Shared +
            "  ]\n"
            "other:\n"
            "  br label %join\n"
            "join:\n"
            "  %r = phi i64 [ 7, %other ]" +
            Phi +
            "\n"
            "  ret i64 %r\n}\n";
    // The default leads where cases lead.
    Text += "define i64 @\"" + Name + " default\"(i64 %a, i64 %b) {\n" +
            narrow("x", "a", S.Bits) + "  switch " + T +
            " %x, label %join [\n" + Shared +
            "  ]\n"
            "other:\n"
            "  br label %join\n"
            "join:\n"
            "  %r = phi i64 [ %a, %other ], [ %b, %0 ]" +
            Phi +
            "\n"
            "  ret i64 %r\n}\n";
  }
  linkAndCompare(Text);
}

TEST_F(BaselineControlTest, LoopsAndPhis) {
  linkAndCompare(R"(
    define i64 @sum(i64 %a, i64 %b) {
    entry:
      %n = and i64 %a, 63
      br label %loop
    loop:
      %i = phi i64 [ 0, %entry ], [ %next, %loop ]
      %s = phi i64 [ %b, %entry ], [ %t, %loop ]
      %m = mul i64 %s, 3
      %t = add i64 %m, %i
      %next = add i64 %i, 1
      %more = icmp ult i64 %next, %n
      br i1 %more, label %loop, label %end
    end:
      ret i64 %t
    }
    define i64 @swap(i64 %a, i64 %b) {
    entry:
      %n = and i64 %a, 15
      br label %loop
    loop:
      %i = phi i64 [ 0, %entry ], [ %next, %loop ]
      %x = phi i64 [ %a, %entry ], [ %y, %loop ]
      %y = phi i64 [ %b, %entry ], [ %x, %loop ]
      %next = add i64 %i, 1
      %more = icmp ule i64 %next, %n
      br i1 %more, label %loop, label %end
    end:
      %d = mul i64 %x, 3
      %r = sub i64 %d, %y
      ret i64 %r
    }
    define i64 @rotate_all_kinds(i64 %a, i64 %b) {
    entry:
      %n = and i64 %a, 15
      %d = bitcast i64 %a to double
      %e = bitcast i64 %b to double
      %f = trunc i64 %a to i8
      %p = inttoptr i64 %b to ptr
      br label %loop
    loop:
      %i = phi i64 [ 0, %entry ], [ %next, %loop ]
      %x = phi double [ %d, %entry ], [ %y, %loop ]
      %y = phi double [ %e, %entry ], [ %z, %loop ]
      %z = phi double [ 2.5, %entry ], [ %x, %loop ]
      %u = phi i8 [ %f, %entry ], [ %v, %loop ]
      %v = phi i8 [ 77, %entry ], [ %u, %loop ]
      %s = phi ptr [ %p, %entry ], [ %t, %loop ]
      %t = phi ptr [ null, %entry ], [ %s, %loop ]
      %g = phi float [ 1.0, %entry ], [ %h, %loop ]
      %h = phi float [ -0.0, %entry ], [ %g, %loop ]
      %k = phi i1 [ true, %entry ], [ %l, %loop ]
      %l = phi i1 [ false, %entry ], [ %k, %loop ]
      %next = add i64 %i, 1
      %more = icmp ule i64 %next, %n
      br i1 %more, label %loop, label %end
    end:
      %r0 = bitcast double %x to i64
      %r1 = bitcast double %z to i64
      %r2 = zext i8 %u to i64
      %r3 = ptrtoint ptr %s to i64
      %gb = bitcast float %g to i32
      %r4 = sext i32 %gb to i64
      %r5 = sext i1 %k to i64
      %s0 = mul i64 %r1, 3
      %s1 = xor i64 %r0, %s0
      %s2 = sub i64 %s1, %r2
      %s3 = mul i64 %r3, 5
      %s4 = add i64 %s2, %s3
      %s5 = xor i64 %s4, %r4
      %s6 = add i64 %s5, %r5
      ret i64 %s6
    }
    define i64 @reads_another(i64 %a, i64 %b) {
    entry:
      br label %loop
    loop:
      %i = phi i64 [ 0, %entry ], [ %next, %loop ]
      %before = phi i64 [ 99, %entry ], [ %now, %loop ]
      %now = phi i64 [ %a, %entry ], [ %new, %loop ]
      %new = add i64 %now, %before
      %next = add i64 %i, 1
      %more = icmp ult i64 %next, 10
      br i1 %more, label %loop, label %end
    end:
      %r = sub i64 %new, %b
      ret i64 %r
    }
    define i64 @critical_edges(i64 %a, i64 %b) {
    entry:
      %c = icmp ult i64 %a, %b
      br i1 %c, label %join, label %other
    other:
      %d = icmp eq i64 %a, 7
      %e = add i64 %a, 5
      br i1 %d, label %join, label %third
    third:
      %g = xor i64 %e, %b
      %h = trunc i64 %g to i1
      br i1 %h, label %join, label %last
    join:
      %x = phi i64 [ %b, %entry ], [ %e, %other ], [ 3, %third ]
      %y = phi i64 [ 1, %entry ], [ 2, %other ], [ %g, %third ]
      %r = mul i64 %x, %y
      ret i64 %r
    last:
      ret i64 %g
    }
    define i64 @both_ways_to_one(i64 %a, i64 %b) {
    entry:
      %c = icmp slt i64 %a, %b
      br i1 %c, label %join, label %join
    join:
      %x = phi i64 [ %b, %entry ], [ %b, %entry ]
      ret i64 %x
    }
    define i64 @unused_phis(i64 %a, i64 %b) {
    entry:
      br label %loop
    loop:
      %i = phi i64 [ 0, %entry ], [ %next, %loop ]
      %unused = phi i64 [ %a, %entry ], [ %b, %loop ]
      %itself = phi i64 [ %a, %entry ], [ %itself, %loop ]
      %never = phi i64 [ undef, %entry ], [ undef, %loop ]
      %next = add i64 %i, 1
      %more = icmp ult i64 %next, 3
      br i1 %more, label %loop, label %end
    end:
      %r = add i64 %itself, %i
      ret i64 %r
    }
    define i64 @phi_of_addresses(i64 %a, i64 %b) {
    entry:
      %p = alloca i64
      %q = alloca [4 x i64]
      %q2 = getelementptr i64, ptr %q, i64 2
      store i64 %a, ptr %p
      store i64 %b, ptr %q2
      %c = icmp slt i64 %a, %b
      br i1 %c, label %one, label %two
    one:
      br label %join
    two:
      br label %join
    join:
      %x = phi ptr [ %p, %one ], [ %q2, %two ]
      %r = load i64, ptr %x
      ret i64 %r
    }
    define i64 @loop_in_loop(i64 %a, i64 %b) {
    entry:
      br label %outer
    outer:
      %i = phi i32 [ 0, %entry ], [ %i1, %latch ]
      %s = phi i64 [ %a, %entry ], [ %s2, %latch ]
      br label %inner
    inner:
      %j = phi i32 [ %i, %outer ], [ %j1, %inner ]
      %t = phi i64 [ %s, %outer ], [ %t1, %inner ]
      %w = zext i32 %j to i64
      %u = mul i64 %t, 5
      %t1 = add i64 %u, %w
      %j1 = add i32 %j, 1
      %c = icmp ult i32 %j1, 7
      br i1 %c, label %inner, label %latch
    latch:
      %s2 = xor i64 %t1, %b
      %i1 = add i32 %i, 1
      %d = icmp ult i32 %i1, 6
      br i1 %d, label %outer, label %end
    end:
      ret i64 %s2
    }
    define i64 @constant_branch(i64 %a, i64 %b) {
      br i1 true, label %one, label %two
    one:
      %x = phi i64 [ %a, %0 ]
      ret i64 %x
    two:
      %y = phi i64 [ %b, %0 ]
      ret i64 %y
    }
    define i64 @unreachable_blocks(i64 %a, i64 %b) {
      br label %end
    dead:
      %x = add i64 %a, 1
      br label %end
    end:
      %r = phi i64 [ %x, %dead ], [ %b, %0 ]
      ret i64 %r
    }
  )");
}

TEST_F(BaselineControlTest, PhisOfAggregates) {
  linkAndCompare(R"(
    define i64 @rotate(i64 %a, i64 %b) {
    entry:
      %n = and i64 %a, 7
      %f = bitcast i64 %b to double
      %s0 = insertvalue {i64, double} undef, i64 %a, 0
      %s1 = insertvalue {i64, double} %s0, double %f, 1
      br label %loop
    loop:
      %i = phi i64 [ 0, %entry ], [ %next, %loop ]
      %x = phi {i64, double} [ %s1, %entry ], [ %y, %loop ]
      %y = phi {i64, double} [ { i64 5, double 2.0 }, %entry ], [ %z, %loop ]
      %z = phi {i64, double} [ zeroinitializer, %entry ], [ %x, %loop ]
      %next = add i64 %i, 1
      %more = icmp ule i64 %next, %n
      br i1 %more, label %loop, label %end
    end:
      %r0 = extractvalue {i64, double} %x, 0
      %r1 = extractvalue {i64, double} %y, 1
      %r2 = bitcast double %r1 to i64
      %r = sub i64 %r0, %r2
      ret i64 %r
    }
    define i64 @join(i64 %a, i64 %b) {
      %c = icmp slt i64 %a, %b
      %s = insertvalue {ptr, i32} poison, ptr null, 0
      br i1 %c, label %one, label %two
    one:
      %s1 = insertvalue {ptr, i32} %s, i32 7, 1
      br label %join
    two:
      %p = inttoptr i64 %a to ptr
      %s2 = insertvalue {ptr, i32} {ptr poison, i32 -3}, ptr %p, 0
      br label %join
    join:
      %x = phi {ptr, i32} [ %s1, %one ], [ %s2, %two ]
      %q = extractvalue {ptr, i32} %x, 0
      %i = extractvalue {ptr, i32} %x, 1
      %u = ptrtoint ptr %q to i64
      %w = sext i32 %i to i64
      %r = mul i64 %w, %u
      %t = add i64 %r, %w
      ret i64 %t
    }
  )");
}

// A goto may lead backwards into what it alone reaches.
TEST_F(BaselineControlTest, BlocksLieBeforeTheirDominators) {
  linkAndCompare(R"(
    define internal i64 @id(i64 %x) noinline { ret i64 %x }
    define i64 @temporaries_before(i64 %a, i64 %b) {
    entry:
      br label %first
    middle:
      %m = mul i64 %a, 7
      %n = xor i64 %a, %b
      %ignored = call i64 @id(i64 1)
      %o = add i64 %m, %n
      %again = call i64 @id(i64 %o)
      br label %last
    first:
      %kept = mul i64 %b, 31
      br label %middle
    last:
      %r = add i64 %kept, %again
      ret i64 %r
    }
    define i64 @phi_before(i64 %a, i64 %b) {
    entry:
      br label %first
    middle:
      %m = mul i64 %a, 7
      %n = xor i64 %a, %b
      %ignored = call i64 @id(i64 1)
      %o = add i64 %m, %n
      %again = call i64 @id(i64 %o)
      br label %last
    first:
      %i = phi i64 [ 0, %entry ], [ %next, %first ]
      %x = phi i64 [ %b, %entry ], [ %y, %first ]
      %y = mul i64 %x, 3
      %next = add i64 %i, 1
      %more = icmp ult i64 %next, 5
      br i1 %more, label %first, label %middle
    last:
      %s = add i64 %x, %again
      %r = add i64 %s, %i
      ret i64 %r
    }
  )");
}

} // namespace
