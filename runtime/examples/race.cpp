//===- race.cpp - Several new definitions at once -------------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Threads redefine the same function while others call it. Callers never see a
// version older than one that they have seen before; each request is told once
// how it ended; the last one asked for is what remains.
//
//===----------------------------------------------------------------------===//

#include "ExampleJIT.h"

#include <thread>

static std::string version(int N) {
  return "define i32 @version() { ret i32 " + std::to_string(N) + " }";
}

int main() {
  ExampleJIT JIT;
  ExitOnErr(JIT.Symbols->define(JIT.dylib(), JIT.ir(version(0))));
  auto *Version = JIT.lookup<int()>("version");

  std::atomic<bool> Stop{false};
  std::atomic<int> Backwards{0};
  std::vector<std::thread> Callers;
  for (int T = 0; T != 2; ++T)
    Callers.emplace_back([&] {
      for (int Last = 0; !Stop;) {
        int Now = Version();
        Backwards += Now < Last;
        Last = Now;
      }
    });

  const int NumRequests = 100;
  std::mutex Order; // Versions are numbered in the order of the requests.
  int LastVersion = 0;
  std::vector<std::future<ExampleJIT::Outcome>> Outcomes;
  std::vector<std::thread> Redefiners;
  for (int T = 0; T != 2; ++T)
    Redefiners.emplace_back([&] {
      for (int I = 0; I != NumRequests / 2; ++I) {
        std::lock_guard<std::mutex> Lock(Order);
        Outcomes.push_back(JIT.redefine(JIT.ir(version(++LastVersion))));
      }
    });
  for (auto &T : Redefiners)
    T.join();

  int Told = 0;
  for (auto &O : Outcomes) {
    O.get(); // Published, superseded or cancelled: who knows.
    ++Told;
  }
  Stop = true;
  for (auto &T : Callers)
    T.join();
  std::printf("%d requests, %d told how they ended\n", NumRequests, Told);
  std::printf("callers that went back to an older version: %d\n",
              Backwards.load());
  std::printf("version() = %d\n", Version());
}
