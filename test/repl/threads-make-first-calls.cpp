// Threads that meet in the first call of functions compile each of them once
// and all get through.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>
std::atomic<int> ready{0};
template <int N> int chain(int x) { \
  if constexpr (N == 0) return x; \
  else return chain<N - 1>(x + N); \
}
int result[4];
void go(int k) { ++ready; while (ready < 4); result[k] = chain<100>(k); }
{ \
  std::vector<std::thread> t; \
  for (int k = 0; k < 4; ++k) t.emplace_back(go, k); \
  for (auto &x : t) x.join(); \
}
printf("%d %d %d %d\n", result[0], result[1], result[2], result[3]);
// CHECK: {{^}}5050 5051 5052 5053
