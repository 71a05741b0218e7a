// A function that calls itself is swapped while frames of it are on the stack;
// two that call each other may come from different inputs.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
int odd(int n);
int even(int n) { return n == 0 ? 1 : odd(n - 1); }
int odd(int n) { return n == 0 ? 0 : even(n - 1); }
printf("fib %d\n", fib(25));
// CHECK: fib 75025
int s = 0;
for (int i = 0; i < 1000; ++i) s += even(i) - odd(i);
%reopt wait 60
%reopt list
// CHECK-DAG: {{^}}fib(int) {{ *}}tier 1
// CHECK-DAG: {{^}}{{even|odd}}(int) {{ *}}tier 1
printf("fib %d even %d odd %d sum %d\n", fib(27), even(1001), odd(1001), s);
// CHECK: fib 196418 even 0 odd 1 sum 0
