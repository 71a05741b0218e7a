// clang gives what a failing input defined before its error to the next module.
// It runs, as in stock, and the input that it comes with is not lost.
//
// RUN: cat %s | %reopt_repl 2>/dev/null | FileCheck %s
extern "C" int printf(const char *, ...);
int w() { return 1; } int y = w(); undeclared;
int keep = 5; int f() { return keep; }
printf("kept %d %d\n", f(), keep);
// CHECK: kept 5 5
int v(int x) { return x; } int (*p)(int) = v; undeclared;
printf("pointer\n");
// CHECK: pointer
int u() { return 1; } printf("statement %d\n", u()); undeclared;
printf("after it\n");
// CHECK: statement 1
// CHECK-NEXT: after it
int q() { return 1; } struct T { T() { printf("constructor %d\n", q()); } } t; undeclared;
printf("after that\n");
// CHECK: constructor 1
// CHECK-NEXT: after that
int z() { return 2; } int sum = 0; for (int i = 0; i < 100000; ++i) sum += z(); undeclared;
printf("loop\n");
// CHECK: loop
