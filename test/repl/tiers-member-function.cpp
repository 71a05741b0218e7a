// Member functions, static ones too, are tiered, and work on their object in
// either tier.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
struct Counter { \
  int n = 0; \
  int add(int by) { return n += by; } \
  int get() const { return n; } \
  static int twice(int x) { return 2 * x; } \
};
Counter c;
long sum = 0;
for (int i = 0; i < 1000; ++i) { c.add(Counter::twice(1)); sum += c.get(); }
%reopt wait 60
%reopt list Counter::
// CHECK-DAG: Counter::add(int) {{ *}}tier 1
// CHECK-DAG: Counter::get() const {{ *}}tier 1
// CHECK-DAG: Counter::twice(int) {{ *}}tier 1
for (int i = 0; i < 1000; ++i) { c.add(Counter::twice(1)); sum += c.get(); }
printf("n %d sum %ld\n", c.get(), sum);
// CHECK: n 4000 sum 4002000
