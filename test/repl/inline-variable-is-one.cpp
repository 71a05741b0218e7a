// An inline variable, a static member and a constant exist once, whichever
// input or tier mentions them, and are initialised once.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int inits = 0;
inline int made = ++inits;
struct S { \
  static inline int member = ++inits; \
  static constexpr int table[] = {1, 2, 3}; \
};
int *where() { return &made; }
const int *constant(int i) { return &S::table[i]; }
int bump() { ++made; return ++S::member; }
for (int i = 0; i < 1000; ++i) { bump(); where(); constant(i % 3); }
const int *first = constant(2);
%reopt wait 60
%reopt now *
%reopt wait 60
%reopt list
// CHECK-DAG: bump() {{ *}}tier 1
// CHECK-DAG: where() {{ *}}tier 1
// CHECK-DAG: constant(int) {{ *}}tier 1
bump();
printf("%d %d %d\n", made, S::member, inits);
// CHECK: {{^}}1002 1003 2
printf("same %d %d\n", where() == &made, \
       constant(2) == first && first == &S::table[2]);
// CHECK-NEXT: same 1 1
