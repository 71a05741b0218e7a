// A static variable inside a lambda at the prompt counts on over inputs and
// tiers: a lambda is one function too.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
auto count = [](int by) { static int n; n += by; return n; };
auto other = [](int by) { static int n = 50; n += by; return n; };
printf("%d %d\n", count(1), other(1));
// CHECK: {{^}}1 51
for (int i = 0; i < 1000; ++i) { count(1); other(1); }
%reopt wait 60
%reopt list
// CHECK-COUNT-2: {{ }}tier 1
printf("%d %d\n", count(1), other(1));
// CHECK: {{^}}1002 1052
