//===- ContinuationTest.cpp - What loops go on in -------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/OnStackReplacement.h"

#include "TestExecutor.h"

#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;
using namespace reopt;

namespace {

class ContinuationTest : public testing::Test {
protected:
  /// The continuation of @f at its only loop.
  Function &makeContinuation(StringRef Text) {
    M = parseIR(Text, Ctx);
    createContinuations(*M->getFunction("f"), "table");
    EXPECT_EQ(getVerifierComplaint(*M), "");
    return *M->getFunction("table.0");
  }

  LLVMContext Ctx;
  std::unique_ptr<Module> M;
};

// A copy must not be made of a variable into which somebody points.
TEST_F(ContinuationTest, OnlyPrivateVariablesAreCopied) {
  Function &C = makeContinuation(R"(
    declare void @keep(ptr)
    define void @look(ptr %p) {
      %v = alloca ptr
      store ptr %p, ptr %v
      %q = load ptr, ptr %v
      store i32 1, ptr %q
      ret void
    }
    define void @leak(ptr %p) {
      call void @keep(ptr %p)
      ret void
    }
    define i32 @f(i32 %n) {
      %seen = alloca i32
      %leaked = alloca i32
      %kept = alloca i32
      %pointed = alloca i32
      %touched = alloca i32
      %array = alloca [4 x i32]
      call void @keep(ptr %kept)
      call void @leak(ptr %leaked)
      %end = getelementptr i32, ptr %array, i64 4
      br label %loop
    loop:
      call void @look(ptr %seen)
      %a = load i32, ptr %seen
      %b = load i32, ptr %leaked
      %c = load i32, ptr %kept
      %d = load volatile i32, ptr %touched
      store ptr %pointed, ptr %array
      store i32 %d, ptr %pointed
      store i32 %a, ptr %end
      %x = add i32 %b, %c
      %t = icmp slt i32 %x, 100
      br i1 %t, label %loop, label %out
    out:
      ret i32 %x
    })");
  ASSERT_EQ(C.arg_size(), 7u) << "six variables, and %end";
  unsigned Copies = 0;
  for (Instruction &I : instructions(C))
    if (auto *Call = dyn_cast<MemCpyInst>(&I)) {
      ++Copies;
      EXPECT_EQ(Call->getArgOperand(1), C.getArg(0)) << "not the private one";
    }
  EXPECT_EQ(Copies, 1u);
}

TEST_F(ContinuationTest, LargePrivateVariablesAreAliasedByNothing) {
  Function &C = makeContinuation(R"(
    define i32 @f() {
      %large = alloca [4000 x i32]
      br label %loop
    loop:
      %v = load i32, ptr %large
      %t = icmp slt i32 %v, 100
      br i1 %t, label %loop, label %out
    out:
      ret i32 %v
    })");
  ASSERT_EQ(C.arg_size(), 1u);
  EXPECT_TRUE(C.getArg(0)->hasNoAliasAttr());
  EXPECT_EQ(C.getArg(0)->getDereferenceableBytes(), 16000u);
}

// What holds for a function's effects does not hold for what reads its frame.
TEST_F(ContinuationTest, AttributesOfTheFunctionAreSortedOut) {
  Function &C = makeContinuation(R"(
    define noundef signext i8 @f(i8 noundef signext %n) memory(none) noinline
        optnone nounwind "frame-pointer"="all" "target-cpu"="x86-64" {
      %v = alloca i8
      br label %loop
    loop:
      %x = load i8, ptr %v
      %t = icmp slt i8 %x, %n
      br i1 %t, label %loop, label %out
    out:
      ret i8 %x
    })");
  EXPECT_FALSE(C.hasFnAttribute(Attribute::Memory));
  EXPECT_FALSE(C.hasFnAttribute(Attribute::OptimizeNone));
  EXPECT_FALSE(C.hasFnAttribute(Attribute::NoInline));
  EXPECT_FALSE(C.hasFnAttribute("frame-pointer"));
  EXPECT_TRUE(C.hasFnAttribute(Attribute::NoUnwind));
  EXPECT_TRUE(C.hasFnAttribute("target-cpu"));
  EXPECT_TRUE(C.hasRetAttribute(Attribute::SExt));
  EXPECT_EQ(C.getLinkage(), GlobalValue::InternalLinkage);
}

// Phis and values that live across the header come in as parameters.
TEST_F(ContinuationTest, ValuesInRegistersAreState) {
  M = parseIR(R"(
    define i32 @f(i32 %n) {
      %twice = shl i32 %n, 1
      %unused = add i32 %n, 5
      br label %outer
    outer:
      %i = phi i32 [ 0, %0 ], [ %i1, %latch ]
      %k = mul i32 %i, %twice
      br label %inner
    inner:
      %j = phi i32 [ 0, %outer ], [ %j1, %inner ]
      %s = phi i32 [ %k, %outer ], [ %s1, %inner ]
      %j1 = add i32 %j, 1
      %s1 = add i32 %s, %k
      %t = icmp slt i32 %j1, %n
      br i1 %t, label %inner, label %latch
    latch:
      %i1 = add i32 %i, 1
      %u = icmp slt i32 %i1, %n
      br i1 %u, label %outer, label %out
    out:
      ret i32 %s1
    })",
              Ctx);
  auto Loops = findLoopPoints(*M->getFunction("f"));
  ASSERT_EQ(Loops.size(), 2u);
  auto Names = [](const LoopPoint &Loop) {
    std::string Result;
    for (Value *V : Loop.State)
      Result += V->getName().str() + " ";
    return Result;
  };
  for (const LoopPoint &Loop : Loops)
    if (Loop.Header->getName() == "inner")
      EXPECT_EQ(Names(Loop), "n twice i k j s ");
    else
      EXPECT_EQ(Names(Loop), "n twice i ");
  createContinuations(*M->getFunction("f"), "table");
  EXPECT_EQ(getVerifierComplaint(*M), "");
}

} // namespace
