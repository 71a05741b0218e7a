// A lambda inside a function, with captures, and one behind std::function, are
// tiered and keep what they captured.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <cstdio>
#include <functional>
int nest(int n) { \
  auto f = [&](int k) { return k + n; }; \
  auto g = [=](auto k) { return f(k) * 2; }; \
  return g(n); \
}
std::function<int(int)> adder(int by) { return [by](int x) { return x + by; }; }
auto three = adder(3);
auto four = adder(4);
long sum = 0;
for (int i = 0; i < 1000; ++i) sum += nest(i) + three(i) + four(i);
%reopt wait 60
%reopt why nest
// CHECK: nest(int)
// CHECK-NEXT: stage {{ *}}tier 1
printf("%ld %d %d %d\n", sum, nest(5), three(5), four(5));
// CHECK: {{^}}3004000 20 8 9
%reopt list
// CHECK-NOT: refused
// CHECK: not called yet
