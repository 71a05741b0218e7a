// An object of an unnamed namespace, a static one, and the type of each, are
// one for the session: state is shared by all inputs and tiers, constructors
// run once, and a cast finds the type again.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <cstdio>
#include <typeinfo>
int made = 0;
namespace { \
struct Base { \
  virtual int get() { return n; } \
  int n = 0; \
  Base() { ++made; } \
}; \
struct Derived : Base { \
  int get() override { return -n; } \
}; \
}
namespace { Derived object; int counter = 0; }
static Derived other;
int use() { object.n = ++counter; return object.get(); }
Base &look() { return object; }
const std::type_info &type() { return typeid(Derived); }
for (int i = 0; i < 1000; ++i) { use(); look(); type(); }
const std::type_info *first = &type();
%reopt wait 60
%reopt now *
%reopt wait 60
%reopt list
// CHECK-DAG: use() {{ *}}tier 1
// CHECK-DAG: look() {{ *}}tier 1
// CHECK-DAG: type() {{ *}}tier 1
printf("%d %d %d %d\n", use(), object.n, counter, made);
// CHECK: {{^}}-1001 1001 1001 2
printf("%d %d %d\n", &look() == &object, \
       dynamic_cast<Derived *>(&look()) == &object, \
       look().get() == object.get());
// CHECK-NEXT: {{^}}1 1 1
printf("%d %d\n", *first == typeid(Derived), *first == typeid(object));
// CHECK-NEXT: {{^}}1 1
