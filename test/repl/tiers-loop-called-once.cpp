// A function that is called once but loops for long is hot too: it is at -O3
// when it is called again.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int loop(int n) { int s = 0; for (int i = 0; i < n; ++i) s ^= i; return s; }
int wait(int n) { int s = 0; do s += n & 3; while (--n); return s; }
int jump(int n) { int s = 0; again: s += n & 1; if (n--) goto again; return s; }
int nest(int n) { \
  int s = 0; \
  for (int i = 0; i < n; ++i) \
    for (int j = 0; j < n; ++j) s ^= i * j; \
  return s; \
}
int first[] = {loop(100001), wait(100000), jump(100000), nest(300)};
%reopt wait 60
%reopt list
// CHECK-DAG: {{^}}loop(int) {{ *}}tier 1 {{ *[0-9]+ *}}1
// CHECK-DAG: {{^}}wait(int) {{ *}}tier 1 {{ *[0-9]+ *}}1
// CHECK-DAG: {{^}}jump(int) {{ *}}tier 1 {{ *[0-9]+ *}}1
// CHECK-DAG: {{^}}nest(int) {{ *}}tier 1 {{ *[0-9]+ *}}1
int second[] = {loop(100001), wait(100000), jump(100000), nest(300)};
printf("%d %d %d %d\n", first[0], first[1], first[2], first[3]);
printf("%d %d %d %d\n", second[0], second[1], second[2], second[3]);
// CHECK: {{^}}[[#%d,A:]] [[#%d,B:]] [[#%d,C:]] [[#%d,D:]]
// CHECK-NEXT: {{^}}[[#A]] [[#B]] [[#C]] [[#D]]
