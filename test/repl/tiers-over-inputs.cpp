// A hot function calls functions of earlier inputs, one of which was only
// declared when it was written. They are compiled along with it, and its answer
// stays the same.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int leaf(int x) { return x & 7; }
int later(int x);
int loop(int n) { \
  int s = 0; \
  for (int i = 0; i < n; ++i) s += leaf(i) + later(i); \
  return s; \
}
int later(int x) { return x & 1; }
int first = loop(100000);
%reopt wait 60
%reopt why loop
// CHECK: loop(int)
// CHECK-NEXT: stage {{ *}}tier 1
%reopt list l
// CHECK-DAG: {{^}}leaf(int) {{.*}}inlined into its hot callers
// CHECK-DAG: {{^}}later(int) {{.*}}inlined into its hot callers
printf("first %d second %d\n", first, loop(100000));
// CHECK: first 400000 second 400000
