// What has internal linkage is tiered like everything else: static functions
// and those of an unnamed namespace, which clang gives to each input anew.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
static int hidden(int x) { return x + 1; }
namespace { int unnamed(int x) { return x + 2; } }
namespace ns { namespace { int inner(int x) { return x + 3; } } }
static inline int both(int x) { return x + 4; }
int s = 0;
for (int i = 0; i < 1000; ++i) s += hidden(i) + unnamed(i);
for (int i = 0; i < 1000; ++i) s += ns::inner(i) + both(i);
%reopt wait 60
%reopt list
// CHECK-DAG: {{^}}hidden(int) {{ *}}tier 1
// CHECK-DAG: {{^}}(anonymous namespace)::unnamed(int) {{ *}}tier 1
// CHECK-DAG: {{^}}ns::(anonymous namespace)::inner(int) {{ *}}tier 1
// CHECK-DAG: {{^}}both(int) {{ *}}tier 1
printf("%d %d %d %d %d\n", s, hidden(1), unnamed(1), ns::inner(1), both(1));
// CHECK: {{^}}2008000 2 3 4 5
