// What a large input put off is there for the next input, though its first use
// was undone and an input failed since, or the input failed that used it first.
//
// RUN: rm -rf %t && mkdir %t && python3 %S/Inputs/make_functions.py 60 >%t/many.h
// RUN: cat %s | %reopt_repl --Xcc=-I%t 2>/dev/null | FileCheck %s
// RUN: cat %s | %clang_repl --Xcc=-I%t 2>/dev/null | FileCheck %s

extern "C" int printf(const char *, ...);
#include "many.h"
printf("undone %d\n", p39(5));
%undo
int bad = nope(2);
printf("again %d\n", p39(5));
int user(int x) { return p40(x); } int worse = nope(3);
printf("first %d\n", p40(5));
int other(int x) { return p41(x); } inline int more(int x) { return p42(x); } int third = more(1) + other(2); int worst = nope(3);
printf("second %d %d\n", p41(5), p42(5));

// CHECK: undone 44
// CHECK: again 44
// CHECK: first 45
// CHECK: second 46 47
