// A name that several functions have gets the list of them; the scope or the
// parameters then pick one.
//
// RUN: cat %s | %reopt_repl 2>%t.err | FileCheck %s
// RUN: FileCheck --check-prefix=ERR %s <%t.err

namespace ns { \
struct C { \
  int m(int x) { return x; } \
  int m(int x, double y) { return x + y; } \
}; \
int m(int x) { return x; } \
}
int m(int x) { return x; }
template <class T> T id(T x) { return x; }
ns::C c;
int s = c.m(1) + c.m(1, 2.0) + id(1) + id('a');
%reopt why m
// ERR: reopt: 'm' may be any of 4 functions:
// ERR-NEXT: {{^}} ns::m(int)
// ERR-NEXT: {{^}} m(int)
// ERR-DAG: {{^}} ns::C::m(int)
// ERR-DAG: {{^}} ns::C::m(int, double)
%reopt now ns::C::m
// ERR: reopt: 'ns::C::m' may be any of 2 functions:
// ERR-DAG: {{^}} ns::C::m(int)
// ERR-DAG: {{^}} ns::C::m(int, double)
%reopt why id
// ERR: reopt: 'id' may be any of 2 functions:
// ERR-DAG: id<int>(int)
// ERR-DAG: id<char>(char)
// ERR-NOT: {{.}}
%reopt why ns::C::m(int, double)
// CHECK: {{^}}ns::C::m(int, double)
%reopt why ns::C::m(int,double)
// CHECK: {{^}}ns::C::m(int, double)
%reopt why C::m(int)
// CHECK: {{^}}ns::C::m(int)
%reopt why ns::m
// CHECK: {{^}}ns::m(int)
%reopt why ::m
// CHECK: {{^}}m(int)
%reopt why id<char>
// CHECK: id<char>(char)
