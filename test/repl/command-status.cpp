// %reopt status, or %reopt alone, shows at a glance whether tiering is on, what
// counts as hot, how many functions are where, and what the worker does.
//
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-threshold=100 \
// RUN:   | FileCheck %s

%reopt
// CHECK: {{^}}tiering on; hot after 100 calls or 2000 loop iterations
// CHECK-NEXT: {{^}}functions 0 not called yet, 0 in tier 0 (-O0), 0 in tier 1 (-O3), 0 refused
// CHECK-NEXT: {{^}}queue 0 waiting, 0 being compiled
// CHECK-NEXT: {{^}}worker {{.*}}0 compiles
int lazy(int x) { return x; }
int cold(int x) { return x; }
int hot(int x) { return x; }
cold(1);
for (int i = 0; i < 1000; ++i) hot(i);
%reopt wait 60
%reopt status
// CHECK: {{^}}tiering on
// CHECK-NEXT: {{^}}functions 1 not called yet, 1 in tier 0 (-O0), 1 in tier 1 (-O3), 0 refused
// CHECK-NEXT: {{^}}queue 0 waiting, 0 being compiled
// CHECK-NEXT: {{^}}worker idle; 1 compile in {{.*}} ms, 0 failed
