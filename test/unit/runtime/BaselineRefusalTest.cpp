//===- BaselineRefusalTest.cpp - What is left to LLVM --------------------===//
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

class BaselineRefusalTest : public BaselineTest {
protected:
  static std::string print(const Module &M) {
    std::string Text;
    raw_string_ostream OS(Text);
    M.print(OS, nullptr);
    return Text;
  }

  /// Is refused with a reason, is left as it was, and runs by LLVM's code.
  void expectRefused(StringRef Text) {
    auto M = parse(Text);
    const std::string Before = print(*M);
    StringRef Why;
    EXPECT_FALSE(baseline::compile(*M, Machine.getTargetTriple(), Why))
        << Text.str();
    EXPECT_FALSE(Why.empty()) << Text.str();
    EXPECT_EQ(print(*M), Before);
    TierZeroCompiler Compiler(Machine);
    auto Object = Compiler(*M);
    EXPECT_TRUE(!!Object) << Text.str();
    if (!Object)
      consumeError(Object.takeError());
  }
};

TEST_F(BaselineRefusalTest, TypesThatItDoesNotKnow) {
  for (const char *Text : {
           "define <4 x i32> @f(<4 x i32> %x) { ret <4 x i32> %x }",
           "define void @f(ptr %p) {\n"
           "  %x = load <2 x double>, ptr %p\n"
           "  store <2 x double> %x, ptr %p\n  ret void\n}",
           "define x86_fp80 @f(x86_fp80 %x) { ret x86_fp80 %x }",
           "define double @f(ptr %p) {\n"
           "  %x = load x86_fp80, ptr %p\n"
           "  %y = fptrunc x86_fp80 %x to double\n  ret double %y\n}",
           "define i128 @f(i128 %x) { ret i128 %x }",
           "define i64 @f(i64 %x) {\n"
           "  %y = zext i64 %x to i128\n  %z = mul i128 %y, %y\n"
           "  %u = lshr i128 %z, 64\n  %w = trunc i128 %u to i64\n"
           "  ret i64 %w\n}",
           "define i24 @f(i24 %x) { ret i24 %x }",
           "define half @f(half %x) { ret half %x }",
           "define fp128 @f(fp128 %x) { ret fp128 %x }",
           "define { i128, i64 } @f(ptr %p) {\n"
           "  %x = load { i128, i64 }, ptr %p\n  ret { i128, i64 } %x\n}",
           "define i64 @f({ i64, i64 } %x) {\n"
           "  %y = extractvalue { i64, i64 } %x, 0\n  ret i64 %y\n}",
           "define { i64, i64, i64 } @f(i64 %x) {\n"
           "  ret { i64, i64, i64 } zeroinitializer\n}",
           "define i8 @f(ptr addrspace(256) %p) {\n"
           "  %x = load i8, ptr addrspace(256) %p\n  ret i8 %x\n}",
       })
    expectRefused(Text);
}

TEST_F(BaselineRefusalTest, InstructionsThatItDoesNotKnow) {
  for (const char *Text : {
           "define void @f() {\n"
           "  call void asm sideeffect \"nop\", \"\"()\n  ret void\n}",
           "define double @f(double %x, double %y) {\n"
           "  %r = frem double %x, %y\n  ret double %r\n}",
           "define i16 @f(i16 %x) {\n"
           "  %r = call i16 @llvm.bswap.i16(i16 %x)\n  ret i16 %r\n}\n"
           "declare i16 @llvm.bswap.i16(i16)",
           "define i32 @f(i32 %x) {\n"
           "  %r = call i32 @llvm.ctpop.i32(i32 %x)\n  ret i32 %r\n}\n"
           "declare i32 @llvm.ctpop.i32(i32)",
           // Of zeroes of both signs, a library's may return the other one.
           "define double @f(double %x) {\n"
           "  %r = call double @llvm.minnum.f64(double %x, double 0.0)\n"
           "  ret double %r\n}\n"
           "declare double @llvm.minnum.f64(double, double)",
           // A library has locks for what lies across words.
           "define i64 @f(ptr %p) {\n"
           "  %r = load atomic i64, ptr %p acquire, align 1\n  ret i64 %r\n}",
           "define void @f(ptr %p) {\n"
           "  store atomic i64 1, ptr %p seq_cst, align 4\n  ret void\n}",
           "define i32 @f(ptr %p) {\n"
           "  %r = atomicrmw add ptr %p, i32 3 seq_cst, align 2\n  ret i32 "
           "%r\n}",
           "define { i32, i1 } @f(ptr %p) {\n"
           "  %r = cmpxchg ptr %p, i32 3, i32 4 seq_cst seq_cst, align 1\n"
           "  ret { i32, i1 } %r\n}",
           // A call.
           "define void @f() {\n  call void @llvm.trap() #0\n  unreachable\n}\n"
           "declare void @llvm.trap()\n"
           "attributes #0 = { \"trap-func-name\"=\"foo\" }",
           // Must not be a call.
           "define void @f(ptr %p, ptr %q) {\n"
           "  call void @llvm.memcpy.inline.p0.p0.i64(ptr %p, ptr %q, i64 "
           "4000, "
           "i1 false)\n  ret void\n}\n"
           "declare void @llvm.memcpy.inline.p0.p0.i64(ptr, ptr, i64, i1)",
           "declare i32 @__gxx_personality_v0(...)\n"
           "declare void @llvm.donothing()\n"
           "define void @f() personality ptr @__gxx_personality_v0 {\n"
           "  invoke void @llvm.donothing() to label %a unwind label %b\n"
           "a:\n  ret void\n"
           "b:\n  %l = landingpad { ptr, i32 } cleanup\n"
           "  resume { ptr, i32 } %l\n}",
           // Its caller counts on registers that it does not save here.
           "define void @f() \"no_caller_saved_registers\" { ret void }",
           "define void @f() \"target-features\"=\"+sse2,+retpoline\" "
           "{ ret void }",
           "define i32 @f(ptr %p) {\n"
           "  %r = atomicrmw nand ptr %p, i32 3 seq_cst\n  ret i32 %r\n}",
           "define i32 @f(ptr %p) {\n"
           "  %r = atomicrmw max ptr %p, i32 3 seq_cst\n  ret i32 %r\n}",
           "define i1 @f(double %x) {\n"
           "  %r = fcmp true double %x, %x\n  ret i1 %r\n}",
           "define i64 @f(i64 %x) {\n"
           "  indirectbr ptr blockaddress(@f, %a), [label %a, label %b]\n"
           "a:\n  ret i64 1\nb:\n  ret i64 %x\n}",
           "define i64 @f(i64 %x) {\n"
           "  %r = musttail call i64 @f(i64 %x)\n  ret i64 %r\n}",
           "define fastcc i64 @f(i64 %x) { ret i64 %x }",
           "declare fastcc i64 @g(i64)\n"
           "define i64 @f(i64 %x) {\n"
           "  %r = call fastcc i64 @g(i64 %x)\n  ret i64 %r\n}",
           "define ptr @f(i64 %n) {\n"
           "  %v = alloca i64, i64 %n, align 64\n  ret ptr %v\n}",
           "declare i32 @__gxx_personality_v0(...)\n"
           "declare void @g()\n"
           "define void @f() personality ptr @__gxx_personality_v0 {\n"
           "  invoke void @g() to label %a unwind label %b\n"
           "a:\n  ret void\n"
           "b:\n  %l = landingpad { ptr, i32 } filter [1 x ptr] [ptr null]\n"
           "  resume { ptr, i32 } %l\n}",
       })
    expectRefused(Text);
}

TEST_F(BaselineRefusalTest, ModulesThatItDoesNotKnow) {
  for (const char *Text : {
           "@v = thread_local global i32 0\n"
           "define i32 @f() {\n  %x = load i32, ptr @v\n  ret i32 %x\n}",
           "@v = external thread_local global i32\n"
           "declare ptr @llvm.threadlocal.address.p0(ptr)\n"
           "define ptr @f() {\n"
           "  %p = call ptr @llvm.threadlocal.address.p0(ptr @v)\n"
           "  ret ptr %p\n}",
           "@v = external thread_local global i32\n"
           "define ptr @f() { ret ptr @v }",
           "@v = global i32 0\n@a = alias i32, ptr @v",
           "@v = common global i32 0",
           "@v = global i32 0, section \"mine\"",
           "@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] "
           "[{ i32, ptr, ptr } { i32 1, ptr @f, ptr null }]\n"
           "define void @f() { ret void }",
           "@v = global <4 x ptr> zeroinitializer\n"
           "@w = global <2 x ptr> <ptr @v, ptr null>",
           "@v = global i32 trunc (i64 ptrtoint (ptr @v to i64) to i32)",
           "module asm \".globl nothing\"\ndefine void @f() { ret void }",
           "define void @f() naked {\n  unreachable\n}",
           "define void @f() sanitize_address {\n  ret void\n}",
           "define void @f() sspstrong {\n  ret void\n}",
           "define void @f() gc \"statepoint-example\" {\n  ret void\n}",
           "define void @f() prefix i32 7 {\n  ret void\n}",
           "define void @f() section \"mine\" {\n  ret void\n}",
           "!llvm.module.flags = !{!0}\n"
           "!0 = !{i32 8, !\"cf-protection-branch\", i32 1}\n"
           "define void @f() { ret void }",
       })
    expectRefused(Text);
}

TEST_F(BaselineRefusalTest, DebugInformation) {
  expectRefused(std::string("define void @f() !dbg !4 {\n"
                            "  ret void, !dbg !7\n}\n") +
                DebugInfoIR);
}

TEST_F(BaselineRefusalTest, OtherTargets) {
  auto M = parse("define void @f() { ret void }");
  for (const char *Target :
       {"aarch64-linux-gnu", "x86_64-apple-macosx", "x86_64-pc-windows-msvc",
        "i686-linux-gnu", "x86_64-unknown-linux-gnux32"}) {
    StringRef Why;
    EXPECT_FALSE(baseline::compile(*M, Triple(Target), Why)) << Target;
    EXPECT_FALSE(Why.empty());
  }
}

TEST_F(BaselineRefusalTest, WhatIsCompiledIsLeftAsItWas) {
  auto M = parse(R"(
    @v = internal global i64 7
    define i64 @f(i64 %x) {
    entry:
      br label %loop
    loop:
      %i = phi i64 [ 0, %entry ], [ %j, %loop ]
      %p = getelementptr i64, ptr @v, i64 %i
      %j = add i64 %i, 1
      %c = icmp ult i64 %j, %x
      br i1 %c, label %loop, label %end
    end:
      %y = load i64, ptr %p
      ret i64 %y
    }
  )");
  const std::string Before = print(*M);
  auto First = compileBaseline(*M), Second = compileBaseline(*M);
  EXPECT_EQ(print(*M), Before);
  ASSERT_TRUE(First && Second);
  EXPECT_EQ(First->getBuffer(), Second->getBuffer());
}

} // namespace
