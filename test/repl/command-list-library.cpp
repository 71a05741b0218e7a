// A listing shows the user's own functions, and says how many of the standard
// library there are.
//
// RUN: cat %s | %reopt_repl 2>&1 | FileCheck %s

#include <algorithm>
#include <vector>
std::vector<int> v;
int fill() { v.clear(); for (int i = 0; i < 100; ++i) v.push_back(i * 7 % 13); std::sort(v.begin(), v.end()); return v[0]; }
for (int i = 0; i < 300; ++i) fill();
%reopt wait 60
%reopt list
// CHECK: function
// CHECK-NOT: std::
// CHECK: {{^}}fill()
// CHECK-NOT: push_back
// CHECK: {{^[0-9]+}} functions of the standard library (%reopt list std:: shows them)
%reopt list std::
// CHECK: std::vector<int{{.*}}push_back
