// A static function's static variable counts on over inputs and over tiers.
// Stock clang-repl emits the function again for each input, with its own
// variable, and prints 1 and 1.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
static int f() { static int n; return ++n; }
printf("count %d\n", f());
// CHECK: count 1
printf("count %d\n", f());
// CHECK-NEXT: count 2
int last = 0;
while (last < 1000) last = f();
%reopt wait 60
%reopt why f
// CHECK: stage {{ *}}tier 1
printf("count %d\n", f());
// CHECK: count 1001
static int total = 0;
static int add(int x) { return total += x; }
for (int i = 0; i < 1000; ++i) add(1);
%reopt wait 60
printf("total %d %d\n", add(1), total);
// CHECK: total 1001 1001
