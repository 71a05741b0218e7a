// A class with hot members, virtual ones too, is undone and declared anew under
// its name: no code of the old one runs for objects of the new one.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
struct S { virtual int m(int x) { return x + 1; } int p(int x) { return x; } };
S *s = new S;
for (int i = 0; i < 1000; ++i) s->p(s->m(i));
%reopt wait 60
%reopt list S
%undo
%undo
%undo
%reopt list S
struct S { \
  virtual int m(int x) { return x + 2; } \
  int p(int x) { return 2 * x; } \
};
S *s = new S;
for (int i = 0; i < 1000; ++i) s->p(s->m(i));
%reopt wait 60
%reopt list S
printf("%d %d\n", s->m(1), s->p(1));
%quit

// CHECK-DAG: S::m(int) {{ *}}tier 1
// CHECK-DAG: S::p(int) {{ *}}tier 1
// CHECK: no function matches
// CHECK-DAG: S::m(int) {{ *}}tier 1
// CHECK-DAG: S::p(int) {{ *}}tier 1
// CHECK: {{^}}3 2
