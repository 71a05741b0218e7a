// Constructors and destructors have several symbols for one declaration. They
// are tiered, every object is destroyed exactly once, and a base's part is
// neither left out nor done twice.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int made = 0, gone = 0, bases = 0;
struct Base { Base() { ++bases; } virtual ~Base() { --bases; } };
struct Thing : virtual Base { \
  int n; \
  Thing(int n) : n(n) { ++made; } \
  Thing(const Thing &o) : Base(), n(o.n) { ++made; } \
  ~Thing() { ++gone; } \
};
struct Derived : Thing { Derived(int n) : Base(), Thing(n) {} };
Thing pass(Thing t) { t.n++; return t; }
int s = 0;
for (int i = 0; i < 1000; ++i) { s += pass(Thing(i)).n; delete new Derived(i); }
%reopt wait 60
%reopt list
// CHECK-DAG: {{^}}pass(Thing) {{ *}}tier 1
// CHECK-DAG: {{^}}Derived::Derived(int) {{ *}}tier 1
// CHECK-DAG: {{^}}Thing::~Thing() {{ *}}tier 1
for (int i = 0; i < 1000; ++i) { s += pass(Thing(i)).n; delete new Derived(i); }
printf("sum %d, made %d, left %d, bases %d\n", s, made, made - gone, bases);
// CHECK: sum 1001000, made 6000, left 0, bases 0
