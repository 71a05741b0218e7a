// The threshold is exact: one call less and a function stays in tier 0. A new
// one holds for the functions that are there already, with what they counted.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

int f(int x) { return x; }
%reopt threshold 50
for (int i = 0; i < 49; ++i) f(i);
%reopt wait 60
%reopt why f
// CHECK: f(int)
// CHECK-NEXT: stage tier 0
// CHECK-NEXT: heat 49 calls of 50
// CHECK-NEXT: reason not hot yet
f(1);
%reopt wait 60
%reopt why f
// CHECK: stage tier 1
int g(int x) { return x; }
%reopt threshold 1000000
for (int i = 0; i < 10000; ++i) g(i);
%reopt threshold 100
g(1);
%reopt wait 60
%reopt why g
// CHECK: g(int)
// CHECK-NEXT: stage tier 1
%reopt threshold 1
int h(int x) { return x; }
h(1);
%reopt wait 60
%reopt why h
// CHECK: h(int)
// CHECK-NEXT: stage tier 1
