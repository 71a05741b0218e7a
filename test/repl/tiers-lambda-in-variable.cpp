// Lambdas kept in variables at the prompt are tiered, each under its own name
// although clang numbers closures anew in each input: one must never be taken
// for the other.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
auto square = [](int x) { return x * x; };
auto cube = [](int x) { return x * x * x; };
int offset = 7;
auto shift = [](int x) { return x + offset; };
auto twice = [](auto x) { return x + x; };
long sum[4] = {};
for (int i = 0; i < 1000; ++i) { sum[0] += square(i); sum[1] += cube(i % 8); }
for (int i = 0; i < 1000; ++i) { sum[2] += shift(i); sum[3] += twice(i); }
%reopt wait 60
%reopt list
// CHECK-COUNT-4: {{ tier 1 }}
// CHECK-NOT: refused
printf("%d %d %d %d\n", square(5), cube(5), shift(5), twice(5));
// CHECK: {{^}}25 125 12 10
offset = 1;
printf("%ld %ld %ld %ld %d\n", sum[0], sum[1], sum[2], sum[3], shift(5));
// CHECK-NEXT: {{^}}332833500 98000 506500 999000 6
