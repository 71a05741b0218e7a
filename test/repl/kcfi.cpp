// Functions that a check of indirect calls marks in front of their entry keep
// their code there.
//
// RUN: cat %s | %reopt_repl --Xcc=-fsanitize=kcfi 2>&1 | FileCheck %s
// RUN: cat %s | %clang_repl --Xcc=-fsanitize=kcfi 2>&1 | FileCheck %s

extern "C" int printf(const char *, ...);
int f(int x) { return x + 1; }
int (*p)(int) = f;
printf("%d\n", p(3));
// CHECK: {{^}}4
int call(int (*q)(int), int x) { return q(x); }
for (int i = 0; i < 3000; ++i) call(f, i);
printf("%d\n", call(f, 41));
// CHECK: {{^}}42
