//===- BaselineFrameTest.cpp - Frames, pointers and data of modules ------===//
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

class BaselineFrameTest : public BaselineTest {};

TEST_F(BaselineFrameTest, VariadicFunctions) {
  // How clang reads an int and a double at -O0.
  linkAndCompare(R"(
    %va = type { i32, i32, ptr, ptr }
    declare void @llvm.va_start.p0(ptr)
    declare void @llvm.va_end.p0(ptr)
    declare void @llvm.va_copy.p0.p0(ptr, ptr)
    define internal i64 @next_int(ptr %list) noinline {
      %at = load i32, ptr %list
      %fits = icmp ule i32 %at, 40
      br i1 %fits, label %saved, label %stack
    saved:
      %area.at = getelementptr %va, ptr %list, i32 0, i32 3
      %area = load ptr, ptr %area.at
      %p1 = getelementptr i8, ptr %area, i32 %at
      %at1 = add i32 %at, 8
      store i32 %at1, ptr %list
      br label %end
    stack:
      %over.at = getelementptr %va, ptr %list, i32 0, i32 2
      %p2 = load ptr, ptr %over.at
      %over = getelementptr i8, ptr %p2, i32 8
      store ptr %over, ptr %over.at
      br label %end
    end:
      %p = phi ptr [ %p1, %saved ], [ %p2, %stack ]
      %r = load i64, ptr %p
      ret i64 %r
    }
    define internal double @next_double(ptr %list) noinline {
      %at.at = getelementptr %va, ptr %list, i32 0, i32 1
      %at = load i32, ptr %at.at
      %fits = icmp ule i32 %at, 160
      br i1 %fits, label %saved, label %stack
    saved:
      %area.at = getelementptr %va, ptr %list, i32 0, i32 3
      %area = load ptr, ptr %area.at
      %p1 = getelementptr i8, ptr %area, i32 %at
      %at1 = add i32 %at, 16
      store i32 %at1, ptr %at.at
      br label %end
    stack:
      %over.at = getelementptr %va, ptr %list, i32 0, i32 2
      %p2 = load ptr, ptr %over.at
      %over = getelementptr i8, ptr %p2, i32 8
      store ptr %over, ptr %over.at
      br label %end
    end:
      %p = phi ptr [ %p1, %saved ], [ %p2, %stack ]
      %r = load double, ptr %p
      ret double %r
    }
    define internal i64 @sum(i32 %n, double %first, ...) noinline {
      %list = alloca [1 x %va], align 16
      %copy = alloca [1 x %va], align 16
      call void @llvm.va_start.p0(ptr %list)
      %b0 = bitcast double %first to i64
      br label %loop
    loop:
      %i = phi i32 [ 0, %0 ], [ %i1, %next ]
      %s = phi i64 [ %b0, %0 ], [ %s4, %next ]
      %more = icmp slt i32 %i, %n
      br i1 %more, label %next, label %end
    next:
      call void @llvm.va_copy.p0.p0(ptr %copy, ptr %list)
      %peek = call i64 @next_int(ptr %copy)
      %x = call i64 @next_int(ptr %list)
      %d = call double @next_double(ptr %list)
      %y = bitcast double %d to i64
      %s1 = mul i64 %s, 31
      %s2 = add i64 %s1, %x
      %s3 = mul i64 %s2, 31
      %s5 = xor i64 %s3, %peek
      %s4 = add i64 %s5, %y
      %i1 = add i32 %i, 1
      br label %loop
    end:
      call void @llvm.va_end.p0(ptr %list)
      ret i64 %s
    }
    define internal i64 @sum_all(i32 %n, double %first, i64 %g1, i64 %g2, i64 %g3, i64 %g4, i64 %g5, i64 %g6, ...) noinline {
      %list = alloca [1 x %va], align 16
      call void @llvm.va_start.p0(ptr %list)
      %x = call i64 @next_int(ptr %list)
      %d = call double @next_double(ptr %list)
      %y = call i64 @next_int(ptr %list)
      call void @llvm.va_end.p0(ptr %list)
      %b = bitcast double %d to i64
      %r1 = mul i64 %x, 3
      %r2 = sub i64 %r1, %b
      %r3 = mul i64 %r2, 3
      %r4 = sub i64 %r3, %y
      %r5 = mul i64 %r4, 3
      %r6 = sub i64 %r5, %g6
      ret i64 %r6
    }
    define i64 @few(i64 %a, i64 %b) {
      %d = bitcast i64 %b to double
      %r = call i64 (i32, double, ...) @sum(i32 1, double %d, i64 %a, double %d)
      ret i64 %r
    }
    define i64 @none(i64 %a, i64 %b) {
      %d = bitcast i64 %b to double
      %r = call i64 (i32, double, ...) @sum(i32 0, double %d)
      ret i64 %r
    }
    define i64 @named_on_the_stack(i64 %a, i64 %b) {
      %d = bitcast i64 %b to double
      %r = call i64 (i32, double, i64, i64, i64, i64, i64, i64, ...) @sum_all(i32 0, double %d, i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 %a, double %d, i64 %b)
      ret i64 %r
    }
  )");
}

TEST_F(BaselineFrameTest, VariablesOfUnknownSize) {
  linkAndCompare(R"(
    declare ptr @llvm.stacksave.p0()
    declare void @llvm.stackrestore.p0(ptr)
    declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
    define internal i64 @nine(i64 %a, i64 %b, i64 %c, i64 %d, i64 %e, i64 %f, i64 %g, i64 %h, i64 %i) noinline {
      %s = mul i64 %g, 3
      %t = sub i64 %s, %h
      %u = mul i64 %t, 5
      %v = sub i64 %u, %i
      ret i64 %v
    }
    define i64 @one(i64 %a, i64 %b) {
    entry:
      %n = and i64 %a, 127
      %m = add i64 %n, 1
      %fixed = alloca i64
      store i64 %b, ptr %fixed
      %v = alloca i64, i64 %m, align 16
      %bytes = mul i64 %m, 8
      call void @llvm.memset.p0.i64(ptr %v, i8 0, i64 %bytes, i1 false)
      %last = getelementptr i64, ptr %v, i64 %n
      store i64 %a, ptr %last
      %x = call i64 @nine(i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 %a, i64 %b, i64 %n)
      %y = load i64, ptr %last
      %z = load i64, ptr %fixed
      %r1 = mul i64 %x, 3
      %r2 = sub i64 %r1, %y
      %r3 = xor i64 %r2, %z
      %p = ptrtoint ptr %v to i64
      %odd = and i64 %p, 15
      %r4 = add i64 %r3, %odd
      ret i64 %r4
    }
    define i64 @in_a_loop(i64 %a, i64 %b) {
    entry:
      %n = and i64 %a, 31
      br label %loop
    loop:
      %i = phi i32 [ 0, %entry ], [ %i1, %loop ]
      %s = phi i64 [ %b, %entry ], [ %s1, %loop ]
      %w = zext i32 %i to i64
      %saved = call ptr @llvm.stacksave.p0()
      %size = add i32 %i, 3
      %v = alloca [3 x i16], i32 %size
      %q = getelementptr [3 x i16], ptr %v, i64 %w, i64 2
      %t = trunc i64 %s to i16
      store i16 %t, ptr %q
      %x = call i64 @nine(i64 1, i64 2, i64 3, i64 4, i64 5, i64 6, i64 %s, i64 %w, i64 9)
      %u = load i16, ptr %q
      %u1 = zext i16 %u to i64
      %s1 = add i64 %x, %u1
      call void @llvm.stackrestore.p0(ptr %saved)
      %i1 = add i32 %i, 1
      %c = icmp ult i32 %i1, 20
      br i1 %c, label %loop, label %end
    end:
      ret i64 %s1
    }
    define i64 @two_at_once(i64 %a, i64 %b) {
      %n = and i64 %a, 15
      %m = and i64 %b, 31
      %n1 = add i64 %n, 1
      %m1 = add i64 %m, 1
      %v = alloca i8, i64 %n1
      %w = alloca i8, i64 %m1
      %p = getelementptr i8, ptr %v, i64 %n
      %q = getelementptr i8, ptr %w, i64 %m
      store i8 1, ptr %v
      store i8 2, ptr %w
      store i8 33, ptr %p
      store i8 44, ptr %q
      %x = load i8, ptr %p
      %y = load i8, ptr %v
      %z = load i8, ptr %w
      %x1 = zext i8 %x to i64
      %y1 = zext i8 %y to i64
      %z1 = zext i8 %z to i64
      %s = mul i64 %x1, 1000
      %t = mul i64 %y1, 100000
      %u = add i64 %s, %t
      %r = add i64 %u, %z1
      ret i64 %r
    }
  )");
}

TEST_F(BaselineFrameTest, IndirectCallsAndRecursion) {
  linkAndCompare(R"(
    @table = internal constant [3 x ptr] [ptr @add, ptr @sub, ptr @many]
    define internal i64 @add(i64 %a, i64 %b, i64 %c) { %r = add i64 %a, %b ret i64 %r }
    define internal i64 @sub(i64 %a, i64 %b, i64 %c) { %r = sub i64 %a, %b ret i64 %r }
    define i64 @many(i64 %a, i64 %b, i64 %c) { %r = mul i64 %a, %c ret i64 %r }
    define i64 @by_table(i64 %a, i64 %b) {
      %n = urem i64 %a, 3
      %p = getelementptr [3 x ptr], ptr @table, i64 0, i64 %n
      %f = load ptr, ptr %p
      %r = call i64 %f(i64 %b, i64 %a, i64 7)
      %s = call i64 %f(i64 %r, i64 %r, i64 %a)
      ret i64 %s
    }
    define i64 @by_select(i64 %a, i64 %b) {
      %c = icmp slt i64 %a, %b
      %f = select i1 %c, ptr @add, ptr @many
      %r = call i64 %f(i64 %b, i64 %a, i64 %b)
      ret i64 %r
    }
    define internal i64 @fib(i64 %n) {
      %c = icmp ult i64 %n, 2
      br i1 %c, label %end, label %more
    more:
      %n1 = sub i64 %n, 1
      %n2 = sub i64 %n, 2
      %x = call i64 @fib(i64 %n1)
      %y = call i64 @fib(i64 %n2)
      %z = add i64 %x, %y
      ret i64 %z
    end:
      ret i64 %n
    }
    define i64 @fibonacci(i64 %a, i64 %b) {
      %n = and i64 %a, 7
      %r = call i64 @fib(i64 %n)
      ret i64 %r
    }
    ; Arguments that are in each other's registers.
    define internal i64 @turn(i64 %n, i64 %a, i64 %b, i64 %c, double %x, double %y) {
      %end = icmp eq i64 %n, 0
      br i1 %end, label %yes, label %no
    yes:
      %u = bitcast double %x to i64
      %r1 = mul i64 %a, 3
      %r2 = sub i64 %r1, %b
      %r3 = mul i64 %r2, 3
      %r4 = sub i64 %r3, %c
      %r5 = xor i64 %r4, %u
      ret i64 %r5
    no:
      %n1 = sub i64 %n, 1
      %r = call i64 @turn(i64 %n1, i64 %c, i64 %a, i64 %b, double %y, double %x)
      ret i64 %r
    }
    define internal i64 @flat(i64 %a, i64 %b, i64 %c, double %x, double %y) {
      %r = call i64 @turn(i64 %c, i64 %b, i64 %a, i64 %a, double %y, double %x)
      ret i64 %r
    }
    define i64 @turning(i64 %a, i64 %b) {
      %n = and i64 %a, 7
      %x = bitcast i64 %a to double
      %r = call i64 @turn(i64 %n, i64 %a, i64 %b, i64 7, double %x, double 1.5)
      %s = call i64 @flat(i64 %b, i64 %a, i64 %n, double %x, double 2.5)
      %t = sub i64 %r, %s
      ret i64 %t
    }
  )");
}

TEST_F(BaselineFrameTest, DataOfModules) {
  define("outside", reinterpret_cast<void *>(SetUpTestSuite));
  linkAndCompare(R"(
    %s = type { i8, i16, float, ptr, [2 x i24], <{ i8, i32 }> }
    @number = global i32 -7
    @zero = global [9 x i64] zeroinitializer
    @internal = internal global i64 81985529216486895
    @weak = weak global i16 300
    @once = linkonce_odr constant i64 5
    @text = private unnamed_addr constant [6 x i8] c"text\0A\00"
    @text2 = private unnamed_addr constant [6 x i8] c"tex2\0A\00"
    @wide = private constant [3 x i32] [i32 1, i32 -2, i32 65536]
    @doubles = constant [2 x double] [double -0.0, double 0x7FF8000000000000]
    @mixed = global %s { i8 1, i16 -2, float 1.5, ptr @number, [2 x i24] [i24 -1, i24 65793], <{ i8, i32 }> <{ i8 3, i32 -4 }> }
    @parts = global { ptr, i64, ptr, ptr, i1, i128 } { ptr getelementptr (i8, ptr @mixed, i64 4), i64 ptrtoint (ptr @zero to i64), ptr null, ptr @get, i1 true, i128 -3 }
    @own = global ptr @own
    @undefined = global { i32, i32 } { i32 undef, i32 5 }
    @aligned = global i8 3, align 64
    @empty = global {} zeroinitializer
    @hidden = hidden global i32 55
    @outside = external global i8
    @nowhere = extern_weak global i8
    @order = internal constant [2 x ptr] [ptr getelementptr inbounds ([9 x i64], ptr @zero, i64 0, i64 3), ptr @text]
    define internal i64 @get() { ret i64 1234 }
    define i64 @bytes(i64 %a, i64 %b) {
      %n = urem i64 %a, 28
      %p = getelementptr i8, ptr @mixed, i64 %n
      %c = icmp uge i64 %n, 8
      %d = icmp ult i64 %n, 16
      %e = and i1 %c, %d
      br i1 %e, label %address, label %data
    address:
      ret i64 0
    data:
      %x = load i8, ptr %p
      %m = urem i64 %b, 3
      %q = getelementptr i32, ptr @wide, i64 %m
      %y = load i32, ptr %q
      %k = urem i64 %b, 6
      %t = getelementptr i8, ptr @text, i64 %k
      %z = load i8, ptr %t
      %x1 = zext i8 %x to i64
      %y1 = zext i32 %y to i64
      %z1 = zext i8 %z to i64
      %s = mul i64 %x1, %y1
      %r = sub i64 %s, %z1
      ret i64 %r
    }
    define i64 @values(i64 %a, i64 %b) {
      %v0 = load i32, ptr @number
      %v1 = load i64, ptr @internal
      %v2 = load i16, ptr @weak
      %v3 = load i64, ptr @once
      %v4 = load i64, ptr getelementptr ([2 x double], ptr @doubles, i64 0, i64 1)
      %v5 = load i8, ptr getelementptr (i8, ptr @text2, i64 3)
      %v6 = load i32, ptr @hidden
      %v7 = load i32, ptr getelementptr ({ i32, i32 }, ptr @undefined, i64 0, i32 1)
      %v8 = load i8, ptr @aligned
      %v9 = load i8, ptr getelementptr ({ ptr, i64, ptr, ptr, i1, i128 }, ptr @parts, i32 0, i32 4)
      %va = load i64, ptr getelementptr (i8, ptr @parts, i64 56)
      %w0 = sext i32 %v0 to i64
      %w2 = zext i16 %v2 to i64
      %w5 = zext i8 %v5 to i64
      %w6 = zext i32 %v6 to i64
      %w7 = zext i32 %v7 to i64
      %w8 = zext i8 %v8 to i64
      %w9 = zext i8 %v9 to i64
      %s0 = mul i64 %w0, %v1
      %s1 = sub i64 %s0, %w2
      %s2 = mul i64 %s1, %v3
      %s3 = xor i64 %s2, %v4
      %s4 = mul i64 %s3, %w5
      %s5 = sub i64 %s4, %w6
      %s6 = mul i64 %s5, %w7
      %s7 = sub i64 %s6, %w8
      %s8 = mul i64 %s7, 3
      %s9 = sub i64 %s8, %w9
      %r = xor i64 %s9, %va
      ret i64 %r
    }
    define i64 @addresses(i64 %a, i64 %b) {
      %f = load ptr, ptr getelementptr (i8, ptr @parts, i64 24)
      %v0 = call i64 %f()
      %o = load ptr, ptr @own
      %c0 = icmp eq ptr %o, @own
      %m = load ptr, ptr @parts
      %c1 = icmp eq ptr %m, getelementptr (i8, ptr @mixed, i64 4)
      %z = load ptr, ptr getelementptr (i8, ptr @parts, i64 8)
      %c2 = icmp eq ptr %z, @zero
      %p = load ptr, ptr @order
      %c3 = icmp eq ptr %p, getelementptr (i64, ptr @zero, i64 3)
      %t = load ptr, ptr getelementptr (ptr, ptr @order, i64 1)
      %c4 = icmp eq ptr %t, @text
      %x = load ptr, ptr getelementptr (%s, ptr @mixed, i32 0, i32 3)
      %v1 = load i32, ptr %x
      %c5 = icmp eq ptr @nowhere, null
      %al = ptrtoint ptr @aligned to i64
      %off = and i64 %al, 63
      %out = ptrtoint ptr @outside to i64
      %c6 = icmp ne ptr @empty, @hidden
      %b0 = zext i1 %c0 to i64
      %b1 = select i1 %c1, i64 2, i64 0
      %b2 = select i1 %c2, i64 4, i64 0
      %b3 = select i1 %c3, i64 8, i64 0
      %b4 = select i1 %c4, i64 16, i64 0
      %b5 = select i1 %c5, i64 32, i64 0
      %b6 = select i1 %c6, i64 64, i64 0
      %s0 = add i64 %b0, %b1
      %s1 = add i64 %s0, %b2
      %s2 = add i64 %s1, %b3
      %s3 = add i64 %s2, %b4
      %s4 = add i64 %s3, %b5
      %s5 = add i64 %s4, %b6
      %s6 = mul i64 %s5, %v0
      %s7 = sub i64 %s6, %off
      %s8 = mul i64 %s7, 3
      %w1 = sext i32 %v1 to i64
      %s9 = sub i64 %s8, %w1
      %r = xor i64 %s9, %out
      ret i64 %r
    }
    define i64 @changing(i64 %a, i64 %b) {
      %n = urem i64 %a, 9
      %p = getelementptr [9 x i64], ptr @zero, i64 0, i64 %n
      %old = load i64, ptr %p
      %new = add i64 %old, %b
      store i64 %new, ptr %p
      store i32 7, ptr @number
      %i = trunc i64 %b to i32
      store i32 %i, ptr @hidden
      store double -0.0, ptr getelementptr (i64, ptr @zero, i64 8)
      store i8 1, ptr getelementptr (i8, ptr @internal, i64 7)
      store i64 -1, ptr @internal
      store ptr @changing, ptr @own
      %r = load i64, ptr getelementptr (i64, ptr @zero, i64 4)
      ret i64 %r
    }
  )");
}

} // namespace
