//===- InstrumenterCallTest.cpp - Counting of calls ----------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InstrumenterTest.h"

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

TEST_F(InstrumenterTest, TripsExactlyOncePerArming) {
  add("define void @f() { ret void }");
  auto *F = get<void()>("f");
  for (int Arming = 1; Arming != 4; ++Arming) {
    Trips.clear();
    arm(9, 0);
    for (int Call = 1; Call <= 25; ++Call) {
      F();
      EXPECT_EQ(Trips.size(), Call < 10 ? 0u : 1u) << Call;
    }
    EXPECT_EQ(calls(), 25u);
    EXPECT_EQ(C.CallsLeft, RearmedCount - 15);
    EXPECT_EQ(C.LoopsLeft, 0);
  }
}

TEST_F(InstrumenterTest, ArmedWithZeroTheFirstCallTrips) {
  add("define void @f() { ret void }");
  arm(0, 0);
  get<void()>("f")();
  EXPECT_EQ(Trips.size(), 1u);
}

TEST_F(InstrumenterTest, ATripAtEntrySaysWhereTheCallCameFrom) {
  add(R"(
    define i32 @f(i32 %x) noinline {
      %x.addr = alloca i32
      store i32 %x, ptr %x.addr
      %r = load i32, ptr %x.addr
      ret i32 %r
    }
    define i32 @caller(i32 %x) {
      %r = call i32 @f(i32 %x)
      %s = add i32 %r, 1
      ret i32 %s
    }
  )");
  arm(0, 0);
  EXPECT_EQ(get<int(int)>("caller")(5), 6);
  ASSERT_EQ(Trips.size(), 1u);
  EXPECT_EQ(Trips[0].Id, HookId);
  EXPECT_EQ(Trips[0].Version, Version);
  EXPECT_GT(Trips[0].Caller, addr("caller").getValue());
  EXPECT_LT(Trips[0].Caller, addr("caller").getValue() + 32);
}

TEST_F(InstrumenterTest, RecursionCountsEachCall) {
  add(R"(
    define i32 @f(i32 %n) {
    entry:
      %n.addr = alloca i32
      store i32 %n, ptr %n.addr
      %n0 = load i32, ptr %n.addr
      %small = icmp slt i32 %n0, 2
      br i1 %small, label %base, label %step
    base:
      ret i32 %n0
    step:
      %a = sub i32 %n0, 1
      %fa = call i32 @f(i32 %a)
      %n1 = load i32, ptr %n.addr
      %b = sub i32 %n1, 2
      %fb = call i32 @f(i32 %b)
      %r = add i32 %fa, %fb
      ret i32 %r
    }
  )");
  armFarAway();
  EXPECT_EQ(get<int(int)>("f")(15), 610);
  EXPECT_EQ(calls(), 1973u);
  arm(1000, 0);
  EXPECT_EQ(get<int(int)>("f")(15), 610);
  EXPECT_EQ(calls(), 1973u);
  EXPECT_EQ(Trips.size(), 1u);
}

/// Functions of all kinds of signatures, each with a caller that hands it what
/// it takes and makes an int of the result.
const Shape Signatures[] = {
    {"NoArgumentsAndNoAllocas",
     R"(@count = internal global i32 40
        define void @f() {
          %c = load i32, ptr @count
          %c1 = add i32 %c, 1
          store i32 %c1, ptr @count
          ret void
        }
        define i32 @caller(i32 %n) {
          call void @f()
          %r = load i32, ptr @count
          ret i32 %r
        })",
     [](int) { return Counts{41, 0}; }},

    {"ArgumentsInRegistersAndOnTheStack",
     R"(define double @f(i32 %a, i64 %b, i8 %c, i16 %d, i32 %e, i64 %g, i64 %h,
                         i64 %i, double %p, float %q, double %r, double %s,
                         double %t, double %u, double %v, double %w, double %x,
                         double %y) {
          %a.addr = alloca i32
          %i.addr = alloca i64
          %y.addr = alloca double
          store i32 %a, ptr %a.addr
          store i64 %i, ptr %i.addr
          store double %y, ptr %y.addr
          %a0 = load i32, ptr %a.addr
          %ad = sitofp i32 %a0 to double
          %i0 = load i64, ptr %i.addr
          %id = sitofp i64 %i0 to double
          %hd = sitofp i64 %h to double
          %y0 = load double, ptr %y.addr
          %s0 = fadd double %ad, %id
          %s1 = fadd double %s0, %hd
          %s2 = fadd double %s1, %y0
          %s3 = fadd double %s2, %x
          %s4 = fadd double %s3, %p
          ret double %s4
        }
        define i32 @caller(i32 %n) {
          %r = call double @f(i32 %n, i64 0, i8 0, i16 0, i32 0, i64 0,
                              i64 1000, i64 100, double 1.0e4, float 0.0,
                              double 0.0, double 0.0, double 0.0, double 0.0,
                              double 0.0, double 0.0, double 1.0e5,
                              double 1.0e6)
          %i = fptosi double %r to i32
          ret i32 %i
        })",
     [](int N) { return Counts{1111100 + N, 0}; }},

    {"ByValue",
     R"(%S = type { i64, i64, i64, i32 }
        define i32 @f(ptr byval(%S) align 8 %s, i32 %x) {
          %x.addr = alloca i32
          store i32 %x, ptr %x.addr
          %last = getelementptr %S, ptr %s, i32 0, i32 3
          %v = load i32, ptr %last
          store i32 0, ptr %last
          %x0 = load i32, ptr %x.addr
          %r = add i32 %v, %x0
          ret i32 %r
        }
        define i32 @caller(i32 %n) {
          %s = alloca %S
          %last = getelementptr %S, ptr %s, i32 0, i32 3
          store i32 70, ptr %last
          %r = call i32 @f(ptr byval(%S) align 8 %s, i32 %n)
          %kept = load i32, ptr %last
          %sum = add i32 %r, %kept
          ret i32 %sum
        })",
     [](int N) { return Counts{140 + N, 0}; }},

    {"StructureReturn",
     R"(%S = type { i64, i64, i64, i32 }
        define void @f(ptr noalias sret(%S) align 8 %result, i32 %x) {
          %result.ptr = alloca ptr
          %x.addr = alloca i32
          store ptr %result, ptr %result.ptr
          store i32 %x, ptr %x.addr
          %x0 = load i32, ptr %x.addr
          %last = getelementptr %S, ptr %result, i32 0, i32 3
          store i32 %x0, ptr %last
          ret void
        }
        define i32 @caller(i32 %n) {
          %s = alloca %S
          call void @f(ptr sret(%S) align 8 %s, i32 %n)
          %last = getelementptr %S, ptr %s, i32 0, i32 3
          %r = load i32, ptr %last
          ret i32 %r
        })",
     [](int N) { return Counts{N, 0}; }},

    {"PairsAndVectors",
     R"(define { i64, double } @f({ i64, double } %p, <4 x float> %v,
                                 <2 x double> %w) {
          %v.addr = alloca <4 x float>
          store <4 x float> %v, ptr %v.addr
          %a = extractvalue { i64, double } %p, 0
          %b = extractvalue { i64, double } %p, 1
          %v0 = load <4 x float>, ptr %v.addr
          %v3 = extractelement <4 x float> %v0, i32 3
          %v3d = fpext float %v3 to double
          %w1 = extractelement <2 x double> %w, i32 1
          %sum = fadd double %v3d, %w1
          %b1 = fadd double %b, %sum
          %r0 = insertvalue { i64, double } poison, i64 %a, 0
          %r1 = insertvalue { i64, double } %r0, double %b1, 1
          ret { i64, double } %r1
        }
        define i32 @caller(i32 %n) {
          %n64 = sext i32 %n to i64
          %p0 = insertvalue { i64, double } poison, i64 %n64, 0
          %p1 = insertvalue { i64, double } %p0, double 3.0, 1
          %r = call { i64, double } @f({ i64, double } %p1,
              <4 x float> <float 0.0, float 0.0, float 0.0, float 20.0>,
              <2 x double> <double 0.0, double 100.0>)
          %a = extractvalue { i64, double } %r, 0
          %b = extractvalue { i64, double } %r, 1
          %bi = fptosi double %b to i64
          %sum = add i64 %a, %bi
          %i = trunc i64 %sum to i32
          ret i32 %i
        })",
     [](int N) { return Counts{123 + N, 0}; }},

    {"VariadicArguments",
     R"(declare void @llvm.va_start(ptr)
        declare void @llvm.va_end(ptr)
        define i32 @f(i32 %n, ...) {
          %ap = alloca [3 x i64], align 16
          call void @llvm.va_start(ptr %ap)
          %x = va_arg ptr %ap, i32
          %y = va_arg ptr %ap, double
          call void @llvm.va_end(ptr %ap)
          %yi = fptosi double %y to i32
          %s = add i32 %x, %yi
          %r = add i32 %s, %n
          ret i32 %r
        }
        define i32 @caller(i32 %n) {
          %r = call i32 (i32, ...) @f(i32 %n, i32 10, double 200.0)
          ret i32 %r
        })",
     [](int N) { return Counts{210 + N, 0}; }},

    {"VariableLengthArray",
     R"(declare ptr @llvm.stacksave()
        declare void @llvm.stackrestore(ptr)
        define i32 @f(i32 %n) {
          %n.addr = alloca i32
          store i32 %n, ptr %n.addr
          %n0 = load i32, ptr %n.addr
          %count = add i32 %n0, 1
          %saved = call ptr @llvm.stacksave()
          %vla = alloca i32, i32 %count
          %last = getelementptr i32, ptr %vla, i32 %n0
          store i32 %n0, ptr %last
          %r = load i32, ptr %last
          call void @llvm.stackrestore(ptr %saved)
          ret i32 %r
        }
        define i32 @caller(i32 %n) {
          %r = call i32 @f(i32 %n)
          ret i32 %r
        })",
     [](int N) { return Counts{N, 0}; }},

    {"TailCall",
     R"(define i32 @g(i32 %x) { %r = add i32 %x, 5 ret i32 %r }
        define i32 @f(i32 %x) {
          %r = musttail call i32 @g(i32 %x)
          ret i32 %r
        }
        define i32 @caller(i32 %n) {
          %r = call i32 @f(i32 %n)
          ret i32 %r
        })",
     [](int N) { return Counts{5 + N, 0}; }},

    {"CallsFirstThenStoresAnArgument",
     R"(@last = internal global i32 0
        define void @g() { store i32 -1, ptr @last ret void }
        define i32 @f(i32 %x) {
          call void @g()
          store i32 %x, ptr @last
          %r = load i32, ptr @last
          ret i32 %r
        }
        define i32 @caller(i32 %n) {
          %r = call i32 @f(i32 %n)
          ret i32 %r
        })",
     [](int N) { return Counts{N, 0}; }},
};

class InstrumenterSignatureTest : public InstrumenterTest,
                                  public testing::WithParamInterface<Shape> {};

INSTANTIATE_TEST_SUITE_P(Signatures, InstrumenterSignatureTest,
                         testing::ValuesIn(Signatures),
                         [](auto &Info) { return Info.param.Name; });

TEST_P(InstrumenterSignatureTest, ArgumentsAndResultsSurviveATrip) {
  add(GetParam().IR);
  auto *Caller = get<int(int)>("caller");
  arm(0, 0);
  EXPECT_EQ(Caller(33), GetParam().Expect(33).Result);
  EXPECT_EQ(calls(), 1u);
  EXPECT_EQ(Trips.size(), 1u);
}

/// A call that never comes back from what it calls first is counted too.
TEST_F(InstrumenterTest, TheEntryIsCountedBeforeAnythingIsCalled) {
  LLVMContext Ctx;
  for (const Shape &S : Signatures) {
    auto M = instrumented(S.IR, Ctx);
    for (Instruction &I : M->getFunction("f")->getEntryBlock())
      if (auto *Call = dyn_cast<CallBase>(&I))
        EXPECT_TRUE(isa<IntrinsicInst>(Call)) << S.Name;
  }
}

TEST_F(InstrumenterTest, ACallThatThrowsIsCounted) {
  add(std::string(ExceptionIR) + R"(
    define void @f(i32 %i) uwtable {
      %i.addr = alloca i32
      store i32 %i, ptr %i.addr
      %v = load i32, ptr %i.addr
      call i32 @throw_if(i32 %v)
      ret void
    }
    define i32 @catches(i32 %i) uwtable personality ptr @__gxx_personality_v0 {
      invoke void @f(i32 %i) to label %fine unwind label %lpad
    fine:
      ret i32 0
    lpad:
      %l = landingpad { ptr, i32 } catch ptr null
      %e = extractvalue { ptr, i32 } %l, 0
      %p = call ptr @__cxa_begin_catch(ptr %e)
      call void @__cxa_end_catch()
      ret i32 1
    }
  )");
  arm(1, 0);
  auto *Catches = get<int(int)>("catches");
  EXPECT_EQ(Catches(0), 1);
  EXPECT_EQ(Catches(3), 1); // Trips, then throws.
  EXPECT_EQ(Catches(4), 0);
  EXPECT_EQ(calls(), 3u);
  EXPECT_EQ(Trips.size(), 1u);
}

//===----------------------------------------------------------------------===//
// The code itself
//===----------------------------------------------------------------------===//

TEST_F(InstrumenterTest, CodeWithDebugInformationStaysValid) {
  LLVMContext Ctx;
  instrumented(std::string(DebugInfoIR) + R"(
    define i32 @f(i32 %n) !dbg !4 {
    entry:
      %i = alloca i32
      store i32 0, ptr %i, !dbg !7
      br label %loop, !dbg !7
    loop:
      %i0 = load i32, ptr %i, !dbg !7
      %i1 = add i32 %i0, 1, !dbg !7
      store i32 %i1, ptr %i, !dbg !7
      %more = icmp slt i32 %i1, %n, !dbg !7
      br i1 %more, label %loop, label %end, !dbg !7
    end:
      ret i32 %i1, !dbg !7
    }
  )",
               Ctx);
}

TEST_F(InstrumenterTest, CodeThatGoesBackOutOfInlineAssemblyStaysValid) {
  LLVMContext Ctx;
  instrumented(R"(
    define i32 @f(i32 %n) {
    entry:
      br label %loop
    loop:
      callbr void asm sideeffect "", "!i"() to label %end [label %again]
    again:
      callbr void asm sideeffect "", "!i"() to label %end [label %loop]
    end:
      ret i32 %n
    }
  )",
               Ctx);
}

TEST_F(InstrumenterTest, TwoFunctionsOfOneModuleCountInTheirOwnCells) {
  auto Ctx = std::make_unique<LLVMContext>();
  auto M = parseIR(R"(
    define i32 @f(i32 %n) { %r = call i32 @g(i32 %n) ret i32 %r }
    define i32 @g(i32 %n) { %r = add i32 %n, 1 ret i32 %r }
  )",
                   *Ctx);
  Cell F{100, 0}, G{0, 0};
  instrument(*M->getFunction("f"), {ExecutorAddr::fromPtr(&F), 1, 0});
  instrument(*M->getFunction("g"), {ExecutorAddr::fromPtr(&G), 2, 5});
  EXPECT_EQ(getVerifierComplaint(*M), "");
  cantFail(J->addIRModule(ThreadSafeModule(std::move(M), std::move(Ctx))));
  EXPECT_EQ(get<int(int)>("f")(1), 2);
  EXPECT_EQ(get<int(int)>("g")(1), 2);
  EXPECT_EQ(F.CallsLeft, 99);
  ASSERT_EQ(Trips.size(), 1u);
  EXPECT_EQ(Trips[0].Id, 2u);
  EXPECT_EQ(Trips[0].Version, 5u);
}

} // namespace
