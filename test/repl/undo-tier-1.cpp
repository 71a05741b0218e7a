// A function at -O3 can be undone, with its statics; its successor, of another
// type, is tiered in turn.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int f(int x) { static int n = 10; return n += x; }
for (int i = 0; i < 1000; ++i) f(1);
%reopt wait 60
%reopt list f
%undo
%undo
%reopt list f
long f(int x) { static long n = 20; return n += 2 * x; }
for (int i = 0; i < 1000; ++i) f(1);
%reopt wait 60
%reopt list f
printf("%ld\n", f(0));
%quit

// CHECK: f(int) {{ *}}tier 1
// CHECK-NEXT: no function matches
// CHECK: f(int) {{ *}}tier 1
// CHECK-NEXT: {{^}}2020
