// A lambda written into a call of std::sort at the prompt: the usual way to
// write C++. It is tiered with the instances of std::sort that it makes.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <algorithm>
#include <cstdio>
#include <vector>
std::vector<int> v;
for (int i = 0; i < 5000; ++i) v.push_back(i * 7919 % 5003);
std::sort(v.begin(), v.end(), [](int a, int b) { return a > b; });
%reopt wait 60
printf("%d %d\n", v[0], v[4999]);
std::sort(v.begin(), v.end(), [](int a, int b) { return a < b; });
%reopt wait 60
printf("%d %d\n", v[0], v[4999]);
%reopt list
// CHECK: {{^}}5002 {{[0-9]+}}
// CHECK-NEXT: {{^[0-9]+}} 5002
// CHECK-NOT: refused
// CHECK: not called yet
