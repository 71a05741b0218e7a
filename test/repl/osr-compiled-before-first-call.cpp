// A loop that cannot be continued is compiled at -O3 before it starts: it would
// stay in tier 0 as long as it runs. Not a short one, and not without osr.
//
// RUN: cat %s | %reopt_repl | FileCheck %s
// RUN: cat %s | env REOPT_OPTIONS=osr=off %reopt_repl | FileCheck --check-prefix=OFF %s

extern "C" int printf(const char *, ...);
int heavy(int n) { \
  int a[n]; \
  for (int i = 0; i < n; ++i) a[i] = i; \
  return a[n - 1]; \
}
int light(int n) { \
  int a[n]; \
  for (int i = 0; i < 10; ++i) a[i] = i; \
  return a[n - 1]; \
}
printf("%d %d\n", heavy(100), light(10));
%reopt list *
%reopt why heavy
// CHECK: 99 9
// CHECK-DAG: heavy(int) {{ *}}tier 1 {{.*}} its loops cannot go on while they run: compiled at -O3 before its first call
// CHECK-DAG: light(int) {{ *}}tier 0 {{.*}} not hot yet
// CHECK: {{^}}heavy(int)
// CHECK: stage {{ *}}tier 1, version 1
// OFF: 99 9
// OFF-DAG: heavy(int) {{ *}}tier 0 {{.*}} not hot yet
// OFF-DAG: light(int) {{ *}}tier 0 {{.*}} not hot yet
