// Lambdas in statements of several inputs: stock clang-repl takes them, so the
// session must, and each of them is its own function.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
template <class F> void fill(F f) { for (int i = 0; i < 1000; ++i) f(i); }
int a[1000];
fill([](int i) { a[i] = 2 * i; });
fill([](int i) { a[i] += 1; });
fill([](int i) { a[i] *= 3; });
%reopt wait 60
fill([](int i) { a[i] -= 1; });
fill([](int i) { a[i] += i; });
%reopt wait 60
printf("answers %d %d\n", a[0], a[999]);
// CHECK: answers 2 6995
