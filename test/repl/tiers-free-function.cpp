// A function that is called often is compiled at -O3, shows so, and gives the
// answers it gave before: the promise of the whole plugin.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int f(int x) { return 3 * x + 1; }
long before = 0;
for (int i = 0; i < 1000; ++i) before += f(i);
%reopt wait 60
%reopt why f
// CHECK: f(int)
// CHECK-NEXT: stage {{ *}}tier 1
// CHECK: reason {{ *}}hot: compiled at -O3
long after = 0;
for (int i = 0; i < 1000; ++i) after += f(i);
printf("before %ld after %ld\n", before, after);
// CHECK: before 1499500 after 1499500
