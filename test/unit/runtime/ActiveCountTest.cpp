//===- ActiveCountTest.cpp - Every way out is counted ---------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Counted functions are run in this process, and left in every way there is.
//
//===----------------------------------------------------------------------===//

#include "reopt/ActiveCount.h"
#include "reopt/ActiveCountTable.h"

#include "TestExecutor.h"

#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"

#include <csetjmp>
#include <pthread.h>
#include <set>
#include <thread>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

// What counted functions call. The tests are one thread, save one.
ActiveCount Count;
std::vector<uint64_t> Seen;
jmp_buf Escape;

uint64_t getActive() { return Count.Entries - Count.Exits; }
extern "C" void seeCount() { Seen.push_back(getActive()); }
extern "C" void escape() { longjmp(Escape, 1); }
extern "C" void endThread() { pthread_exit(nullptr); }

/// catch_f(n) is f(n), or what f threw, negated.
const char *const Prelude = R"(
  @_ZTId = external constant ptr
  declare void @see_count() nounwind
  declare void @escape()
  declare void @end_thread()
  define i32 @catch_f(i32 %n) personality ptr @__gxx_personality_v0 {
    %r = invoke i32 @f(i32 %n) to label %return unwind label %pad
  return:
    ret i32 %r
  pad:
    %lp = landingpad {ptr, i32} catch ptr null
    %ex = extractvalue {ptr, i32} %lp, 0
    %p = call ptr @__cxa_begin_catch(ptr %ex)
    %v = load i32, ptr %p
    call void @__cxa_end_catch()
    %neg = sub i32 0, %v
    ret i32 %neg
  }
)";

class ActiveCountTest : public testing::Test, protected TestExecutor {
protected:
  static void SetUpTestSuite() { initializeTarget(); }

  void SetUp() override {
    start(Where::InProcess, LLJITBuilder());
    define("see_count", ExecutorAddr::fromPtr(seeCount));
    define("escape", ExecutorAddr::fromPtr(escape));
    define("end_thread", ExecutorAddr::fromPtr(endThread));
    Count = {0, 0};
    Seen.clear();
  }
  void TearDown() override { stop(); }

  /// Adds \p Text, with @f in it counted, and gives catch_f.
  int (*add(StringRef Text))(int) {
    auto Ctx = std::make_unique<LLVMContext>();
    auto M = parseIR((Twine(ExceptionIR) + Prelude + Text).str(), *Ctx);
    cantFail(countActive(*M->getFunction("f"), ExecutorAddr::fromPtr(&Count)));
    EXPECT_EQ(getVerifierComplaint(*M), "");
    cantFail(J->addIRModule(ThreadSafeModule(std::move(M), std::move(Ctx))));
    return addr("catch_f").toPtr<int (*)(int)>();
  }

  /// Calls \p F, which must be counted in and out once for each of \p Calls.
  int callCounted(int (*F)(int), int N, unsigned Calls = 1) {
    Count = {0, 0};
    int Result = F(N);
    EXPECT_EQ(Count.Entries, Calls) << "for " << N;
    EXPECT_EQ(Count.Exits, Calls) << "for " << N;
    return Result;
  }
};

TEST_F(ActiveCountTest, EachReturn) {
  auto F = add(R"(
    define i32 @f(i32 %n) {
      call void @see_count()
      switch i32 %n, label %other [i32 0, label %zero
                                   i32 1, label %one]
    zero:
      ret i32 10
    one:
      ret i32 11
    other:
      ret i32 %n
    })");
  EXPECT_EQ(callCounted(F, 0), 10);
  EXPECT_EQ(callCounted(F, 1), 11);
  EXPECT_EQ(callCounted(F, 5), 5);
  EXPECT_EQ(Seen, (std::vector<uint64_t>{1, 1, 1}));
}

TEST_F(ActiveCountTest, AnExceptionThatPassesThrough) {
  auto F = add(R"(
    define i32 @f(i32 %n) {
      %r = call i32 @throw_if(i32 %n)
      %s = add i32 %r, 100
      ret i32 %s
    })");
  EXPECT_EQ(callCounted(F, 3), -3);
  EXPECT_EQ(callCounted(F, 4), 104);
}

TEST_F(ActiveCountTest, AnExceptionOfItsOwn) {
  auto F = add(R"(
    define i32 @f(i32 %n) {
      %e = call ptr @__cxa_allocate_exception(i64 4)
      store i32 %n, ptr %e
      call void @see_count()
      call void @__cxa_throw(ptr %e, ptr @_ZTIi, ptr null)
      unreachable
    })");
  EXPECT_EQ(callCounted(F, 8), -8);
  EXPECT_EQ(Seen, std::vector<uint64_t>{1});
}

TEST_F(ActiveCountTest, AnExceptionThatIsCaughtInside) {
  auto F = add(R"(
    define i32 @f(i32 %n) personality ptr @__gxx_personality_v0 {
      %r = invoke i32 @throw_if(i32 %n) to label %done unwind label %pad
    pad:
      %lp = landingpad {ptr, i32} catch ptr @_ZTIi
      %ex = extractvalue {ptr, i32} %lp, 0
      %p = call ptr @__cxa_begin_catch(ptr %ex)
      call void @see_count()
      call void @__cxa_end_catch()
      br label %done
    done:
      %s = phi i32 [%r, %0], [77, %pad]
      ret i32 %s
    })");
  EXPECT_EQ(callCounted(F, 3), 77);
  EXPECT_EQ(callCounted(F, 4), 4);
  EXPECT_EQ(Seen, std::vector<uint64_t>{1});
}

// Without a clean-up, such an exception never stops at the landing pad.
TEST_F(ActiveCountTest, AnExceptionThatNoHandlerTakes) {
  auto F = add(R"(
    define i32 @f(i32 %n) personality ptr @__gxx_personality_v0 {
      %r = invoke i32 @throw_if(i32 %n) to label %return unwind label %pad
    return:
      ret i32 %r
    pad:
      %lp = landingpad {ptr, i32} catch ptr @_ZTId
      call void @see_count()
      ret i32 55
    })");
  EXPECT_EQ(callCounted(F, 3), -3);
  EXPECT_TRUE(Seen.empty()) << "the handler of another type ran";
  EXPECT_EQ(callCounted(F, 4), 4);
}

TEST_F(ActiveCountTest, AnExceptionThatAFilterLetsPass) {
  auto F = add(R"(
    define i32 @f(i32 %n) personality ptr @__gxx_personality_v0 {
      %r = invoke i32 @throw_if(i32 %n) to label %return unwind label %pad
    return:
      ret i32 %r
    pad:
      %lp = landingpad {ptr, i32} filter [1 x ptr] [ptr @_ZTIi]
      call void @see_count()
      ret i32 55
    })");
  EXPECT_EQ(callCounted(F, 3), -3);
  EXPECT_TRUE(Seen.empty());
}

TEST_F(ActiveCountTest, ACleanUpThatResumes) {
  auto F = add(R"(
    define i32 @f(i32 %n) personality ptr @__gxx_personality_v0 {
      %r = invoke i32 @throw_if(i32 %n) to label %return unwind label %pad
    return:
      ret i32 %r
    pad:
      %lp = landingpad {ptr, i32} cleanup
      call void @see_count()
      resume {ptr, i32} %lp
    })");
  EXPECT_EQ(callCounted(F, 3), -3);
  EXPECT_EQ(Seen, std::vector<uint64_t>{1});
}

TEST_F(ActiveCountTest, AnExceptionOutOfALandingPad) {
  auto F = add(R"(
    define i32 @f(i32 %n) personality ptr @__gxx_personality_v0 {
      %r = invoke i32 @throw_if(i32 %n) to label %return unwind label %pad
    return:
      ret i32 %r
    pad:
      %lp = landingpad {ptr, i32} catch ptr @_ZTIi
      %ex = extractvalue {ptr, i32} %lp, 0
      %p = call ptr @__cxa_begin_catch(ptr %ex)
      call void @__cxa_end_catch()
      %s = call i32 @throw_if(i32 6)
      ret i32 %s
    })");
  EXPECT_EQ(callCounted(F, 3), -6);
}

TEST_F(ActiveCountTest, ATailCallThatMust) {
  auto F = add(R"(
    define i32 @g(i32 %n) noinline {
      call void @see_count()
      %r = call i32 @throw_if(i32 %n)
      ret i32 %r
    }
    define i32 @f(i32 %n) {
      call void @see_count()
      %r = musttail call i32 @g(i32 %n)
      ret i32 %r
    })");
  EXPECT_EQ(callCounted(F, 4), 4);
  EXPECT_EQ(callCounted(F, 3), -3);
  EXPECT_EQ(Seen, (std::vector<uint64_t>{1, 0, 1, 0}));
}

// Code may make a call of it, so it counts behind it.
TEST_F(ActiveCountTest, ATailCallThatMay) {
  auto F = add(R"(
    define i32 @g(i32 %n) noinline {
      call void @see_count()
      %r = call i32 @throw_if(i32 %n)
      ret i32 %r
    }
    define i32 @f(i32 %n) {
      %r = tail call i32 @g(i32 %n)
      ret i32 %r
    })");
  EXPECT_EQ(callCounted(F, 4), 4);
  EXPECT_EQ(callCounted(F, 3), -3);
  EXPECT_EQ(Seen, (std::vector<uint64_t>{1, 1}));
}

const char *const Recursive = R"(
  define i32 @f(i32 %n) {
    %deep = icmp sgt i32 %n, 10
    br i1 %deep, label %call, label %bottom
  call:
    %less = sub i32 %n, 10
    %r = call i32 @f(i32 %less)
    ret i32 %r
  bottom:
    call void @see_count()
    %s = call i32 @throw_if(i32 %n)
    ret i32 %s
  })";

TEST_F(ActiveCountTest, Recursion) {
  auto F = add(Recursive);
  EXPECT_EQ(callCounted(F, 44, 5), 4);
  EXPECT_EQ(Seen, std::vector<uint64_t>{5});
}

TEST_F(ActiveCountTest, AnExceptionThroughARecursion) {
  auto F = add(Recursive);
  EXPECT_EQ(callCounted(F, 43, 5), -3);
  EXPECT_EQ(Seen, std::vector<uint64_t>{5});
}

TEST_F(ActiveCountTest, LongjmpNeverCountsOut) {
  auto F = add(R"(
    define i32 @f(i32 %n) {
      call void @escape()
      ret i32 %n
    })");
  if (!setjmp(Escape)) {
    F(1);
    FAIL() << "it returned";
  }
  EXPECT_EQ(Count.Entries, 1u);
  EXPECT_EQ(Count.Exits, 0u);
}

TEST_F(ActiveCountTest, TheEndOfAThreadUnwinds) {
  add(R"(
    define i32 @f(i32 %n) {
      call void @end_thread()
      ret i32 %n
    })");
  // Nothing between f and the thread's start catches.
  auto F = addr("f").toPtr<int (*)(int)>();
  std::thread([&] { F(1); }).join();
  EXPECT_EQ(Count.Entries, 1u);
  EXPECT_EQ(Count.Exits, 1u);
}

TEST_F(ActiveCountTest, NoCountIsLostBetweenThreads) {
  auto F = add(R"(
    define i32 @f(i32 %n) {
      %r = call i32 @throw_if(i32 %n)
      ret i32 %r
    })");
  const unsigned Threads = 4, Calls = 3000;
  std::vector<std::thread> Callers;
  for (unsigned T = 0; T != Threads; ++T)
    Callers.emplace_back([&] {
      for (unsigned I = 0; I != Calls; ++I)
        F(static_cast<int>(I % 6 + 1));
    });
  for (auto &T : Callers)
    T.join();
  EXPECT_EQ(Count.Entries, Threads * Calls);
  EXPECT_EQ(Count.Exits, Threads * Calls);
}

//===----------------------------------------------------------------------===//
// The IR
//===----------------------------------------------------------------------===//

class ActiveCountIRTest : public testing::Test {
protected:
  Function &parse(StringRef Text) {
    M = parseIR((Twine(ExceptionIR) + Prelude + Text).str(), Ctx);
    return *M->getFunction("f");
  }
  template <typename InstT> unsigned numberOf(Function &F) {
    return static_cast<unsigned>(llvm::count_if(
        instructions(F), [](Instruction &I) { return isa<InstT>(I); }));
  }
  void expectRefused(StringRef Text, StringRef Why) {
    Function &F = parse(Text);
    std::string Before, After;
    raw_string_ostream(Before) << *M;
    EXPECT_EQ(whyNotCounted(F), Why);
    EXPECT_EQ(toString(countActive(F, ExecutorAddr(4096))),
              ("executions of f are not counted: " + Why).str());
    raw_string_ostream(After) << *M;
    EXPECT_EQ(Before, After);
  }

  LLVMContext Ctx;
  std::unique_ptr<Module> M;
};

TEST_F(ActiveCountIRTest, CallsThatDoNotThrowStay) {
  Function &F = parse(R"(
    declare i32 @setjmp(ptr) returns_twice
    define i32 @f(i32 %n) {
      %p = alloca [200 x i8]
      call void @see_count()
      call void @llvm.lifetime.start.p0(ptr %p)
      call void asm sideeffect "nop", ""()
      %r = call i32 @setjmp(ptr %p) returns_twice
      ret i32 %n
    })");
  cantFail(countActive(F, ExecutorAddr(4096)));
  EXPECT_EQ(getVerifierComplaint(*M), "");
  EXPECT_EQ(numberOf<InvokeInst>(F), 0u);
  EXPECT_FALSE(F.hasPersonalityFn());
  EXPECT_EQ(numberOf<AtomicRMWInst>(F), 2u);
  EXPECT_TRUE(cast<AllocaInst>(F.front().front()).isStaticAlloca());
}

TEST_F(ActiveCountIRTest, WhatCannotThrowGetsNoCleanUps) {
  Function &F = parse(R"(
    define i32 @f(i32 %n) nounwind {
      %r = call i32 @throw_if(i32 %n)
      ret i32 %r
    })");
  cantFail(countActive(F, ExecutorAddr(4096)));
  EXPECT_EQ(numberOf<InvokeInst>(F), 0u);
}

TEST_F(ActiveCountIRTest, TheNewCleanUpHasThePersonalityOfTheFunction) {
  Function &F = parse(R"(
    declare i32 @__gcc_personality_v0(...)
    define i32 @f(i32 %n) personality ptr @__gcc_personality_v0 {
      %r = call i32 @throw_if(i32 %n)
      ret i32 %r
    })");
  cantFail(countActive(F, ExecutorAddr(4096)));
  EXPECT_EQ(getVerifierComplaint(*M), "");
  EXPECT_EQ(F.getPersonalityFn()->getName(), "__gcc_personality_v0");
  EXPECT_EQ(numberOf<InvokeInst>(F), 1u);
}

TEST_F(ActiveCountIRTest, WhatCountsHasEffects) {
  Function &F = parse(R"(
    define i32 @f(i32 %n) memory(none) nosync speculatable {
      ret i32 %n
    })");
  cantFail(countActive(F, ExecutorAddr(4096)));
  EXPECT_FALSE(F.doesNotAccessMemory());
  EXPECT_FALSE(F.hasNoSync());
  EXPECT_FALSE(F.isSpeculatable());
}

TEST_F(ActiveCountIRTest, Refused) {
  expectRefused("declare i32 @f(i32)", "it has no body");
  expectRefused("define i32 @f(i32 %n) naked { unreachable }",
                "a naked function has no place to count");
  expectRefused("define i32 @f(i32 %n) presplitcoroutine { ret i32 %n }",
                "a coroutine leaves and is entered again where it suspends");
  expectRefused(R"(
      declare i32 @__CxxFrameHandler3(...)
      define i32 @f(i32 %n) personality ptr @__CxxFrameHandler3 {
        ret i32 %n
      })",
                "it unwinds by funclets");
}

//===----------------------------------------------------------------------===//
// ActiveCountTable
//===----------------------------------------------------------------------===//

class ActiveCountTableTest : public ExecutorTest {};

INSTANTIATE_TEST_SUITE_P(Executors, ActiveCountTableTest,
                         testing::Values(Where::InProcess, Where::Remote),
                         whereName);

TEST_P(ActiveCountTableTest, CountsBeginAtZeroAndAreUsedAgain) {
  auto &Mem = epc().getMemoryAccess();
  ActiveCountTable Table(es(), epc().getMemMgr());
  std::set<ExecutorAddr> Counts;
  for (unsigned I = 0; I != 3000; ++I) {
    ExecutorAddr A = cantFail(Table.create());
    EXPECT_EQ(A.getValue() % 16, 0u);
    EXPECT_TRUE(Counts.insert(A).second);
    auto Words = cantFail(Mem.readUInt64s({A, A + 8}));
    EXPECT_EQ(Words[0] + Words[1], 0u);
  }
  ExecutorAddr A = *Counts.begin();
  cantFail(Mem.writeUInt64s({{A, 7}, {A + 8, 7}}));
  Table.release(A);
  EXPECT_EQ(cantFail(Table.create()), A);
  EXPECT_EQ(cantFail(Mem.readUInt64s({A}))[0], 0u);
  cantFail(Table.shutdown());
}

} // namespace
