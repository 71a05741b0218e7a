// Floating-point results have the same bits in both tiers: nothing is fused,
// reordered or kept in more precision at -O3 that was not at -O0. Also with the
// options that the user gives.
//
// RUN: cat %s | %reopt_repl >%t.out
// RUN: FileCheck %s <%t.out
// RUN: cat %s | %reopt_repl --Xcc=-march=native \
// RUN:   | FileCheck --check-prefix=SAME %s
// RUN: cat %s | %reopt_repl --Xcc=-ffp-contract=off | FileCheck %s

#include <cmath>
#include <cstdio>
volatile double va = 1.1, vb = 1.3;
double constants() { double a = 1.1, b = 1.3; return a * b - 1.43; }
double values() { return va * vb - 1.43; }
double sum(int n) { \
  double s = 0; \
  for (int i = 1; i <= n; ++i) s += 1.0 / (i * 1.1) - i * 1e-7; \
  return s; \
}
float sumf(int n) { \
  float s = 0; \
  for (int i = 1; i <= n; ++i) s += 1.0f / i * 1.3f - s * 0.001f; \
  return s; \
}
long double suml(int n) { \
  long double s = 0; \
  for (int i = 1; i <= n; ++i) s += 1.0L / i; \
  return s; \
}
double horner(double x) { \
  double s = 0; \
  for (int i = 0; i < 30; ++i) s = s * x + i; \
  return s; \
}
double dot(const double *a, const double *b, int n) { \
  double s = 0; \
  for (int i = 0; i < n; ++i) s += a[i] * b[i]; \
  return s; \
}
double a[100], b[100];
for (int i = 0; i < 100; ++i) { a[i] = 1.0 / (i + 3); b[i] = i * 0.7; }
double small() { double d = 5e-324; return d / 2 + d * 0.75; }
double odd() { return std::sqrt(2.0) * std::fmin(-0.0, 0.0) + 0.0 * -1.0; }
int to_int(double x) { return int(x * 100); }
void show(const char *tier) { \
  printf("%s %a %a %a %a %La %a %a %a %a %d\n", tier, constants(), values(), \
         sum(10000), sumf(10000), suml(1000), horner(0.99), dot(a, b, 100), \
         small(), odd(), to_int(1.15)); \
}
show("tier 0");
%reopt now *
%reopt wait 60
%reopt list
show("tier 1");
// CHECK: tier 0 0x1p-52 0x1p-52 [[BITS:.*]]
// CHECK-DAG: constants() {{ *}}tier 1
// CHECK-DAG: dot({{.*}}) {{ *}}tier 1
// CHECK: tier 1 0x1p-52 0x1p-52 [[BITS]]
// SAME: tier 0 [[BITS:.*]]
// SAME: tier 1 [[BITS]]
