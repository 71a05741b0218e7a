// What the session has is not emitted again by inputs that mention it; when the
// input that brought it is undone, the next one brings it.
//
// RUN: cat %s | %reopt_repl 2>&1 | FileCheck %s
extern "C" int printf(const char *, ...);
template <class T> T square(T x) { return x * x; }
printf("template %d\n", square(3));
printf("template %d\n", square(4));
%undo
%undo
printf("template %d\n", square(5));
// CHECK: template 9
// CHECK: template 16
// CHECK: template 25
inline int twelve() { return 12; }
printf("inline %d\n", twelve());
printf("inline %d\n", twelve() + 1);
%undo
%undo
printf("inline %d\n", twelve() + 2);
// CHECK: inline 12
// CHECK: inline 13
// CHECK: inline 14
struct V { int n; V(int n) : n(n) {} virtual ~V() {} virtual int v() { return n; } int w() { return v() + 1; } };
struct D : V { using V::V; int v() override { return 2 * n; } };
V *v = new D(5);
printf("virtual %d\n", v->w());
printf("virtual %d\n", v->w() + V(1).w());
%undo
%undo
printf("virtual %d\n", v->w() + D(3).w());
// CHECK: virtual 11
// CHECK: virtual 13
// CHECK: virtual 18
template <class T> T &counter() { static T n; return ++n; }
printf("static %d\n", counter<int>());
printf("static %d\n", counter<int>());
// CHECK: static 1
// CHECK: static 2

// One that was emitted by an input that is undone, and mentioned by one that
// failed meanwhile.
template <class T> T cube(T x) { return x * x * x; }
int eight = cube(2);
int fails = cube(2) + undeclared;
printf("cube %d\n", cube(2) + eight);
// CHECK: cube 16
