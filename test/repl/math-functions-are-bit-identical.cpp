// Functions of the mathematics library give the same bits in both tiers: at -O3
// clang knows them, and would compute pow(x, 2) as x * x.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <cmath>
#include <cstdio>
#include <cstring>
double power2(double x) { return std::pow(x, 2.0); }
double power3(double x) { return std::pow(x, 3.0); }
double root(double x) { return std::pow(x, 0.5); }
double ten(double x) { return std::pow(10.0, x); }
double both(double x) { return std::sin(x) * std::cos(x); }
double inverse(double x) { return std::exp(std::log(x)); }
double rest(double x) { return std::fmod(x, 0.3); }
double narrow(double x) { \
  return std::sin((float)x) + std::pow((float)x, 2.0f); \
}
double known(double x) { \
  return std::sin(0.7) + std::pow(10.0, 0.3) + std::exp(0.4) + std::log(3.3) + \
         std::tan(1.3) + x; \
}
using Fn = double (*)(double);
unsigned long bits(Fn f) { \
  unsigned long h = 0; \
  for (int i = 1; i < 50000; ++i) { \
    double r = f(i * 0.00037 + 0.00000001 * i * i); \
    unsigned long u; \
    memcpy(&u, &r, 8); \
    h = h * 31 + u; \
  } \
  return h; \
}
Fn all[] = {power2, power3, root, ten, both, inverse, rest, narrow, known};
void show() { for (Fn f : all) printf(" %lx", bits(f)); printf("\n"); }
%reopt off
printf("tier 0"); show();
%reopt on
%reopt now *
%reopt wait 60
%reopt list (double)
printf("tier 1"); show();
// CHECK: tier 0 [[BITS:.*]]
// CHECK-DAG: power2(double) {{ *}}tier 1
// CHECK-DAG: known(double) {{ *}}tier 1
// CHECK: tier 1 [[BITS]]
