// An input defines one function and fails on the next. The first is not there
// after that: it can be defined in another way, and then runs in that way.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int f(int x) { return x; }
int h(int x) { return f(x); } int k() { return missing; }
printf("goes on\n");
// CHECK: goes on
int h(int x) { return 10 * f(x); }
printf("%d\n", h(1));
// CHECK: {{^}}10
for (int i = 0; i < 1000; ++i) h(i);
%reopt wait 60
printf("%d\n", h(1));
// CHECK: {{^}}10
