//===- RedefinableStressTest.cpp - Many threads, many symbols -----------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What holds for one request holds for many at once; what it costs.
//
//===----------------------------------------------------------------------===//

#include "RedefinableTest.h"

#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"

#include <malloc.h>
#include <random>

using namespace llvm;
using namespace llvm::orc;
using namespace reopt;

namespace {

class RedefinableStressTest : public RedefinableTest {
protected:
  unsigned rounds(unsigned InProcess) {
    return GetParam() == Where::InProcess ? InProcess : InProcess / 10;
  }
};

INSTANTIATE_TEST_SUITE_P(Executors, RedefinableStressTest, allPlaces(),
                         whereName);

TEST_P(RedefinableStressTest, EachRequestIsToldOnceAndTheLastOneServes) {
  // Threads redefine one symbol, some of their own, and all together; callers
  // never see anything but versions.
  const unsigned NumThreads = 4, Rounds = rounds(200);
  std::vector<std::string> Names = {"shared"};
  for (unsigned T = 0; T != NumThreads; ++T)
    Names.push_back("own" + std::to_string(T));
  for (auto &N : Names)
    define(at(One, {N}));
  std::vector<ExecutorAddr> Stubs;
  for (auto &N : Names)
    Stubs.push_back(addr(N));

  std::atomic<unsigned> Asked{0}, Told{0}, Published{0}, Wrong{0};
  auto Done = [&] {
    ++Asked;
    return [&, Once = std::make_shared<std::atomic<int>>(0)](
               Expected<RedefinableSymbols::Outcome> R) {
      Wrong += ++*Once != 1;
      if (!R) {
        consumeError(R.takeError());
        ++Wrong;
      } else {
        Published += *R == RedefinableSymbols::Outcome::Published;
      }
      ++Told;
    };
  };
  std::vector<std::thread> Threads;
  for (unsigned T = 0; T != NumThreads; ++T)
    Threads.emplace_back([&, T] {
      std::mt19937 Random(T);
      const ExecutorAddr Bodies[] = {One, Two, Three, Four};
      for (unsigned I = 0; I != Rounds; ++I) {
        std::vector<StringRef> Which;
        switch (Random() % 4) {
        case 0:
          Which = {Names[0]};
          break;
        case 1:
          Which = {Names[T + 1]};
          break;
        case 2:
          Which = {Names[0], Names[1 + Random() % NumThreads]};
          break;
        default:
          Which.assign(Names.begin(), Names.end());
        }
        RS->redefine(jd(), at(Bodies[Random() % 4], Which), Done());
        int R = call(Stubs[Random() % Stubs.size()], 0);
        Wrong += R < 1 || R > 4;
      }
    });
  for (auto &T : Threads)
    T.join();
  waitUntil([&] { return Told == Asked; });
  EXPECT_EQ(Asked, NumThreads * Rounds);
  EXPECT_GT(Published, 0u);
  EXPECT_EQ(Wrong, 0u);
  EXPECT_EQ(RS->usage().Requests, 0u);
  // The last request of all prevails.
  std::vector<StringRef> All(Names.begin(), Names.end());
  EXPECT_EQ(redefine(at(Four, All)).get(), "published");
  for (auto Stub : Stubs)
    EXPECT_EQ(call(Stub, 0), 4);
}

TEST_P(RedefinableStressTest, DefinitionsComeAndGoUnderRequests) {
  // Threads define, look up, redefine and remove under the same few names;
  // failures are of order, never of memory.
  const unsigned NumThreads = 4, Rounds = rounds(200);
  const size_t Code = liveCode();
  es().setErrorReporter([](Error Err) { consumeError(std::move(Err)); });
  std::atomic<unsigned> Asked{0}, Told{0}, Wrong{0};
  std::vector<std::thread> Threads;
  for (unsigned T = 0; T != NumThreads; ++T)
    Threads.emplace_back([&, T] {
      std::mt19937 Random(T);
      std::vector<ResourceTrackerSP> Mine;
      for (unsigned I = 0; I != Rounds; ++I) {
        std::string N = "n" + std::to_string(Random() % 3);
        switch (Random() % 4) {
        case 0: {
          auto RT = jd().createResourceTracker();
          if (auto Err =
                  RS->define(RT, at(One, {N}),
                             Random() % 2 ? When::Now : When::OnFirstCall))
            consumeError(std::move(Err));
          else
            Mine.push_back(std::move(RT));
          break;
        }
        case 1:
          lookUp(N);
          break;
        case 2:
          ++Asked;
          RS->redefine(jd(), at(Two, {N}),
                       [&, Once = std::make_shared<std::atomic<int>>(0)](
                           Expected<RedefinableSymbols::Outcome> R) {
                         Wrong += ++*Once != 1;
                         consumeError(R.takeError());
                         ++Told;
                       });
          break;
        default:
          if (!Mine.empty()) {
            cantFail(Mine.back()->remove());
            Mine.pop_back();
          }
        }
      }
      for (auto &RT : Mine)
        cantFail(RT->remove());
    });
  for (auto &T : Threads)
    T.join();
  waitUntil([&] { return Told == Asked; });
  EXPECT_EQ(Wrong, 0u);
  expectNothingLeft(Code);
}

TEST_P(RedefinableStressTest, CallersReachAVersionWhileCodeIsReplaced) {
  RS.reset();
  // Retired code is freed when no caller can be in it: after the callers of
  // this round have returned.
  std::mutex M;
  std::vector<ResourceTrackerSP> Old;
  createSymbols([&](JITDylib &, ResourceTrackerSP Code) {
    std::lock_guard<std::mutex> Lock(M);
    Old.push_back(std::move(Code));
  });
  define(adds("f", 0));
  auto F = addr("f");
  std::atomic<int> Wrong{0};
  for (unsigned Round = 0; Round != rounds(20); ++Round) {
    std::atomic<bool> Stop{false};
    std::vector<std::thread> Callers;
    for (int T = 0; T != 2; ++T)
      Callers.emplace_back([&] {
        while (!Stop) {
          int R = call(F, 0);
          Wrong += R < 0 || R > 5;
        }
      });
    for (int I = 1; I != 6; ++I)
      EXPECT_EQ(redefine(adds("f", I)).get(), "published");
    Stop = true;
    for (auto &T : Callers)
      T.join();
    Tasks->waitUntilIdle();
    for (auto &RT : Old)
      cantFail(RT->remove());
    Old.clear();
    EXPECT_EQ(call(F, 0), 5);
  }
  EXPECT_EQ(Wrong, 0);
  RS.reset();
}

//===----------------------------------------------------------------------===//
// Cost
//===----------------------------------------------------------------------===//

class RedefinableCostTest : public testing::Test, protected RedefinableJIT {
protected:
  static void SetUpTestSuite() { initializeTarget(); }
  // In place: the heap of other threads is not in what is measured.
  void SetUp() override { startJIT(Where::InProcess, true); }
  void TearDown() override { stopJIT(); }

  std::string fn(unsigned I) { return "f" + std::to_string(I); }
  SymbolMap all(unsigned N, ExecutorAddr A) {
    SymbolMap Symbols;
    for (unsigned I = 0; I != N; ++I)
      Symbols[name(fn(I))] = {A, JITSymbolFlags::Exported |
                                     JITSymbolFlags::Callable};
    return Symbols;
  }
  SymbolLookupSet names(unsigned N) {
    SymbolLookupSet Names;
    for (unsigned I = 0; I != N; ++I)
      Names.add(name(fn(I)));
    return Names;
  }
};

TEST_F(RedefinableCostTest, AFunctionCosts256Bytes) {
  // Against ORC's own cost of the same symbols, defined in two dylibs (the
  // user's and a shadow) under a tracker for each version.
  const unsigned N = 10000;
  names(N); // The names themselves are the program's.
  // Large tables are mapped by malloc, and not among the blocks in use.
  auto Heap = [] {
    const auto Info = mallinfo2();
    return Info.uordblks + Info.hblkhd;
  };

  auto &First = es().createBareJITDylib("first");
  auto &Second = es().createBareJITDylib("second");
  std::vector<ResourceTrackerSP> Trackers;
  Trackers.reserve(N);
  size_t Before = Heap();
  for (unsigned I = 0; I != N; ++I) {
    cantFail(First.define(at(One, {fn(I)})));
    Trackers.push_back(Second.createResourceTracker());
    cantFail(Second.define(at(One, {fn(I)}), Trackers.back()));
  }
  cantFail(es().lookup(makeJITDylibSearchOrder({&First}), names(N)));
  cantFail(es().lookup(makeJITDylibSearchOrder({&Second}), names(N)));
  const double Plain = double(Heap() - Before) / N;

  Before = Heap();
  for (unsigned I = 0; I != N; ++I)
    cantFail(RS->define(jd(), at(One, {fn(I)})));
  cantFail(es().lookup(makeJITDylibSearchOrder({&jd()}), names(N)));
  const double Ours =
      double(Heap() - Before + Stubs->usage().SlabBytes) / N - Plain;
  RecordProperty("BytesPerFunction", std::to_string(Ours));
  RecordProperty("BytesOfOrcPerFunction", std::to_string(Plain));
  std::printf("%.0f bytes a function, beside %.0f of ORC's\n", Ours, Plain);
  EXPECT_LE(Ours, 256.0);
  for (auto &RT : Trackers)
    cantFail(RT->remove());
}

TEST_F(RedefinableCostTest, TenThousandFunctionsAreRedefinedInLinearSteps) {
  // What grows faster than the number of functions shows in the number of
  // versions, shadows, slabs and answers, and in the time limit of the test.
  const unsigned N = 10000;
  cantFail(RS->define(jd(), absoluteSymbols(all(N, One))));
  cantFail(es().lookup(makeJITDylibSearchOrder({&jd()}), names(N)));
  std::atomic<unsigned> Published{0};
  for (unsigned I = 0; I != N; ++I)
    RS->redefine(jd(), at(Two, {fn(I)}),
                 [&](Expected<RedefinableSymbols::Outcome> R) {
                   Published += cantFail(std::move(R)) ==
                                RedefinableSymbols::Outcome::Published;
                 });
  waitUntil([&] { return Published == N; });
  EXPECT_EQ(RS->usage().Shadows, 2u);
  EXPECT_EQ(numVersions(), N + 1);
  for (unsigned I = 0; I < N; I += 97)
    EXPECT_EQ(callIt(fn(I)), 2);
  // And all at once.
  auto A = redefine(absoluteSymbols(all(N, Three)));
  EXPECT_EQ(A.get(), "published");
  EXPECT_EQ(callIt(fn(N - 1)), 3);
}

} // namespace
