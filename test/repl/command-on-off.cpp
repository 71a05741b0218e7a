// %reopt off stops compiling, and says so where a function is hot; what was
// compiled runs on. %reopt on takes up what got hot meanwhile.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int early(int x) { return x + 1; }
int late(int x) { return x + 2; }
for (int i = 0; i < 1000; ++i) early(i);
%reopt wait 60
%reopt off
%reopt status
// CHECK: tiering off
for (int i = 0; i < 1000; ++i) late(early(i));
%reopt wait 60
%reopt list
// CHECK: early(int) tier 1
// CHECK-NEXT: late(int) tier 0 0 1000 - hot, but tiering is off
%reopt on
%reopt wait 60
%reopt status
// CHECK: tiering on
%reopt why late
// CHECK: stage tier 1
printf("%d %d\n", early(1), late(1));
// CHECK: {{^}}2 3
