// What cannot be compiled while the session waits says why, and is called, gets
// hot and is compiled as ever. What the user does not want optimised is not.
//
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-max-function=40 \
// RUN:   --Xcc=-fplugin-arg-reopt-speculate-most=2 | FileCheck %s

extern "C" int printf(const char *, ...);
int large(int x) { x += 1; x *= 3; x += 1; x *= 3; x += 1; x *= 3; x += 1; x *= 3; x += 1; x *= 3; x += 1; x *= 3; x += 1; x *= 3; x += 1; x *= 3; x += 1; x *= 3; x += 1; x *= 3; return x; }
__attribute__((optnone, noinline)) int slow(int x) { return x; }
int one(int x) { return x + 1; }
int two(int x) { return x + 2; }
int three(int x) { return x + 3; }
%reopt speculate now
%reopt list *
// CHECK-DAG: large(int) lazy
// CHECK-DAG: slow(int) lazy
// CHECK-DAG: one(int) lazy
// CHECK-DAG: two(int) tier 1
// CHECK-DAG: three(int) tier 1
%reopt speculate
// CHECK: functions 2 compiled, 1 waiting
%reopt speculate now
%reopt list one
// CHECK: one(int) tier 1
for (int i = 0; i < 1000; ++i) one(two(three(i)));
printf("%d\n", large(slow(1)));
// CHECK: {{^}}147621
%reopt list large
// CHECK: large(int) tier 0
