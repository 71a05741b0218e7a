// What was compiled while the session waited can be undone like anything else,
// and what had it inside is compiled anew with what takes its place. What
// mentions the undefined is tried again when it is defined.
//
// RUN: cat %s | %reopt_repl 2>&1 | FileCheck %s

extern "C" int printf(const char *, ...);
int callee(int x);
int caller(int x) { return callee(x) + 1; }
%reopt speculate now
%reopt why caller
int callee(int x) { return x * 10; }
%reopt speculate now
%reopt list *
printf("first %d\n", caller(1));
%undo
%undo
%reopt list *
caller(1);
int callee(int x) { return x * 20; }
%reopt speculate now
%reopt why caller
printf("second %d\n", caller(1));
%quit

// CHECK: stage lazy, version 0
// CHECK: reason not called yet, so not compiled yet: while the program waited, {{.*}}callee
// CHECK-DAG: caller(int) tier 1
// CHECK-DAG: callee(int) tier 1
// CHECK: first 11
// CHECK: caller(int) lazy {{.*}}a definition that it had inlined was taken back
// CHECK-NOT: callee(int) tier
// CHECK: undefined: callee(int)
// CHECK: stage tier 1
// CHECK: reason compiled at -O3 while the session waited
// CHECK: second 21
