//===- BaselineMemoryTest.cpp - Memory and registers of baseline code ----===//
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

class BaselineMemoryTest : public BaselineTest {};

TEST_F(BaselineMemoryTest, AddressesOfElements) {
  std::string Text = "%s = type { i8, i32, [3 x i16], { i64, i8 } }\n";
  unsigned N = 0;
  auto Add = [&](const std::string &Body) {
    Text += "define i64 @g" + std::to_string(N++) +
            "(i64 %a, i64 %b) {\n"
            "  %p = inttoptr i64 %a to ptr\n" +
            Body +
            "  %r = ptrtoint ptr %q to i64\n"
            "  ret i64 %r\n}\n";
  };
  for (const char *T : {"i8", "i16", "i32", "i64", "[12 x i8]", "[3 x i8]",
                        "%s", "double", "[1000 x i64]", "[0 x i32]", "{}"}) {
    for (const char *Index :
         {"0", "1", "-1", "7", "-128", "15", "16", "100000"})
      Add(fill("  %q = getelementptr $T, ptr %p, i64 $i\n",
               {{"$T", T}, {"$i", Index}}));
    Add(fill("  %q = getelementptr $T, ptr %p, i64 %b\n", {{"$T", T}}));
    for (unsigned Bits : {8u, 16u, 32u})
      Add(narrow("i", "b", Bits) +
          fill("  %q = getelementptr $T, ptr %p, $I %i\n",
               {{"$T", T}, {"$I", intType(Bits)}}));
    // The index is needed again.
    Add(fill("  %o = getelementptr $T, ptr %p, i64 %b\n"
             "  %q = getelementptr $T, ptr %o, i64 %b\n",
             {{"$T", T}}));
    Add(fill("  %i = trunc i64 %b to i32\n"
             "  %q = getelementptr [5 x $T], ptr %p, i64 %b, i32 %i\n",
             {{"$T", T}}));
    Add(fill("  %i = trunc i64 %b to i32\n"
             "  %q = getelementptr [4 x [5 x $T]], ptr %p, i32 %i, i64 2, "
             "i64 %b\n",
             {{"$T", T}}));
  }
  for (const char *Path :
       {"i64 0, i32 1", "i64 2, i32 2, i64 1", "i64 -3, i32 3, i32 1",
        "i64 %b, i32 2, i64 2", "i64 1, i32 2, i64 %b", "i64 %b, i32 2, i64 %b",
        "i64 %b, i32 3, i32 0"})
    Add(std::string("  %q = getelementptr %s, ptr %p, ") + Path + "\n");
  linkAndCompare(Text + R"(
    define i64 @on_null(i64 %a, i64 %b) {
      %p = getelementptr i16, ptr null, i64 %a
      %q = getelementptr i8, ptr inttoptr (i64 81985529216486895 to ptr), i64 %b
      %u = ptrtoint ptr %p to i64
      %v = ptrtoint ptr %q to i64
      %r = sub i64 %u, %v
      ret i64 %r
    }
    define i64 @in_the_frame(i64 %a, i64 %b) {
      %v = alloca [16 x i32]
      %i = and i64 %a, 15
      %j = trunc i64 %b to i32
      %k = and i32 %j, 15
      %p = getelementptr [16 x i32], ptr %v, i64 0, i64 %i
      %q = getelementptr [16 x i32], ptr %v, i64 0, i32 %k
      store i32 5, ptr %p
      store i32 %j, ptr %q
      %s = load i32, ptr %p
      %e = getelementptr i8, ptr %v, i64 64
      %d = getelementptr i32, ptr %e, i64 -16
      %z = getelementptr i32, ptr %d, i64 %i
      %t = load i32, ptr %z
      %u = sub i32 %s, %t
      %f = ptrtoint ptr %p to i64
      %g = ptrtoint ptr %v to i64
      %h = sub i64 %f, %g
      %w = zext i32 %u to i64
      %r = add i64 %h, %w
      ret i64 %r
    }
  )");
}

TEST_F(BaselineMemoryTest, LoadsAndStores) {
  std::string Text;
  for (unsigned Bits : {8u, 16u, 32u, 64u}) {
    const std::string T = intType(Bits);
    for (const char *Access : {"", "volatile ", "atomic "}) {
      const bool Atomic = Access[0] == 'a';
      const std::string Order =
          Atomic ? " monotonic, align " + std::to_string(Bits / 8) : "";
      Text += fill("define i64 @\"load $a$T\"(ptr %p, i64 %a) {\n"
                   "  %q = getelementptr i8, ptr %p, i64 16\n"
                   "  %x = load $a$T, ptr %p$o\n"
                   "  %y = load $a$T, ptr %q$o\n"
                   "  %r = sub $T %x, %y\n",
                   {{"$a", Access}, {"$T", T}, {"$o", Order}}) +
              returnInt(Bits);
      for (const char *Value :
           {"%x", "0", "1", "-1", "-127", "126", "$min", "$max"}) {
        const std::string V =
            fill(Value, {{"$min", std::to_string(minIntN(Bits))},
                         {"$max", std::to_string(maxIntN(Bits))}});
        for (const char *Place : {"%p", "%q"})
          Text += fill("define i64 @\"store $a$T $v $w\"(ptr %p, i64 %a) {\n"
                       "$n"
                       "  %q = getelementptr i8, ptr %p, i64 400\n"
                       "  store $a$T $v, ptr $w$o\n"
                       "  ret i64 0\n}\n",
                       {{"$a", Access},
                        {"$T", T},
                        {"$v", V},
                        {"$w", Place},
                        {"$n", narrow("x", "a", Bits)},
                        {"$o", Order}});
      }
    }
    for (const char *Value : {"%x", "0", "-1", "$max"})
      Text +=
          fill("define i64 @\"store seq_cst $T $v\"(ptr %p, i64 %a) {\n"
               "$n"
               "  %q = getelementptr i8, ptr %p, i64 64\n"
               "  store atomic $T $v, ptr %q seq_cst, align 8\n"
               "  fence seq_cst\n"
               "  %y = load atomic $T, ptr %q seq_cst, align 8\n"
               "  %r = add $T %y, %x\n",
               {{"$T", T},
                {"$v", fill(Value, {{"$max", std::to_string(maxIntN(Bits))}})},
                {"$n", narrow("x", "a", Bits)}}) +
          returnInt(Bits);
  }
  for (unsigned Bits : {32u, 64u})
    for (const char *Value :
         {"%x", "0.0", "-0.0", "1.5", "-1.0", "0x7FF0000000000000",
          "0x7FF8000000000000", "0xFFF8000000000000"})
      Text += fill("define i64 @\"store $F $v\"(ptr %p, i64 %a) {\n"
                   "$n"
                   "  %q = getelementptr i8, ptr %p, i64 24\n"
                   "  store $F $v, ptr %q\n"
                   "  %r = load $F, ptr %q\n",
                   {{"$F", floatType(Bits)},
                    {"$v", Value},
                    {"$n", narrowFloat("x", "a", Bits)}}) +
              returnFloat(Bits, /*OneNaN=*/false);
  linkAndCompare(Text + R"(
    define i64 @truth_values(ptr %p, i64 %a) {
      %c = trunc i64 %a to i1
      %q = getelementptr i8, ptr %p, i64 1
      %t = getelementptr i8, ptr %p, i64 2
      %u = getelementptr i8, ptr %p, i64 3
      store i1 %c, ptr %p
      store i1 true, ptr %q
      store i1 false, ptr %t
      %d = load i1, ptr %p
      %e = xor i1 %d, true
      store i1 %e, ptr %u
      %r = zext i1 %d to i64
      ret i64 %r
    }
    define i64 @own_address(ptr %p, i64 %a) {
      %q = getelementptr i8, ptr %p, i64 32
      store ptr %q, ptr %q
      %t = getelementptr i8, ptr %p, i64 40
      store ptr null, ptr %t
      store ptr %p, ptr %p
      %x = load ptr, ptr %q
      store i64 %a, ptr %x
      ret i64 1
    }
    define i64 @pointers_from_numbers(ptr %p, i64 %a) {
      store ptr inttoptr (i64 1311768467463790320 to ptr), ptr %p
      %q = getelementptr i8, ptr %p, i64 8
      store ptr inttoptr (i64 -1 to ptr), ptr %q
      store i64 undef, ptr %q
      ret i64 1
    }
  )");
}

TEST_F(BaselineMemoryTest, Aggregates) {
  linkAndCompare(R"(
    %inner = type { i16, [2 x float] }
    %outer = type { i8, %inner, i64, i1, ptr }
    define i64 @copy(ptr %p, i64 %a) {
      %q = getelementptr i8, ptr %p, i64 128
      %x = load %outer, ptr %p
      %y = extractvalue %outer %x, 1
      %z = extractvalue %outer %x, 1, 1
      %f = extractvalue [2 x float] %z, 1
      %n = trunc i64 %a to i8
      %x1 = insertvalue %outer %x, i8 %n, 0
      %x2 = insertvalue %outer %x1, i64 -1, 2
      %x3 = insertvalue %outer %x2, i1 true, 3
      %x4 = insertvalue %outer %x3, ptr null, 4
      %x5 = insertvalue %outer %x4, [2 x float] [float 1.0, float -2.5], 1, 1
      store %outer %x5, ptr %q
      %y1 = insertvalue %inner %y, i16 7, 0
      %y2 = insertvalue %inner %y1, float %f, 1, 0
      %t = getelementptr i8, ptr %p, i64 256
      store %inner %y2, ptr %t
      %u = getelementptr i8, ptr %p, i64 512
      store %outer { i8 1, %inner { i16 -2, [2 x float] [float 3.0, float 0.0] },
                     i64 1311768467463790320, i1 true, ptr null }, ptr %u
      %i = extractvalue %inner %y2, 0
      %r = sext i16 %i to i64
      ret i64 %r
    }
    define i64 @choose(ptr %p, i64 %a) {
      %q = getelementptr i8, ptr %p, i64 16
      %x = load {i64, i64}, ptr %p
      %y = load {i64, i64}, ptr %q
      %c = trunc i64 %a to i1
      %s = select i1 %c, {i64, i64} %x, {i64, i64} %y
      %s0 = extractvalue {i64, i64} %s, 0
      %s1 = extractvalue {i64, i64} %s, 1
      %t = select i1 %c, {i64, i64} %s, {i64, i64} {i64 5, i64 7}
      %t1 = extractvalue {i64, i64} %t, 1
      %d = sub i64 %s0, %s1
      %r = xor i64 %d, %t1
      ret i64 %r
    }
    define internal <2 x float> @second(i64 %a, <2 x float> %x) noinline {
      %v = alloca <2 x float>
      store <2 x float> %x, ptr %v
      %n = load i64, ptr %v
      %m = xor i64 %n, %a
      %r = bitcast i64 %m to <2 x float>
      ret <2 x float> %r
    }
    define i64 @pairs_of_floats(ptr %p, i64 %a) {
      %q = getelementptr i8, ptr %p, i64 128
      %x = load <2 x float>, ptr %p
      %y = call <2 x float> @second(i64 %a, <2 x float> %x)
      %c = trunc i64 %a to i1
      %s = select i1 %c, <2 x float> %x, <2 x float> %y
      store <2 x float> %s, ptr %q
      store <2 x float> zeroinitializer, ptr %p
      %r = bitcast <2 x float> %y to i64
      ret i64 %r
    }
    define i64 @arrays(ptr %p, i64 %a) {
      %x = load [4 x i16], ptr %p
      %n = trunc i64 %a to i16
      %y = insertvalue [4 x i16] %x, i16 %n, 3
      %z = insertvalue [4 x i16] zeroinitializer, i16 %n, 1
      %q = getelementptr i8, ptr %p, i64 20
      store [4 x i16] %y, ptr %q
      %t = getelementptr i8, ptr %p, i64 40
      store [4 x i16] %z, ptr %t
      %u = getelementptr i8, ptr %p, i64 60
      store [4 x i16] [i16 1, i16 -1, i16 32767, i16 0], ptr %u
      %e = extractvalue [4 x i16] %y, 2
      %r = zext i16 %e to i64
      ret i64 %r
    }
    define internal { i64, i64 } @pair(i64 %x, i64 %y) noinline {
      %p = insertvalue { i64, i64 } undef, i64 %x, 0
      %q = insertvalue { i64, i64 } %p, i64 %y, 1
      ret { i64, i64 } %q
    }
    define i64 @of_one_another(i64 %a, i64 %b) {
      %p = call { i64, i64 } @pair(i64 %a, i64 %b)
      %x = extractvalue { i64, i64 } %p, 0
      %q = insertvalue { i64, i64 } %p, i64 %b, 0
      %q2 = insertvalue { i64, i64 } %q, i64 %x, 1
      %n = insertvalue { { i64, i64 }, i64 } poison, { i64, i64 } %q2, 0
      %n2 = insertvalue { { i64, i64 }, i64 } %n, i64 77, 1
      %m = extractvalue { { i64, i64 }, i64 } %n2, 0
      %y = extractvalue { i64, i64 } %m, 0
      %z = extractvalue { { i64, i64 }, i64 } %n2, 0, 1
      %d = mul i64 %y, 3
      %r = sub i64 %d, %z
      ret i64 %r
    }
    define i64 @empty(i64 %a, i64 %b) {
      %v = alloca {}
      %w = alloca [0 x i64]
      %x = load {}, ptr %v
      store {} %x, ptr %w
      %c = icmp eq ptr %v, %w
      %r = zext i1 %c to i64
      ret i64 %r
    }
  )");
}

TEST_F(BaselineMemoryTest, CopiesAndFills) {
  std::string Text = R"(
    declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
    declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)
    declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
  )";
  std::vector<unsigned> Sizes;
  for (unsigned Size = 0; Size <= 70; ++Size)
    Sizes.push_back(Size);
  Sizes.insert(Sizes.end(), {100, 127, 128, 129, 200, 255, 256, 300});
  for (unsigned Size : Sizes) {
    const std::string S = std::to_string(Size);
    Text += fill("define i64 @\"copy $s\"(ptr %p, i64 %a) {\n"
                 "  %q = getelementptr i8, ptr %p, i64 512\n"
                 "  call void @llvm.memcpy.p0.p0.i64(ptr %q, ptr %p, i64 $s, "
                 "i1 false)\n"
                 "  ret i64 %a\n}\n",
                 {{"$s", S}});
    // Both ways over themselves.
    for (const char *To : {"1", "3", "8"})
      for (bool Up : {false, true})
        Text += fill("define i64 @\"move $s $t $u\"(ptr %p, i64 %a) {\n"
                     "  %q = getelementptr i8, ptr %p, i64 $t\n"
                     "  call void @llvm.memmove.p0.p0.i64(ptr $d, ptr $f, i64 "
                     "$s, i1 false)\n"
                     "  ret i64 %a\n}\n",
                     {{"$s", S},
                      {"$t", To},
                      {"$u", Up ? "up" : "down"},
                      {"$d", Up ? "%q" : "%p"},
                      {"$f", Up ? "%p" : "%q"}});
    for (const char *Byte : {"0", "-1", "90", "%b"})
      Text += fill("define i64 @\"fill $s $b\"(ptr %p, i64 %a) {\n"
                   "  %b = trunc i64 %a to i8\n"
                   "  %q = getelementptr i8, ptr %p, i64 5\n"
                   "  call void @llvm.memset.p0.i64(ptr %q, i8 $x, i64 $s, i1 "
                   "false)\n"
                   "  %r = add i64 %a, 1\n"
                   "  ret i64 %r\n}\n",
                   {{"$s", S}, {"$b", Byte}, {"$x", Byte}});
  }
  linkAndCompare(Text + R"(
    define i64 @variable_copy(ptr %p, i64 %a) {
      %n = and i64 %a, 255
      %q = getelementptr i8, ptr %p, i64 512
      call void @llvm.memcpy.p0.p0.i64(ptr %q, ptr %p, i64 %n, i1 false)
      ret i64 %n
    }
    define i64 @variable_move(ptr %p, i64 %a) {
      %n = and i64 %a, 255
      %q = getelementptr i8, ptr %p, i64 9
      call void @llvm.memmove.p0.p0.i64(ptr %q, ptr %p, i64 %n, i1 false)
      %t = getelementptr i8, ptr %p, i64 300
      %u = getelementptr i8, ptr %p, i64 313
      call void @llvm.memmove.p0.p0.i64(ptr %t, ptr %u, i64 %n, i1 false)
      ret i64 %a
    }
    define i64 @variable_fill(ptr %p, i64 %a) {
      %n = and i64 %a, 255
      %m = lshr i64 %a, 3
      %b = trunc i64 %m to i8
      call void @llvm.memset.p0.i64(ptr %p, i8 %b, i64 %n, i1 false)
      %r = add i64 %m, %n
      ret i64 %r
    }
    define i64 @frame_copy(ptr %p, i64 %a) {
      %v = alloca [40 x i8]
      %w = alloca [40 x i8]
      call void @llvm.memset.p0.i64(ptr %v, i8 3, i64 40, i1 false)
      store i64 %a, ptr %v
      call void @llvm.memcpy.p0.p0.i64(ptr %w, ptr %v, i64 40, i1 false)
      call void @llvm.memcpy.p0.p0.i64(ptr %p, ptr %w, i64 40, i1 false)
      %r = load i64, ptr %w
      ret i64 %r
    }
  )");
}

TEST_F(BaselineMemoryTest, AtomicReadModifyWrites) {
  std::string Text;
  for (unsigned Bits : {8u, 16u, 32u, 64u}) {
    const std::string T = intType(Bits);
    for (const char *Op : {"add", "sub", "xchg", "and", "or", "xor"})
      for (const char *Value : {"%x", "1", "-1", "100"}) {
        Text += fill("define i64 @\"$o $T $v\"(ptr %p, i64 %a) {\n"
                     "$n"
                     "  %q = getelementptr i8, ptr %p, i64 8\n"
                     "  %r = atomicrmw $o ptr %q, $T $v seq_cst\n",
                     {{"$o", Op},
                      {"$T", T},
                      {"$v", Value},
                      {"$n", narrow("x", "a", Bits)}}) +
                returnInt(Bits);
        Text += fill("define i64 @\"$o $T $v unused\"(ptr %p, i64 %a) {\n"
                     "$n"
                     "  %r = atomicrmw $o ptr %p, $T $v monotonic\n"
                     "  ret i64 %a\n}\n",
                     {{"$o", Op},
                      {"$T", T},
                      {"$v", Value},
                      {"$n", narrow("x", "a", Bits)}});
      }
    // It succeeds or fails, by %a.
    Text += fill("define i64 @\"cmpxchg $T\"(ptr %p, i64 %a) {\n"
                 "$n"
                 "  %there = load $T, ptr %p\n"
                 "  %odd = trunc i64 %a to i1\n"
                 "  %e = select i1 %odd, $T %there, $T %x\n"
                 "  %both = cmpxchg ptr %p, $T %e, $T %x seq_cst monotonic\n"
                 "  %old = extractvalue {$T, i1} %both, 0\n"
                 "  %done = extractvalue {$T, i1} %both, 1\n"
                 "  %one = zext i1 %done to $T\n"
                 "  %s = mul $T %old, 3\n"
                 "  %r = sub $T %s, %one\n",
                 {{"$T", T}, {"$n", narrow("x", "a", Bits)}}) +
            returnInt(Bits);
    Text += fill("define i64 @\"cmpxchg constants $T\"(ptr %p, i64 %a) {\n"
                 "  store $T 7, ptr %p\n"
                 "  %f = cmpxchg weak ptr %p, $T 8, $T 9 acquire acquire\n"
                 "  %s = cmpxchg ptr %p, $T 7, $T 10 release monotonic\n"
                 "  %fd = extractvalue {$T, i1} %f, 1\n"
                 "  %sd = extractvalue {$T, i1} %s, 1\n"
                 "  %x = zext i1 %fd to $T\n"
                 "  %y = zext i1 %sd to $T\n"
                 "  %z = shl $T %x, 1\n"
                 "  %r = or $T %z, %y\n",
                 {{"$T", T}}) +
            returnInt(Bits);
  }
  linkAndCompare(Text + R"(
    define i64 @pointer(ptr %p, i64 %a) {
      store ptr null, ptr %p
      %b = cmpxchg ptr %p, ptr null, ptr %p seq_cst seq_cst
      %o = extractvalue {ptr, i1} %b, 0
      %x = load atomic ptr, ptr %p acquire, align 8
      store atomic ptr null, ptr %x release, align 8
      store atomic ptr %p, ptr %p seq_cst, align 8
      %old = atomicrmw xchg ptr %p, ptr null acq_rel
      %c = icmp eq ptr %old, %p
      %d = icmp eq ptr %o, null
      %e = and i1 %c, %d
      %r = zext i1 %e to i64
      ret i64 %r
    }
  )");
}

/// \p Count values of a buffer, which are all alive until the last is read. Of
/// floats the bits are added: a small one does not get lost.
std::string pressure(unsigned Count, const std::string &T, unsigned Bits,
                     const std::string &Between) {
  std::string Text;
  for (unsigned I = 0; I < Count; ++I)
    Text += fill("  %p$i = getelementptr $T, ptr %p, i64 $i\n"
                 "  %v$i = load $T, ptr %p$i\n",
                 {{"$i", std::to_string(I)}, {"$T", T}});
  Text += Between + "  %s0 = freeze " + intType(Bits) + " 1\n";
  const std::string Cast =
      T[0] == 'i' ? "freeze $T %v$i" : "bitcast $T %v$i to $I";
  for (unsigned I = 0; I < Count; ++I)
    Text += fill("  %b$i = " + Cast +
                     "\n"
                     "  %m$i = mul $I %s$i, 3\n"
                     "  %s$n = sub $I %m$i, %b$i\n",
                 {{"$i", std::to_string(I)},
                  {"$n", std::to_string(I + 1)},
                  {"$I", intType(Bits)},
                  {"$T", T}});
  return Text + "  %r = freeze " + intType(Bits) + " %s" +
         std::to_string(Count) + "\n" + returnInt(Bits);
}

TEST_F(BaselineMemoryTest, MoreValuesThanRegisters) {
  std::string Text = R"(
    define internal i64 @spoil(i64 %x, double %y) noinline {
      %z = fmul double %y, 3.0
      %w = bitcast double %z to i64
      %r = xor i64 %w, %x
      ret i64 %r
    }
  )";
  const std::string Betweens[] = {
      "", "  %ignored = call i64 @spoil(i64 %a, double 1.5)\n",
      // What needs registers of its own.
      "  %o1 = or i64 %a, 1\n"
      "  %o2 = udiv i64 77, %o1\n"
      "  %o3 = and i64 %o2, 63\n"
      "  %o4 = shl i64 %a, %o3\n"
      "  %o5 = call i64 @spoil(i64 %o4, double 2.0)\n"
      "  store i64 %o5, ptr %p\n",
      "  %o1 = or i64 %a, 1\n"
      "  %o2 = urem i64 %a, %o1\n"
      "  %o3 = and i64 %o2, 63\n"
      "  %o4 = shl i64 %a, %o3\n"
      "  %x = cmpxchg ptr %p, i64 %o4, i64 %o3 seq_cst seq_cst\n"};
  unsigned N = 0;
  for (const std::string &Between : Betweens)
    for (unsigned Count : {5u, 8u, 9u, 14u, 15u, 16u, 20u, 40u}) {
      const std::string Tail = std::to_string(Count) + " " + std::to_string(N) +
                               "\"(ptr %p, i64 %a) {\n";
      for (auto &[T, Bits] : {std::pair<const char *, unsigned>{"i64", 64},
                              {"i16", 16},
                              {"double", 64},
                              {"float", 32}})
        Text += "define i64 @\"" + std::string(T) + " " + Tail +
                pressure(Count, T, Bits, Between);
      ++N;
    }
  linkAndCompare(Text);
}

// Instructions with branches inside must not move values on one way only.
TEST_F(BaselineMemoryTest, ConversionsAmongManyValues) {
  std::string Text;
  const std::string ToUnsigned = "  %u = fptoui double %e to i64\n"
                                 "  store i64 %u, ptr %p\n";
  const std::string FromUnsigned = "  %f = uitofp i64 %a to double\n"
                                   "  store double %f, ptr %p\n";
  const std::string Select = "  %c = fcmp une double %d, 2.0\n"
                             "  %f = select i1 %c, double %d, double 7.0\n"
                             "  store double %f, ptr %p\n";
  for (unsigned Count = 8; Count <= 20; ++Count)
    for (const std::string &Between : {ToUnsigned, FromUnsigned, Select}) {
      // %d and %e are there before all others, so that the conversion is what
      // lacks a register.
      const std::string Begin = std::to_string(Count) + Between.substr(2, 4) +
                                "\"(ptr %p, i64 %a) {\n"
                                "  %d = bitcast i64 %a to double\n"
                                "  %above = fcmp ogt double %d, -1.0\n"
                                "  %below = fcmp olt double %d, "
                                "0x43F0000000000000\n"
                                "  %in = and i1 %above, %below\n"
                                "  %e = select i1 %in, double %d, double "
                                "42.75\n";
      for (const char *T : {"double", "i64"})
        Text += "define i64 @\"" + std::string(T) + " " + Begin +
                pressure(Count, T, 64, Between);
    }
  linkAndCompare(Text);
}

} // namespace
