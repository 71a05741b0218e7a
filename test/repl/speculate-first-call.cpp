// While the session waits, functions that nobody has called are compiled at -O3:
// free ones, members, virtual and recursive ones, instances of the user's
// templates, lambdas, and what has a static. Their first calls run that.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int half(int x) { return x / 2; }
struct Shape { virtual int area() const = 0; };
struct Square : Shape { int a = 3; int area() const override { return a * a; } };
long total(const Shape &s, int n) { long t = 0; for (int i = 0; i < n; ++i) t += half(s.area()); return t; }
static int next() { static int n; return ++n; }
int after() { return next(); }
int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
template <class T> T twice(T x) { return x + x; }
int four() { return twice(2); }
auto plusOne = [](int x) { return x + 1; };
namespace { int hidden(int x) { return x * 3; } }
int shown(int x) { return hidden(x) + plusOne(x); }
Square sq;
%reopt speculate now
%reopt list *
// CHECK-DAG: half(int) tier 1 1 0+ {{.*}}ms compiled at -O3 while the session waited
// CHECK-DAG: Square::area() const tier 1 1 0+
// CHECK-DAG: total(Shape const&, int) tier 1 1 0+
// CHECK-DAG: next() tier 1 1 0+
// CHECK-DAG: fib(int) tier 1 1 0+
// CHECK-DAG: twice<int>(int) tier 1 1 0+
// CHECK-DAG: four() tier 1 1 0+
// CHECK-DAG: plusOne(int) tier 1 1 0+
// CHECK-DAG: (anonymous namespace)::hidden(int) tier 1 1 0+
%reopt why fib
// CHECK: fib(int)
// CHECK-NEXT: stage tier 1, version 1
// CHECK-NEXT: heat 0 calls of 200
// CHECK-NEXT: reason compiled at -O3 while the session waited
printf("%ld %d %d %d %d\n", total(sq, 10), fib(10), four(), shown(5), next());
// CHECK: {{^}}40 55 4 21 1
printf("%d %d\n", next(), &half == (int (*)(int))half);
// CHECK: {{^}}2 1
int called(int x) { return x + 7; }
called(1);
%reopt list called
// CHECK: called(int) tier 0
%reopt speculate now
%reopt list called
// CHECK: called(int) tier 1 1 1+ {{.*}}while the session waited
