// %reopt now holds for a function that waits already, to be inlined into its
// caller: it gets code of its own, as asked for.
//
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-batch-window=500 \
// RUN:   | FileCheck %s

int leaf(int x) { return x + 1; }
int loop(int n) { \
  int s = 0; \
  for (int i = 0; i < n; ++i) s += leaf(i); \
  return s; \
}
loop(1000);
%reopt now leaf
%reopt wait 60
%reopt why leaf
// CHECK: leaf(int)
// CHECK-NEXT: stage tier 1
// CHECK: reason asked for: compiled at -O3
