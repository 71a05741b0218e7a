//===-- hook.cpp ----------------------------------------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a trip costs the thread that trips: one call of the hook, timed from
// outside, with a consumer that takes trips off the inbox as the worker does.
// Every trip is the first one of its function, since later ones find the
// function pending and return at once; the records lie on cache lines of their
// own, far apart, as those of a session's functions do.
//
// The cost depends on what the consumer does when the trip comes:
//
//   awake    trips follow each other without a pause, so that the consumer is
//            mostly draining. The inbox is under the most contention.
//   naps     each trip waits until the consumer has drained all others and naps
//            again: the usual case in a session, where trips are rare and what
//            they touch has left the caches.
//   asleep   each trip waits until the consumer sleeps for good, as it does
//            after ten quiet seconds, and has to wake it by a system call. A
//            session sees this case at most once in ten seconds, which is why
//            it is printed and left out of the figures at the top.
//
// It prints one line of JSON. The figures at its top are the worst of the first
// three cases, and the clock's own cost, the median of many readings, is taken
// off each sample.
//
//===----------------------------------------------------------------------===//

#include "reopt/Hook.h"
#include "reopt/Options.h"
#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace reopt;

namespace {

using Nanoseconds = int64_t;
using Samples = std::vector<Nanoseconds>;

Nanoseconds readClock() {
  timespec Now;
  clock_gettime(CLOCK_MONOTONIC, &Now);
  return Nanoseconds(Now.tv_sec) * 1000000000 + Now.tv_nsec;
}

/// The value that \p PerMille of a thousand samples stay below; they are
/// sorted.
Nanoseconds getPercentile(const Samples &S, unsigned PerMille) {
  return S[std::min(S.size() - 1, S.size() * PerMille / 1000)];
}

Nanoseconds measureClock() {
  Samples S(100000);
  for (Nanoseconds &Sample : S) {
    const Nanoseconds Start = readClock();
    Sample = readClock() - Start;
  }
  std::sort(S.begin(), S.end());
  return getPercentile(S, 500);
}

/// Machine code knows the hook by its address only.
void (*volatile TheHook)(uint64_t, uint32_t, uint64_t) = reopt_hook;

/// A record on a cache line of its own.
struct alignas(64) Function {
  TripRecord Trip;
};

/// Takes trips off the inbox, as ReOptimizeLayer's worker does when it has
/// nothing to compile.
class Consumer {
public:
  explicit Consumer(TripInbox &Inbox)
      : Inbox(Inbox), Thread([this] { run(); }) {}

  /// Returns how many trips came.
  size_t finish() {
    Stopping = true;
    Inbox.wake();
    Thread.join();
    return Count;
  }

  /// Waits until \p Expected trips have come, and then as long as the consumer
  /// needs to nap or sleep again.
  void waitUntilQuiet(size_t Expected) const {
    while (Served < Expected)
      std::this_thread::yield();
    const Nanoseconds End = readClock() + 20000;
    while (readClock() < End)
      ;
  }

private:
  void run() {
    setpriority(PRIO_PROCESS, id_t(syscall(SYS_gettid)), int(Options().Nice));
    while (!Stopping) {
      Inbox.waitForWork();
      Inbox.drain([this](uint32_t, uint64_t, uint64_t) { ++Count; });
      Served = Count;
    }
    Inbox.drain([this](uint32_t, uint64_t, uint64_t) { ++Count; });
  }

  TripInbox &Inbox;
  size_t Count = 0; ///< The consumer's own.
  std::atomic<size_t> Served{0};
  std::atomic<bool> Stopping{false};
  std::thread Thread;
};

struct Case {
  const char *Name;
  unsigned Threads;
  size_t TripsPerThread;
  bool WaitUntilQuiet; ///< Before each trip; for one thread only.
  NapSchedule Naps;
  bool IsUsual; ///< Counts for the figures at the top.
};

/// The next function to trip is this many records away, so that no prefetcher
/// has it ready. Prime, so that each record has its turn.
constexpr size_t Stride = 7919;

/// Empty if a trip got lost.
Samples measure(const Case &C, Nanoseconds ClockCost) {
  TripInbox Inbox(C.Naps);
  std::vector<Function> Functions(C.Threads * C.TripsPerThread);
  for (size_t I = 0; I < Functions.size(); ++I) {
    Functions[I].Trip.Inbox = &Inbox;
    Functions[I].Trip.Function = uint32_t(I);
  }

  Samples All(Functions.size());
  std::atomic<unsigned> Ready{0};
  Consumer Worker(Inbox);
  auto Trip = [&](unsigned Thread) {
    ++Ready;
    while (Ready < C.Threads)
      ;
    const size_t First = Thread * C.TripsPerThread;
    for (size_t I = First; I < First + C.TripsPerThread; ++I) {
      const uint64_t Id =
          Functions[I * Stride % Functions.size()].Trip.getHookId();
      if (C.WaitUntilQuiet)
        Worker.waitUntilQuiet(I);
      const Nanoseconds Start = readClock();
      TheHook(Id, /*Version=*/0, /*Caller=*/Id);
      All[I] = std::max<Nanoseconds>(readClock() - Start - ClockCost, 0);
    }
  };
  std::vector<std::thread> Threads;
  for (unsigned I = 0; I < C.Threads; ++I)
    Threads.emplace_back(Trip, I);
  for (std::thread &T : Threads)
    T.join();
  return Worker.finish() == Functions.size() ? All : Samples();
}

} // namespace

int main() {
  static constexpr Case Cases[] = {
      {"1 thread, consumer awake", 1, 200000, false, {}, true},
      {"2 threads, consumer awake", 2, 100000, false, {}, true},
      {"1 thread, consumer naps", 1, 10000, true, {}, true},
      {"1 thread, consumer asleep", 1, 10000, true, {0, 0}, false},
  };
  static constexpr std::pair<const char *, unsigned> Percentiles[] = {
      {"p50", 500}, {"p90", 900}, {"p99", 990}, {"p999", 999}, {"max", 1000}};
  const Nanoseconds ClockCost = measureClock();
  Nanoseconds WorstP50 = 0, WorstP99 = 0;
  std::string List;
  for (const Case &C : Cases) {
    Samples S = measure(C, ClockCost);
    if (S.empty()) {
      std::fprintf(stderr, "%s: a trip got lost\n", C.Name);
      return 1;
    }
    std::sort(S.begin(), S.end());
    List += (List.empty() ? "{\"name\": \"" : ", {\"name\": \"") +
            std::string(C.Name) + "\", \"trips\": " + std::to_string(S.size());
    for (auto [Name, PerMille] : Percentiles)
      List += std::string(", \"") + Name +
              "_ns\": " + std::to_string(getPercentile(S, PerMille));
    List += "}";
    if (!C.IsUsual)
      continue;
    WorstP50 = std::max(WorstP50, getPercentile(S, 500));
    WorstP99 = std::max(WorstP99, getPercentile(S, 990));
  }
  std::printf("{\"hook_trip_p99_ns\": %" PRId64
              ", \"hook_trip_p50_ns\": %" PRId64 ", \"clock_ns\": %" PRId64
              ", \"cases\": [%s]}\n",
              WorstP99, WorstP50, ClockCost, List.c_str());
  return 0;
}
