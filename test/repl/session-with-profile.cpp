// Instrumentation for a profile defines one variable in each input, which has to
// be merged.
//
// RUN: cd %t.dir 2>/dev/null || mkdir %t.dir && cd %t.dir
// RUN: cat %s | %reopt_repl --Xcc=-fprofile-generate | FileCheck %s

extern "C" int printf(const char *, ...);
int f(int n) { int s = 0; for (int i = 0; i < n; ++i) s += i; return s; }
printf("%d\n", f(10));
// CHECK: 45
for (int i = 0; i < 300; ++i) f(i);
printf("%d\n", f(11));
// CHECK: 55
