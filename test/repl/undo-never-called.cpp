// A function that was never called can be undone and declared anew with another
// body and with another type. (A comment is an input too, so the checks come
// last.)
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int f(int x) { return x + 1; }
%undo
int f(int x) { return x + 2; }
printf("%d\n", f(1));
%undo
%undo
double f(double x, int y) { return x * y; }
%reopt list f
printf("%g\n", f(1.5, 3));
%quit

// CHECK: {{^}}3
// CHECK-NEXT: function
// CHECK-NEXT: f(double, int) {{ *}}lazy
// CHECK-NEXT: {{^}}4.5
