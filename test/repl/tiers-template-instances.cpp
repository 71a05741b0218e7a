// Instances of templates are functions of their own: each is tiered, and a
// static member exists once for each instance, whichever input asks for it.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
template <class T> T add(T a, T b) { return a + b; }
template <class T> struct Box { \
  static int made; \
  T value; \
  Box(T v) : value(v) { ++made; } \
  template <class U> U as() const { return U(value); } \
};
template <class T> int Box<T>::made = 0;
int s = 0;
for (int i = 0; i < 1000; ++i) s += add(i, 1) + add(i * 0.5, 0.5);
for (int i = 0; i < 1000; ++i) \
  s += Box<int>(i).as<long>() - Box<double>(i).as<int>();
%reopt wait 60
%reopt list
// CHECK-DAG: int add<int>(int, int) {{ *}}tier 1
// CHECK-DAG: double add<double>(double, double) {{ *}}tier 1
// CHECK-DAG: long Box<int>::as<long>() const {{ *}}tier 1
// CHECK-DAG: int Box<double>::as<int>() const {{ *}}tier 1
Box<int> more(1);
printf("%d %d %d\n", Box<int>::made, Box<double>::made, Box<char>::made);
// CHECK: {{^}}1001 1000 0
printf("%d %g\n", add(40, 2), add(0.25, 0.25));
// CHECK-NEXT: {{^}}42 0.5
