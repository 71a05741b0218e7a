// A session that asks for -O2 has one entity of each name, too: an optimiser that
// saw one input would fold what other inputs change.
//
// RUN: cat %s | %reopt_repl --Xcc=-O2 | FileCheck %s
// RUN: cat %s | %reopt_repl --Xcc=-Os | FileCheck %s

extern "C" int printf(const char *, ...);
static int gv = 1;
int bump() { return ++gv; }
static int counted() { static int n; return ++n; }
namespace { struct R { int n = 0; } one; }
for (int i = 0; i < 300; ++i) { bump(); counted(); ++one.n; }
int rd() { return gv; }
printf("%d %d %d\n", rd(), counted(), one.n);
// CHECK: 301 301 300
%reopt now *
%reopt wait 60
printf("%d %d %d\n", rd(), counted(), one.n);
// CHECK-NEXT: 301 302 300
#ifdef __OPTIMIZE__
printf("optimising\n");
#endif
// CHECK-NEXT: optimising
%reopt list counted
// CHECK: counted() {{.*}}tier 1
