// A lambda goes by the name of the variable that it was put into.
//
// RUN: cat %s | %reopt_repl 2>&1 | FileCheck %s

auto lm = [](int x) { return x + 1; };
auto gen = [](auto x) { return x + x; };
for (int i = 0; i < 1000; ++i) { lm(i); gen(i); gen(i * 0.5); }
%reopt wait 60
%reopt why lm
%reopt why lm(int)
%reopt why gen<double>
%reopt why gen
%reopt list lm
%undo
%undo
%undo
auto lm = [](char x) { return x; };
lm('a');
%reopt why lm
// CHECK: {{^}}lm(int)
// CHECK-NEXT: stage    tier 1
// CHECK: {{^}}lm(int)
// CHECK: {{^}}gen<double>(
// CHECK-NEXT: stage    tier 1
// CHECK: 'gen' may be any of 2 functions:
// CHECK: {{^}}lm(int) {{.*}}tier 1
// CHECK: {{^}}lm(char)
// CHECK-NEXT: stage    tier 0
