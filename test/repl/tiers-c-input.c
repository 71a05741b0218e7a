// A C session is tiered as a C++ session is. C has no mangled names and no
// inline merging, so identity has to hold by other means.
//
// RUN: cat %s | %reopt_repl --Xcc=-xc | FileCheck %s

int printf(const char *, ...);
static int count(int by) { static int n; n += by; return n; }
struct pair { int a; double b[4]; };
struct pair step(struct pair p, int i) { p.a += i; p.b[i & 3] += i; return p; }
int total = 0;
struct pair p;
for (int i = 0; i < 1000; ++i) { total += count(1) & 1; p = step(p, i); }
%reopt wait 60
%reopt list
// CHECK-DAG: {{^}}count {{ *}}tier 1
// CHECK-DAG: {{^}}step {{ *}}tier 1
for (int i = 0; i < 1000; ++i) { total += count(1) & 1; p = step(p, i); }
printf("%d %d %d %g\n", total, count(0), p.a, p.b[2]);
// CHECK: {{^}}1000 2000 999000 250000
