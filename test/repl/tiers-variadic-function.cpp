// A variadic function is tiered: its arguments arrive whichever version the
// stub leads to, those in vector registers too.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <cstdarg>
#include <cstdio>
double mix(int n, ...) { \
  va_list l; \
  va_start(l, n); \
  double s = 0; \
  for (int i = 0; i < n; ++i) s += va_arg(l, int) * va_arg(l, double); \
  va_end(l); \
  return s; \
}
double s = 0;
for (int i = 0; i < 1000; ++i) \
  s += mix(5, 1, 0.5, 2, 0.25, i, 2.0, 4, 1.0, 5, 3.0);
%reopt wait 60
%reopt why mix
// CHECK: mix(int, ...)
// CHECK-NEXT: stage {{ *}}tier 1
printf("%g %g\n", s, mix(2, 3, 0.5, 4, 0.25));
// CHECK: {{^}}1.019e+06 2.5
