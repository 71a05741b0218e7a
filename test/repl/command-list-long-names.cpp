// The instances of a template can be told apart in the listing, however long
// their names are.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

namespace a_namespace_with_a_long_name { \
template <class A, class B> struct Holder { \
  static int first() { return 1; } \
  static int second() { return 2; } \
}; \
}
int s = a_namespace_with_a_long_name::Holder<unsigned long, \
                                             unsigned char>::first();
s += a_namespace_with_a_long_name::Holder<unsigned long, \
                                          unsigned char>::second();
s += a_namespace_with_a_long_name::Holder<unsigned long, \
                                          unsigned short>::second();
%reopt list Holder
// CHECK-DAG: {{Holder<.*char>::first}}
// CHECK-DAG: {{Holder<.*char>::second}}
// CHECK-DAG: {{Holder<.*short>::second}}
