// Functions of a large input have no code before something uses them, and are
// what they would be otherwise.
//
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-large-input=2 2>&1 | FileCheck %s
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-large-input=1000 2>&1 \
// RUN:   | FileCheck --check-prefixes=CHECK-ANSWERS %s
extern "C" int printf(const char *, ...);
int a0() { return 0; } int a1() { return 1; } int a2() { return a1() + 1; } int a3(int n) { return n ? a3(n - 1) + 1 : 3; } struct S { int m(); static int sm(); int q; }; int S::m() { return q + a2(); } int S::sm() { return 77; } int over(int) { return 1; } int over(double) { return 2; } extern "C" int cfun() { return 99; } static int hidden() { return 5; } int a7() { return hidden(); } namespace N { int f() { return 8; } template <class T> T t(T x) { return x + f(); } } int a8() { return N::t(1); } int (*ptr)() = &a8; int counts() { static int n; return ++n; }

%reopt list
// CHECK: 9 functions not called yet
// CHECK-NEXT: 6 functions of large inputs that nothing uses yet (option large-input)
%reopt now S::sm
// CHECK: reopt: S::sm() is of a large input, and has no code before something uses it
%reopt why over(double)
// CHECK: reopt: over(double) is of a large input
printf("first %d %d %d\n", a2(), a3(5), ptr());
// CHECK: first 2 8 9
// CHECK-ANSWERS: first 2 8 9
S s{4};
printf("members %d %d\n", s.m(), S::sm());
// CHECK: members 6 77
// CHECK-ANSWERS: members 6 77
printf("others %d %d %d %d\n", over(1), over(1.0), cfun(), a7());
// CHECK: others 1 2 99 5
// CHECK-ANSWERS: others 1 2 99 5
%reopt list
// CHECK-NOT: large inputs

// A static variable is its function's, not its first caller's.
printf("counted %d\n", counts());
%undo
printf("counted %d\n", counts());
// CHECK: counted 1
// CHECK: counted 2
// CHECK-ANSWERS: counted 1
// CHECK-ANSWERS: counted 2

// What used it first is undone; then it is used again.
int u0() { return 0; } int u1() { return 1; } int u2() { return 2; } int u3() { return u2() * 10; }
printf("before %d\n", u3());
%undo
printf("after %d\n", u3() + 1);
%undo
%undo
int u3() { return 333; }
printf("anew %d\n", u3());
// CHECK: before 20
// CHECK: after 21
// CHECK: anew 333
// CHECK-ANSWERS: before 20
// CHECK-ANSWERS: after 21
// CHECK-ANSWERS: anew 333

// It is used by an input that fails, and by one that does not.
int c0() { return 0; } int c1() { return 1; } int c2() { return 2; } int c3() { return c2() * 10; }
int fails = c3() + undeclared;
printf("used %d\n", c3());
// CHECK: used 20
// CHECK-ANSWERS: used 20

// The input itself fails: what it defined is not there, and may be defined.
int b0() { return 0; } int b1() { return 1; } int b2() { return 2; } int b3() { return b2() * 10; } int bad = undeclared;
int b3() { return 444; }
printf("defined %d\n", b3());
// CHECK: defined 444

// Beside assembly, all have code at once.
int d0() { return 0; } int d1() { return 1; } int d2() { return 2; } asm("five: movl $5, %eax\nret\n"); extern "C" int five(); int six() { return five() + 1; }
%reopt list
// CHECK-NOT: large inputs
printf("assembly %d\n", six() + d2());
// CHECK: assembly 8
// CHECK-ANSWERS: assembly 8

// An alias, a virtual function, mutual recursion.
int e0() { return 0; } int e1() { return 1; } int e2() { return 7; } extern "C" int alias() __attribute__((alias("_Z2e2v"))); struct K { virtual int key(); int plain(); }; int K::key() { return 1; } int K::plain() { return key() + 10; } int even(int n); int odd(int n) { return n ? even(n - 1) : 0; } int even(int n) { return n ? odd(n - 1) : 1; }
printf("shapes %d %d %d\n", alias(), K().plain(), even(10));
// CHECK: shapes 7 11 1
// CHECK-ANSWERS: shapes 7 11 1

// Code of an earlier input calls it, for which it was declared.
int helper(int); int calls() { return helper(1); } struct W { int h(); }; int callsMember(W &w) { return w.h(); }
int f0() { return 0; } int f1() { return 1; } int helper(int x) { return x + 1; } int W::h() { return 2; }
W w; printf("declared %d %d\n", calls(), callsMember(w));
// CHECK: declared 2 2
// CHECK-ANSWERS: declared 2 2

// What it counts in is not its first user's, though it is not its own either.
int g0() { return 0; } int g1() { return 1; } static int local = 0; int bump() { return ++local; } inline int shared = 0; int bumpShared() { return ++shared; } template <class T> int count() { static int n; return ++n; } int bumpInstance() { return count<int>(); }
printf("state %d %d %d\n", bump(), bumpShared(), bumpInstance());
%undo
printf("state %d %d %d\n", bump(), bumpShared(), bumpInstance());
// CHECK: state 1 1 1
// CHECK: state 2 2 2
// CHECK-ANSWERS: state 1 1 1
// CHECK-ANSWERS: state 2 2 2

// What uses it first cannot be linked.
int h0() { return 0; } int h1() { return 1; } int nine() { return 9; }
extern int nowhere; int fails2 = nowhere + nine();
%undo
printf("linked %d\n", nine());
// CHECK: linked 9
// CHECK-ANSWERS: linked 9
