// A class or an enumeration that a statement at the prompt declares lies in a
// context that clang's mangler cannot name: it reads past the end of an object.
// Stock clang-repl mostly gets away with it, and dies where types of memory
// accesses are named, as a running loop's were. Each statement's are in a
// namespace of their own now, so that two may have one name.
//
// RUN: cat %s | %reopt_repl --Xcc=-I%S/../Inputs | FileCheck %s

extern "C" int printf(const char *, ...);
#include "moved.h"
unsigned s = 0;
while (!moved()) for (int k = 0; k < 100; ++k) { struct { int a, b; } v; v.b = k; s += v.b; }
printf("unnamed %d\n", s % 4950);
// CHECK: unnamed 0
s = 0; first = nullptr;
while (!moved()) for (int k = 0; k < 100; ++k) { struct M { int q; M *next; }; M m{k, &m}; s += m.next->next->q; }
printf("named %d\n", s % 4950);
// CHECK: named 0
s = 0; first = nullptr;
while (!moved()) for (int k = 0; k < 100; ++k) { typedef struct { int a, b; } T; T v[2] = {{k, 1}, {k, 2}}; auto [x, y] = v[k & 1]; s += x + y - 1 - (k & 1); }
printf("bound %d\n", s % 4950);
// CHECK: bound 0
s = 0; first = nullptr;
while (!moved()) for (int k = 0; k < 100; ++k) { enum E { X, Y }; enum class F : char { P, Q }; E e = k & 1 ? Y : X, *p = &e; F f = F::Q, *q = &f; s += *p == Y && *q == F::Q; }
printf("enumerated %d\n", s % 50);
// CHECK: enumerated 0

{ struct L { int a; int f() { return a + 1; } } l{1}; printf("first %d\n", l.f()); }
{ struct L { int a; int f() { return a + 100; } } l{1}; printf("second %d\n", l.f()); }
{ struct { int a; int f() { return a + 1000; } } l{1}; printf("third %d\n", l.f()); }
// CHECK: first 2
// CHECK: second 101
// CHECK: third 1001
// Named while the statement is parsed: instances of templates.
template <class T> auto get(T t) { return t.v; }
{ struct L { int v; }; auto g = [](auto x) { return x.v + 1; }; printf("instance %d %d\n", g(L{1}), get(L{2})); }
{ struct L { long w, v; }; auto g = [](auto x) { return x.v + 10; }; printf("other instance %ld %ld\n", g(L{0, 1}), get(L{0, 3})); }
// CHECK: instance 2 2
// CHECK: other instance 11 3
{ struct L { int v; } l{5}; { struct L { int u; } l{6}; printf("hidden %d\n", l.u); } printf("shown %d\n", l.v); }
// CHECK: hidden 6
// CHECK: shown 5
{ struct V { virtual ~V() { printf("gone\n"); } virtual int g() { return 3; } }; V v; V *p = &v; printf("virtual %d\n", p->g()); }
// CHECK: virtual 3
// CHECK: gone
