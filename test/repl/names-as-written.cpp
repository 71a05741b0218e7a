// A function is found by the name that a user would write: with or without its
// scope, its parameters, its template arguments; with the words of the language
// in their usual order.
//
// RUN: cat %s | %reopt_repl 2>&1 | FileCheck %s

#include <string>
void text(const char *p) {}
void words(const std::string &s) {}
void word(unsigned x) {}
void none() {}
void call(void *p, int (*f)(int)) {}
struct C { int m() const { return 1; } };
template <class A> struct T { \
  A go(A a) { return a; } \
  template <class B> B two(B b) { return b; } \
};
namespace a { \
inline namespace v1 { \
void in() {} \
} \
namespace { \
void hid() {} \
} \
namespace b { \
void deep() {} \
} \
}
T<int> t;
t.go(1); t.two(2.5); C().m(); a::hid();
// CHECK-NOT: no function
%reopt why text(const char *)
// CHECK: text(char const*)
%reopt why text(char const*)
// CHECK: text(char const*)
%reopt why words(const std::string &)
// CHECK: words(std::{{.*}}string{{.*}} const&)
%reopt why word(unsigned)
// CHECK: word(unsigned int)
%reopt why none()
// CHECK: none()
%reopt why none(void)
// CHECK: none()
%reopt why ::none
// CHECK: none()
%reopt why call(void*, int(*)(int))
// CHECK: call(void*, int (*)(int))
%reopt why C::m() const
// CHECK: C::m() const
%reopt why T::go
// CHECK: T<int>::go(int)
%reopt why T<int>::go
// CHECK: T<int>::go(int)
%reopt why double T<int>::two<double>(double)
// CHECK: T<int>::two<double>(double)
%reopt why T<int>::two
// CHECK: T<int>::two<double>(double)
%reopt why a::in
// CHECK: a::v1::in()
%reopt why a::hid
// CHECK: a::(anonymous namespace)::hid()
%reopt why a::(anonymous namespace)::hid()
// CHECK: a::(anonymous namespace)::hid()
%reopt why b::deep
// CHECK: a::b::deep()
