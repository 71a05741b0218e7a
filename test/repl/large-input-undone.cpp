// What a large input put off can be undone and defined anew, with another type,
// and mentioned before that; a failed attempt to define it twice leaves it as it
// is. What a function calls by default, or destroys, keeps its statics.
//
// RUN: rm -rf %t && mkdir %t
// RUN: python3 %S/Inputs/make_functions.py 60 >%t/many.h
// RUN: (cat %t/many.h && echo 'int a1(int x) { return p50(x) + 1000; } int a2(int x) { return p50(x) + 2000; }') >%t/users.h
// RUN: (echo 'inline int next() { static int n = 0; return ++n; } int more(int x = next()) { return x; }' && cat %t/many.h && echo 'int call() { return more(); }') >%t/default.h
// RUN: (echo 'struct C { ~C() { static int n = 0; gone = ++n; } static int gone; }; int C::gone;' && cat %t/many.h && echo 'void kill(C *c) { delete c; }') >%t/delete.h
// RUN: (echo 'asm(".data\nlocal_table: .long 42\n.text"); int first; int second;' && echo '#include "other.h"' && cat %t/many.h && echo 'int get() { int r; asm volatile("movl local_table(%%%%rip), %%0" : "=r"(r)); return r; }') >%t/asm.h
// RUN: echo 'typedef int other_t;' >%t/other.h
// RUN: cat %s | %reopt_repl --Xcc=-I%t 2>&1 | FileCheck %s
// RUN: cat %s | %clang_repl --Xcc=-I%t 2>&1 | FileCheck %s

extern "C" int printf(const char *, ...);
#include "many.h"
%undo
long p52(int); long q3() { return p52(1); } long p52(int x) { return x + 1000000000000; }
printf("%ld\n", q3());
%undo
%undo
#include "users.h"
int p50(int x) { return 5; }
printf("%d\n", a1(1));
printf("%d\n", a2(1));
%undo
%undo
%undo
#include "default.h"
printf("call %d\n", call());
%undo
printf("call %d\n", call());
%undo
%undo
#include "delete.h"
kill(new C); printf("gone %d\n", C::gone);
%undo
kill(new C); printf("gone %d\n", C::gone);
%undo
%undo
#include "asm.h"
printf("get %d\n", get());

// CHECK: redefinition of 'p50'
// CHECK: {{^}}1000000000001
// CHECK: {{^}}1051
// CHECK: {{^}}2051
// CHECK: call 1
// CHECK: call 2
// CHECK: gone 1
// CHECK: gone 2
// CHECK: get 42
