//===- HookEntryTest.cpp - Tests of reopt::HookEntry ----------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// JIT'd code calls the hook, here or in an executor process, and the record is
// pushed here.
//
//===----------------------------------------------------------------------===//

#include "reopt/HookEntry.h"

#include "TestExecutor.h"
#include "TestMemory.h"

#include <atomic>
#include <cerrno>
#include <deque>
#include <future>
#include <thread>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class HookEntryTest : public ExecutorTest {
protected:
  void SetUp() override {
    ExecutorTest::SetUp();
    createHook();
  }

  void TearDown() override {
    Hook.reset();
    ExecutorTest::TearDown();
  }

  void createHook() {
    Hook = cantFail(HookEntry::Create(es()));
    cantFail(Hook->define(jd().getDefaultResourceTracker(),
                          J->getIRCompileLayer(), J->getDataLayout()));
  }

  TripRecord &addRecord() {
    TripRecord &R = Records.emplace_back();
    R.Inbox = &Inbox;
    R.Function = Records.size() - 1;
    Hook->add(R);
    return R;
  }

  /// Calls the hook in the executor.
  void trip(uint64_t Id, uint64_t Caller) {
    const std::string Name = "trip" + std::to_string(++Trippers);
    addIR("declare void @__orc_rt_reoptimize(i64, i32, i64)\n"
          "define i32 @" +
          Name +
          "(i32 %x) {\n"
          "  call void @__orc_rt_reoptimize(i64 " +
          std::to_string(int64_t(Id)) + ", i32 3, i64 " +
          std::to_string(Caller) + ")\n  ret i32 %x\n}");
    EXPECT_EQ(call(addr(Name), 7), 7);
  }

  using Trips = std::vector<std::pair<uint32_t, uint64_t>>;
  Trips drain() {
    Trips Result;
    Inbox.drain([&](uint32_t F, uint64_t Caller, uint64_t) {
      Result.push_back({F, Caller});
    });
    return Result;
  }

  TripInbox Inbox;
  std::deque<TripRecord> Records;
  std::unique_ptr<HookEntry> Hook;

private:
  unsigned Trippers = 0;
};

INSTANTIATE_TEST_SUITE_P(Executors, HookEntryTest, allPlaces(), whereName);

TEST_P(HookEntryTest, ItKnowsWhetherTheExecutorIsThisProcess) {
  EXPECT_EQ(isThisProcess(epc()), GetParam() == Where::InProcess);
  EXPECT_EQ(Hook->isInProcess(), GetParam() == Where::InProcess);
}

TEST_P(HookEntryTest, ATripIsInTheInboxWhenTheHookReturns) {
  addRecord();
  TripRecord &R = addRecord();
  trip(Hook->getId(R), 0x123456789abc);
  EXPECT_EQ(drain(), (Trips{{1, 0x123456789abc}}));
  trip(Hook->getId(R), 5);
  trip(Hook->getId(Records[0]), 6);
  trip(Hook->getId(R), 7); // Dropped: it waits already.
  EXPECT_EQ(drain(), (Trips{{1, 5}, {0, 6}}));
}

TEST_P(HookEntryTest, EachDylibHasItsOwn) {
  auto &Other = cantFail(J->createJITDylib("other"));
  cantFail(Hook->define(Other.getDefaultResourceTracker(),
                        J->getIRCompileLayer(), J->getDataLayout()));
  EXPECT_TRUE(cantFail(J->lookup(Other, HookName)));
  EXPECT_TRUE(addr(HookName));
}

TEST_P(HookEntryTest, ASecondDefinitionIsAnError) {
  EXPECT_NE(toString(Hook->define(jd().getDefaultResourceTracker(),
                                  J->getIRCompileLayer(), J->getDataLayout())),
            "");
}

//===----------------------------------------------------------------------===//
// In process
//===----------------------------------------------------------------------===//

class HookEntryHereTest : public HookEntryTest {};

INSTANTIATE_TEST_SUITE_P(Executors, HookEntryHereTest,
                         testing::Values(Where::InProcess), whereName);

/// Nothing lies between machine code and the push.
TEST_P(HookEntryHereTest, TheHookIsOurFunctionAndTheIdARecordsAddress) {
  EXPECT_EQ(addr(HookName), ExecutorAddr::fromPtr(&reopt_hook));
  TripRecord &R = addRecord();
  EXPECT_EQ(Hook->getId(R), reinterpret_cast<uint64_t>(&R));
}

//===----------------------------------------------------------------------===//
// By dispatch, from another process or one that is taken for another
//===----------------------------------------------------------------------===//

class HookEntryDispatchTest : public HookEntryTest {
protected:
  void SetUp() override {
    ExecutorTest::SetUp();
    if (GetParam() == Where::InProcess) {
      Real = epc().getJITDispatchInfo();
      epc().*Info = {ExecutorAddr::fromPtr(&dispatch),
                     ExecutorAddr::fromPtr(this)};
    }
    createHook();
    ASSERT_FALSE(Hook->isInProcess());
  }

  /// To the dispatch function and its context.
  struct Access : ExecutorProcessControl {
    static constexpr auto Info = &Access::JDI;
  };
  static constexpr auto Info = Access::Info;

  static shared::CWrapperFunctionBuffer
  dispatch(void *Context, const void *Tag, const char *Data, size_t Size) {
    auto *T = static_cast<HookEntryDispatchTest *>(Context);
    errno = EDOM; // As a real one may leave it.
    if (T->IsGone)
      return shared::WrapperFunctionBuffer::createOutOfBandError("gone")
          .release();
    return T->Real.JITDispatchFunction.toPtr<decltype(dispatch) *>()(
        T->Real.JITDispatchContext.toPtr<void *>(), Tag, Data, Size);
  }

  ExecutorProcessControl::JITDispatchInfo Real;
  bool IsGone = false;
};

INSTANTIATE_TEST_SUITE_P(Executors, HookEntryDispatchTest, allPlaces(),
                         whereName);

TEST_P(HookEntryDispatchTest, TripsArrive) {
  TripRecord &R = addRecord();
  trip(Hook->getId(R), 0xffffffffffffffff >> 1);
  EXPECT_EQ(drain(), (Trips{{0, 0xffffffffffffffff >> 1}}));
}

TEST_P(HookEntryDispatchTest, IdsOfNobodyHaveNoEffect) {
  addRecord();
  for (uint64_t Id : {uint64_t(1), uint64_t(1) << 32, ~uint64_t(0)})
    trip(Id, 5);
  EXPECT_TRUE(Inbox.empty());
}

TEST_P(HookEntryDispatchTest, AfterShutdownTripsHaveNoEffect) {
  TripRecord &R = addRecord();
  const uint64_t Id = Hook->getId(R);
  trip(Id, 1);
  EXPECT_EQ(drain().size(), 1u);
  Hook->shutdown();
  trip(Id, 2);
  Hook.reset(); // The code that the JITDylib has asks the session still.
  trip(Id, 3);
  EXPECT_TRUE(Inbox.empty());
}

TEST_P(HookEntryDispatchTest, ShutdownWaitsForATripThatIsBeingServed) {
  std::promise<void> Served, MayEnd;
  std::atomic<bool> Ended{false};
  Inbox.serveBy([&] {
    Served.set_value();
    MayEnd.get_future().wait();
    // Who does not wait will most likely be done by then.
    for (int I = 0; I != 200; ++I)
      std::this_thread::yield();
    Ended = true;
  });
  const uint64_t Id = Hook->getId(addRecord());
  std::thread Trips([&] { trip(Id, 1); });
  Served.get_future().wait();
  MayEnd.set_value();
  Hook->shutdown();
  EXPECT_TRUE(Ended);
  Trips.join();
}

TEST_P(HookEntryDispatchTest, SessionsMayHaveSeveral) {
  TripRecord &R = addRecord();
  auto First = std::move(Hook);
  auto &Other = cantFail(J->createJITDylib("other"));
  Hook = cantFail(HookEntry::Create(es()));
  cantFail(Hook->define(Other.getDefaultResourceTracker(),
                        J->getIRCompileLayer(), J->getDataLayout()));
  trip(First->getId(R), 9);
  EXPECT_EQ(drain(), (Trips{{0, 9}}));
}

/// What happens to the thread that trips.
class HookEntryCallTest : public HookEntryDispatchTest {};

INSTANTIATE_TEST_SUITE_P(Executors, HookEntryCallTest,
                         testing::Values(Where::InProcess), whereName);

TEST_P(HookEntryCallTest, ErrnoIsKept) {
  const uint64_t Id = Hook->getId(addRecord());
  auto *Trip = addr(HookName).toPtr<decltype(reopt_hook) *>();
  for (int Value : {0, ERANGE}) {
    errno = Value;
    Trip(Id, 0, 0);
    EXPECT_EQ(errno, Value);
    EXPECT_EQ(drain().size(), 1u);
  }
}

TEST_P(HookEntryCallTest, ASessionThatIsGoneIsIgnored) {
  const uint64_t Id = Hook->getId(addRecord());
  IsGone = true;
  trip(Id, 0);
  EXPECT_TRUE(Inbox.empty());
}

TEST_P(HookEntryCallTest, WithoutDispatchThereIsNoHook) {
  epc().*Info = {};
  auto None = HookEntry::Create(es());
  EXPECT_EQ(toString(None.takeError()),
            "the executor has no JIT dispatch: no hook");
}

} // namespace
