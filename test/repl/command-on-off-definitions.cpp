// What is defined while tiering is off is compiled as stock does, for good; it
// is listed and says so, so that nobody wonders why it stays slow. What was
// defined before is tiered once tiering is on again.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int before(int x) { return x + 1; }
%reopt off
int during(int x) { return before(x) + 2; }
printf("%d\n", during(1));
// CHECK: {{^}}4
%reopt on
for (int i = 0; i < 1000; ++i) before(during(i));
%reopt wait 60
%reopt why before
// CHECK: stage tier 1
%reopt why during
// CHECK: {{^}}during(int)
// CHECK: reason defined while tiering was off
printf("%d\n", during(1));
// CHECK: {{^}}4
