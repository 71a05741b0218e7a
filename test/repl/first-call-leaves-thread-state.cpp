// A function's first call compiles it on the way. The program sees nothing of
// that: errno, the floating-point flags and traps, and the rounding mode are what
// the function itself makes of them.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <cerrno>
#include <cfenv>
#include <cstdio>
template <int N> int fresh(int x) { return x + N; }
template <int N> double third(double x) { return x / (N + 2.0); }
int first() { errno = 77; fresh<1>(1); return errno; }
printf("errno %d\n", first());
// CHECK: errno 77
int flags() { \
  feclearexcept(FE_ALL_EXCEPT); \
  fresh<2>(1); \
  return fetestexcept(FE_ALL_EXCEPT); \
}
printf("flags %d\n", flags());
// CHECK: flags 0
int kept() { \
  feclearexcept(FE_ALL_EXCEPT); \
  feraiseexcept(FE_DIVBYZERO); \
  fresh<3>(1); \
  return fetestexcept(FE_ALL_EXCEPT) == FE_DIVBYZERO; \
}
printf("kept %d\n", kept());
// CHECK: kept 1
double rounded() { \
  fesetround(FE_UPWARD); \
  double r = third<1>(1.0); \
  bool same = fegetround() == FE_UPWARD; \
  fesetround(FE_TONEAREST); \
  return same ? r : 0; \
}
printf("rounded %a\n", rounded());
// CHECK: rounded 0x1.5555555555556p-2
int trapped() { \
  feclearexcept(FE_ALL_EXCEPT); \
  feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_INEXACT | FE_OVERFLOW); \
  int r = fresh<4>(1); \
  fedisableexcept(FE_ALL_EXCEPT); \
  return r; \
}
printf("trapped %d\n", trapped());
// CHECK: trapped 5
