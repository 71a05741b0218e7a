// A loop that cannot be continued says why, and runs to its end as it is.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int array(int n) { \
  int a[n]; \
  for (int i = 0; i < n; ++i) a[i] = i; \
  return a[n - 1]; \
}
printf("array %d\n", array(10000));
%reopt wait 60
%reopt why array
// CHECK: array 9999
// CHECK: {{^}}array(int)
// CHECK: loops {{ *}}1 of {{[0-9]}} cannot go on while they run: the loop holds memory of alloca()
// CHECK-NOT: went on
