// A loop that is typed at the prompt goes on at -O3 while it runs, with what it
// calls inside. It is called once, so nothing else is made of it.
//
// RUN: cat %s | env REOPT_OPTIONS=osr-stress=1 %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int f(int i) { return i ^ (i >> 3); }
long s = 0;
for (int i = 0; i < 100000; ++i) s += f(i);
printf("sum %ld\n", s);
%reopt list
%reopt why statement 1
// CHECK: sum 5020804784
// CHECK: {{^}}statement 1 {{ *}}tier 0 {{.*}} its running loop went on at -O3
// CHECK: {{^}}statement 1
// CHECK: loops {{ *}}1 frame went on at -O3
