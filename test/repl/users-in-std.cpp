// What the user writes in namespace std is his own: it is listed and keeps its
// frame, and noinline is what it says.
//
// RUN: cat %s | %reopt_repl 2>&1 | FileCheck %s

#include <functional>
extern "C" int printf(const char *, ...);
struct Foo { int x; };
template <> struct std::hash<Foo> { size_t operator()(const Foo &f) const { return f.x * 2; } };
template <class T> struct Box { T x; };
template <class T> struct std::hash<Box<T>> { __attribute__((noinline)) void *operator()(const Box<T> &) const { return __builtin_return_address(0); } };
__attribute__((noinline)) void *where() { return __builtin_return_address(0); }
size_t two() { return std::hash<Foo>()(Foo{21}); }
bool far() { char *a = (char *)std::hash<Box<int>>()(Box<int>()); char *b = (char *)where(); return b > a && b - a < 200; }
printf("%d %d\n", (int)two(), far());
// CHECK: {{^}}42 1
%reopt list *hash*
// CHECK: std::hash<Foo>::operator()(Foo const&) const tier 0
