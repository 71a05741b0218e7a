// A string object prints as stock prints it, and values come from the -O3 code.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <string>
std::string name() { return "name"; }
double half(int x) { return x / 2.0; }
struct S { int a; };
S make(int a) { return {a}; }
%reopt now *
%reopt wait 60
%reopt list half
// CHECK: half(int) tier 1
name()
// CHECK: (std::{{.*}}string{{.*}}) @0x
half(3)
// CHECK: (double) 1.5
make(3)
// CHECK: (S) @0x
make(3).a
// CHECK: (int) 3
