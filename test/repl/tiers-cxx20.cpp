// Options for clang hold for the second emission too: in a C++20 session,
// constrained templates, defaulted comparisons and template lambdas are tiered.
//
// RUN: cat %s | %reopt_repl --Xcc=-std=c++20 | FileCheck %s

#include <compare>
#include <concepts>
#include <cstdio>
template <std::integral T> T twice(T x) { return x + x; }
struct Q { int a; auto operator<=>(const Q &) const = default; };
consteval int three() { return 3; }
int less(int i) { return Q{i} < Q{500} ? three() : 0; }
int s = 0;
for (int i = 0; i < 1000; ++i) s += twice(i) + less(i);
%reopt wait 60
%reopt list
// CHECK-DAG: int twice<int>(int) {{ *}}tier 1
// CHECK-DAG: less(int) {{ *}}tier 1
printf("%d %d %d %d\n", s, twice(21), less(499), less(500));
// CHECK: {{^}}1000500 42 3 0
