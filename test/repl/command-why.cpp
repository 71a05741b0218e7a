// %reopt why tells, in words, the tier of a function, its heat against the
// threshold, and why it is or is not promoted.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

int lazy(int x) { return x; }
int cold(int x) { return x; }
int hot(int x) { return x; }
int loop(int n) { \
  int s = 0; \
  for (int i = 0; i < n; ++i) s += hot(i); \
  return s; \
}
cold(1);
loop(10000);
%reopt wait 60
%reopt why lazy
// CHECK: {{^}}lazy(int)
// CHECK-NEXT: stage lazy, version 0
// CHECK-NEXT: heat 0 calls of 200, 0 loop iterations of 4000
// CHECK-NEXT: reason not called yet
%reopt why cold
// CHECK-NEXT: {{^}}cold(int)
// CHECK-NEXT: stage tier 0, version 0
// CHECK-NEXT: heat 1 call of 200, 0 loop iterations of 4000
// CHECK-NEXT: reason not hot yet
%reopt why loop
// CHECK-NEXT: {{^}}loop(int)
// CHECK-NEXT: stage tier 1, version 1
// CHECK-NEXT: heat 1 call of 200, {{[0-9]+}} loop iterations of 4000
// CHECK-NEXT: reason hot: compiled at -O3
%reopt why hot
// CHECK: {{^}}hot(int)
// CHECK-NEXT: stage tier 0, version 0
// CHECK-NEXT: heat {{[0-9]+}} calls of 200
// CHECK-NEXT: reason inlined into its hot callers, which are at -O3
