// A function that is too large for the option max-function stays in tier 0 and
// runs on; list and why say the reason, and a caller of it is tiered all the
// same.
//
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-max-function=40 \
// RUN:   | FileCheck %s

extern "C" int printf(const char *, ...);
int large(int x) { \
  int s = x; \
  for (int i = 0; i < 4; ++i) { \
    s += i * x; \
    s ^= i; \
    s -= x; \
    s *= 3; \
    s += s >> 2; \
    s ^= s << 1; \
    s += i; \
    s -= 7; \
    s ^= 5; \
    s += x * 3; \
    s ^= x; \
  } \
  return s; \
}
int small(int x) { return large(x) & 1; }
int s = 0;
for (int i = 0; i < 1000; ++i) s += small(i);
%reopt wait 60
%reopt now large
%reopt wait 60
%reopt list
// CHECK-DAG: small(int) tier 1
// CHECK-DAG: large(int) refused 0 1000 - too large to compile at -O3 (option max-function)
int t = 0;
for (int i = 0; i < 1000; ++i) t += small(i);
printf("same %d\n", s == t);
// CHECK: same 1
