// Code given on the command line is tiered as well, and gives the same answers.
//
// RUN: %reopt_repl 'extern "C" int printf(const char *, ...);' \
// RUN:   'static int f(int x) { static int n; return n += x; }' \
// RUN:   'int s = 0; for (int i = 0; i < 100000; ++i) s = f(1);' \
// RUN:   'printf("%%d %%d\n", s, f(1));' | FileCheck %s
//
// CHECK: 100000 100001
