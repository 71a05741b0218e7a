// A function that has run calls the new definition of its callee after the old
// one was undone. (Stock clang-repl calls what is no longer there.)
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int callee(int x);
int user(int n) { return callee(n) + 1; }
int callee(int x) { return 1; }
printf("first %d\n", user(10));
%undo
%undo
int callee(int x) { return 2; }
printf("second %d\n", user(10));
%quit

// CHECK: first 2
// CHECK-NEXT: second 3
