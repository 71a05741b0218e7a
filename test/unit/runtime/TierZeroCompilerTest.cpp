//===- TierZeroCompilerTest.cpp - Tests of TierZeroCompiler --------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "reopt/TierZeroCompiler.h"
#include "reopt/Instrumenter.h"

#include "TestExecutor.h"

#include "llvm/IR/CFG.h"
#include "llvm/Object/ObjectFile.h"

#include <thread>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

/// Enough for an optimising code generator to do better.
constexpr const char *Text = R"(
  define i32 @f(i32 %n) {
  entry:
    br label %loop
  loop:
    %i = phi i32 [ 0, %entry ], [ %next, %loop ]
    %s = phi i32 [ 0, %entry ], [ %sum, %loop ]
    %sum = add i32 %s, %i
    %next = add i32 %i, 1
    %more = icmp slt i32 %next, %n
    br i1 %more, label %loop, label %end
  end:
    ret i32 %sum
  }
)";

class TierZeroCompilerTest : public testing::Test {
protected:
  static void SetUpTestSuite() { TestExecutor::initializeTarget(); }

  std::unique_ptr<Module> parse(LLVMContext &Ctx) {
    auto M = parseIR(Text, Ctx);
    M->setTargetTriple(Machine.getTargetTriple());
    M->setDataLayout(cantFail(Machine.getDefaultDataLayoutForTarget()));
    return M;
  }

  static uint64_t codeSize(const MemoryBuffer &Object) {
    auto O = cantFail(object::ObjectFile::createObjectFile(Object));
    uint64_t Size = 0;
    for (auto &Section : O->sections())
      if (Section.isText())
        Size += Section.getSize();
    return Size;
  }

  JITTargetMachineBuilder Machine =
      cantFail(JITTargetMachineBuilder::detectHost());
};

TEST_F(TierZeroCompilerTest, UncountedModulesGetBetterCode) {
  TierZeroCompiler Compiler(Machine, /*UseBaseline=*/false);
  LLVMContext Ctx;
  auto Counted = cantFail(Compiler(*parse(Ctx)));
  auto M = parse(Ctx);
  markUncounted(*M);
  EXPECT_EQ(getVerifierComplaint(*M), "");
  auto Uncounted = cantFail(Compiler(*M));
  EXPECT_LT(codeSize(*Uncounted), codeSize(*Counted));
  EXPECT_TRUE(M->named_metadata_empty()) << "the mark is left";
  // Pipelines are used again, each for its kind.
  EXPECT_EQ(codeSize(*cantFail(Compiler(*parse(Ctx)))), codeSize(*Counted));
  M = parse(Ctx);
  markUncounted(*M);
  EXPECT_EQ(codeSize(*cantFail(Compiler(*M))), codeSize(*Uncounted));
}

/// How often \p Bytes are in \p Object.
size_t countBytes(const MemoryBuffer &Object, StringRef Bytes) {
  return Object.getBuffer().count(Bytes);
}

StringRef bytesOf(const uint64_t &Word) {
  return {reinterpret_cast<const char *>(&Word), sizeof(Word)};
}

TEST_F(TierZeroCompilerTest, CountsAreOneInstructionInMemory) {
  TierZeroCompiler Compiler(Machine, /*UseBaseline=*/false);
  LLVMContext Ctx;
  auto M = parse(Ctx);
  const uint64_t Calls = 0x7fedcba987654320, Loops = Calls + 4;
  instrument(*M->getFunction("f"), {ExecutorAddr(Calls), /*HookId=*/1});
  auto Object = cantFail(Compiler(*M));
  // The word's address: where it is counted, and where it is armed again.
  EXPECT_EQ(countBytes(*Object, bytesOf(Calls)), 2u);
  EXPECT_EQ(countBytes(*Object, bytesOf(Loops)), 2u);
  size_t Decrements = 0;
  for (char Base = 0; Base != 8; ++Base)
    for (const char *Jump : {"\x78", "\x79", "\x0f\x88", "\x0f\x89"})
      Decrements +=
          countBytes(*Object, std::string{'\xff', char(8 + Base)} + Jump);
  EXPECT_EQ(Decrements, 2u);
}

TEST_F(TierZeroCompilerTest, CountsOfBaselineCodeAreOneInstructionToo) {
  TierZeroCompiler Compiler(Machine);
  LLVMContext Ctx;
  auto M = parse(Ctx);
  const uint64_t Calls = 0x7fedcba987654320, Loops = Calls + 4;
  instrument(*M->getFunction("f"), {ExecutorAddr(Calls), /*HookId=*/1});
  auto Object = cantFail(Compiler(*M));
  EXPECT_EQ(countBytes(*Object, bytesOf(Calls)), 2u);
  EXPECT_EQ(countBytes(*Object, bytesOf(Loops)), 2u);
  size_t Decrements = 0;
  for (char Base = 0; Base != 8; ++Base) // subl $1, (%reg); js
    Decrements += countBytes(*Object, std::string{'\x83', char(0x28 + Base),
                                                  '\x01', '\x0f', '\x88'});
  EXPECT_EQ(Decrements, 2u);
}

TEST_F(TierZeroCompilerTest, WhatOnlyLooksLikeACountStays) {
  // The number is used again, is compared with another one, is another number,
  // another word is stored to, and something lies between.
  constexpr const char *Alike = R"(
    define i32 @used() {
      %l = load i32, ptr inttoptr (i64 9218247941278745376 to ptr)
      %d = sub i32 %l, 1
      store i32 %d, ptr inttoptr (i64 9218247941278745376 to ptr)
      %c = icmp slt i32 %d, 0
      br i1 %c, label %a, label %b
    a:
      ret i32 %d
    b:
      ret i32 1
    }
    define i32 @other_bound() {
      %l = load i32, ptr inttoptr (i64 9218247941278745376 to ptr)
      %d = sub i32 %l, 1
      store i32 %d, ptr inttoptr (i64 9218247941278745376 to ptr)
      %c = icmp slt i32 %d, 5
      br i1 %c, label %a, label %b
    a:
      ret i32 0
    b:
      ret i32 1
    }
    define i32 @other_step() {
      %l = load i32, ptr inttoptr (i64 9218247941278745376 to ptr)
      %d = sub i32 %l, 2
      store i32 %d, ptr inttoptr (i64 9218247941278745376 to ptr)
      %c = icmp slt i32 %d, 0
      br i1 %c, label %a, label %b
    a:
      ret i32 0
    b:
      ret i32 1
    }
    define i32 @other_word() {
      %l = load i32, ptr inttoptr (i64 9218247941278745376 to ptr)
      %d = sub i32 %l, 1
      store i32 %d, ptr inttoptr (i64 9218247941278745380 to ptr)
      %c = icmp slt i32 %d, 0
      br i1 %c, label %a, label %b
    a:
      ret i32 0
    b:
      ret i32 1
    }
    define i32 @between(ptr %p) {
      %l = load i32, ptr inttoptr (i64 9218247941278745376 to ptr)
      %d = sub i32 %l, 1
      store i32 7, ptr %p
      store i32 %d, ptr inttoptr (i64 9218247941278745376 to ptr)
      %c = icmp slt i32 %d, 0
      br i1 %c, label %a, label %b
    a:
      ret i32 0
    b:
      ret i32 1
    }
  )";
  TierZeroCompiler Compiler(Machine, /*UseBaseline=*/false);
  LLVMContext Ctx;
  auto M = parseIR(Alike, Ctx);
  M->setTargetTriple(Machine.getTargetTriple());
  M->setDataLayout(cantFail(Machine.getDefaultDataLayoutForTarget()));
  auto Object = cantFail(Compiler(*M));
  const uint64_t Word = 9218247941278745376, Other = Word + 4;
  EXPECT_EQ(countBytes(*Object, bytesOf(Word)), 9u);
  EXPECT_EQ(countBytes(*Object, bytesOf(Other)), 1u);
}

TEST_F(TierZeroCompilerTest, APipelineKeepsNothingOfTheModuleBefore) {
  constexpr const char *Other = R"(
    @v = global i32 7
    @.str = private constant [3 x i8] c"ab\00"
    declare void @callee(ptr)
    define i32 @f() {
      call void @callee(ptr @.str)
      %r = load i32, ptr @v
      ret i32 %r
    }
    define internal void @local() noinline { ret void }
    define void @g() { call void @local() ret void }
  )";
  auto Compile = [&](TierZeroCompiler &Compiler, StringRef IR) {
    // A context each, as a session's inputs have them.
    LLVMContext Ctx;
    auto M = parseIR(IR, Ctx);
    M->setTargetTriple(Machine.getTargetTriple());
    M->setDataLayout(cantFail(Machine.getDefaultDataLayoutForTarget()));
    return cantFail(Compiler(*M))->getBuffer().str();
  };
  TierZeroCompiler Used(Machine);
  for (const char *IR : {Text, Other, Text, Other, Other}) {
    TierZeroCompiler Fresh(Machine);
    EXPECT_EQ(Compile(Used, IR), Compile(Fresh, IR));
  }
}

TEST_F(TierZeroCompilerTest, BadAssemblyIsAnError) {
  TierZeroCompiler Compiler(Machine, /*UseBaseline=*/false);
  LLVMContext Ctx;
  auto Good = cantFail(Compiler(*parse(Ctx)))->getBuffer().str();
  for (auto Mark : {+[](Module &) {}, &markUncounted}) {
    auto M = parseIR("define void @f() {\n"
                     "  call void asm sideeffect \"nonsense\", \"\"()\n"
                     "  call void asm sideeffect \"more of it\", \"\"()\n"
                     "  ret void\n"
                     "}",
                     Ctx);
    M->setTargetTriple(Machine.getTargetTriple());
    M->setDataLayout(cantFail(Machine.getDefaultDataLayoutForTarget()));
    Mark(*M);
    auto Object = Compiler(*M);
    ASSERT_FALSE(Object);
    const std::string Text = toString(Object.takeError());
    EXPECT_NE(Text.find("nonsense"), std::string::npos) << Text;
    EXPECT_NE(Text.find("; <inline asm>"), std::string::npos) << Text;
  }
  EXPECT_EQ(cantFail(Compiler(*parse(Ctx)))->getBuffer().str(), Good);
}

TEST_F(TierZeroCompilerTest, ManyThreadsCompileAtOnce) {
  for (bool UseBaseline : {false, true}) {
    TierZeroCompiler Compiler(Machine, UseBaseline);
    LLVMContext Ctx;
    const uint64_t Expected = codeSize(*cantFail(Compiler(*parse(Ctx))));
    std::atomic<unsigned> Wrong{0};
    std::vector<std::thread> Threads;
    for (int T = 0; T != 6; ++T)
      Threads.emplace_back([&] {
        LLVMContext Ctx;
        for (int I = 0; I != 20; ++I)
          Wrong += codeSize(*cantFail(Compiler(*parse(Ctx)))) != Expected;
      });
    for (auto &T : Threads)
      T.join();
    EXPECT_EQ(Wrong, 0u);
  }
}

TEST_F(TierZeroCompilerTest, ServesAJIT) {
  auto J = cantFail(
      LLJITBuilder()
          .setPlatformSetUp(setUpInactivePlatform)
          .setCompileFunctionCreator(
              [](JITTargetMachineBuilder JTMB)
                  -> Expected<std::unique_ptr<IRCompileLayer::IRCompiler>> {
                return std::make_unique<TierZeroCompiler>(std::move(JTMB));
              })
          .create());
  auto Ctx = std::make_unique<LLVMContext>();
  auto M = parseIR(Text, *Ctx);
  cantFail(J->addIRModule(ThreadSafeModule(std::move(M), std::move(Ctx))));
  EXPECT_EQ(cantFail(J->lookup("f")).toPtr<int (*)(int)>()(10), 45);
}

} // namespace
