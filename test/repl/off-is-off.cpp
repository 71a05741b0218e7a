// With tiering off from the start, a session prints what stock clang-repl
// prints, errors included.
//
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-tiering=off >%t.ours \
// RUN:   2>%t.ours.err
// RUN: cat %s | %clang_repl >%t.stock 2>%t.stock.err
// RUN: diff %t.stock %t.ours
// RUN: diff %t.stock.err %t.ours.err

extern "C" int printf(const char *, ...);
int f(int x) { return x + 1; }
int s = 0;
for (int i = 0; i < 1000; ++i) s += f(i);
s
struct A { virtual int m() { return 3; } virtual ~A() {} };
A *a = new A;
a->m()
auto square = [](int x) { return x * x; };
square(4)
int broken = "text";
%undo
square(5)
