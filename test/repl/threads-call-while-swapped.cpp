// Several threads call functions while these are compiled and swapped: every
// call gives the right answer, and none is lost.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>
std::atomic<int> calls{0};
int hot(int x) { ++calls; return 3 * x + 1; }
struct Base { virtual int get(int x) { return x; } virtual ~Base() {} };
struct Derived : Base { int get(int x) override { return hot(x) + 1; } };
Base *object = new Derived;
long work(int n) { \
  long s = 0; \
  for (int i = 0; i < n; ++i) s += object->get(i & 255); \
  return s; \
}
long result[4];
void go(int k) { result[k] = work(100000); }
{ \
  std::vector<std::thread> t; \
  for (int k = 0; k < 4; ++k) t.emplace_back(go, k); \
  for (auto &x : t) x.join(); \
}
%reopt wait 60
%reopt list
// CHECK-DAG: work(int) {{ *}}tier 1
printf("%d %d %d %d\n", result[0] == result[1], result[1] == result[2], \
       result[2] == result[3], calls.load());
// CHECK: {{^}}1 1 1 400000
printf("%d\n", result[0] == work(100000));
// CHECK: {{^}}1
