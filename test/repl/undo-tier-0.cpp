// A function that ran, but is not hot yet, can be undone: it leaves the
// listing, and its successor starts from zero.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int n = 0;
int f(int x) { return x + 1; }
for (int i = 0; i < 100; ++i) n = f(n);
%undo
%undo
%reopt list f
int f(int x) { return x + 2; }
for (int i = 0; i < 10; ++i) n = f(n);
%reopt why f
printf("%d\n", n);
%quit

// CHECK: no function matches
// CHECK-NEXT: f(int)
// CHECK-NEXT: stage {{ *}}tier 0
// CHECK-NEXT: heat {{ *}}10 calls
// CHECK: {{^}}120
