// Functions of libraries are not compiled for their own sake: only what a
// function of the user's calls, and is not inlined there. A header of the user's
// is the user's.
//
// RUN: rm -rf %t.dir && mkdir %t.dir
// RUN: echo 'inline int mine(int x) { return x + 40; }' >%t.dir/mine.h
// RUN: cat %s | %reopt_repl --Xcc=-I%t.dir | FileCheck %s

#include <algorithm>
#include <cstdio>
#include <vector>
#include "mine.h"
std::vector<int> v{3, 1, 2};
std::sort(v.begin(), v.end());
printf("%d\n", mine(v.back()));
// CHECK: {{^}}43
%reopt speculate now
%reopt list std::
// CHECK-NOT: tier 1
%reopt list mine
// CHECK: mine(int) tier 1
std::vector<int> sorted(std::vector<int> w) { std::sort(w.begin(), w.end()); return w; }
%reopt speculate now
%reopt list std::
// CHECK: __introsort_loop{{.*}}tier 1{{.*}}while the session waited
printf("%d\n", sorted(v).front());
// CHECK: {{^}}1
