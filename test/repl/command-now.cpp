// %reopt now compiles a function at -O3 without heat: one that never ran, one
// that did, and with * all of them. It also works while tiering is off.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int f(int x) { return x + 1; }
int g(int x) { return x + 2; }
struct S { int m(int x) { return x + 3; } };
S s;
%reopt now f
%reopt wait 60
%reopt why f
// CHECK: f(int)
// CHECK-NEXT: stage tier 1, version 1
// CHECK-NEXT: heat 0 calls
// CHECK-NEXT: reason asked for: compiled at -O3
%reopt now f
// CHECK: f(int) is in tier 1 already
s.m(1);
%reopt off
%reopt now *
%reopt wait 60
%reopt list
// CHECK-DAG: g(int) tier 1
// CHECK-DAG: S::m(int) tier 1
printf("%d %d %d\n", f(1), g(1), s.m(1));
// CHECK: {{^}}2 3 4
