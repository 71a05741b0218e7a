// A function that is called once goes on at -O3 in the middle of its loop, and
// its next call starts there.
//
// RUN: cat %s | env REOPT_OPTIONS=osr-stress=1 %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int work(int n) { \
  int s = 0; \
  for (int i = 0; i < n; ++i) \
    for (int j = 0; j < 10; ++j) s ^= i * j; \
  return s; \
}
printf("first %d\n", work(20000));
%reopt why work
// CHECK: first [[#%d,A:]]
// CHECK: {{^}}work(int)
// CHECK-NEXT: stage tier 1, version 1
// CHECK: loops {{ *}}1 frame went on at -O3
printf("second %d\n", work(20000));
%reopt why work
// CHECK: second [[#A]]
// CHECK: loops {{ *}}1 frame went on at -O3
