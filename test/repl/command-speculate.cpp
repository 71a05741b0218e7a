// %reopt speculate says what is set and what was done. on, off and a percentage
// set it, and now does all of it. A wrong word gets one line that says what is
// valid, and changes nothing.
//
// RUN: cat %s | %reopt_repl 2>%t.err | FileCheck %s
// RUN: FileCheck --check-prefix=ERR --match-full-lines %s <%t.err
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-speculate=0 2>&1 \
// RUN:   | FileCheck --check-prefix=OFF %s

extern "C" int printf(const char *, ...);
int f(int x) { return x; }
%reopt speculate
// CHECK: {{^}}speculate on, in 100% of the time that the session waits
// CHECK-NEXT: functions 0 compiled, 0 waiting
// CHECK-NEXT: worker 0 compiles in 0.0 ms, 0 failed
// OFF: {{^}}speculate off
%reopt speculate off
%reopt speculate
// CHECK: {{^}}speculate off
%reopt speculate 25%
%reopt speculate
// CHECK: {{^}}speculate on, in 25% of
%reopt speculate on
%reopt speculate
// CHECK: {{^}}speculate on, in 100% of
%reopt speculate 101%
// ERR: reopt: speculate takes on, off, now or a percentage from 0% to 100%, not '101%'
%reopt speculate 50
// ERR-NEXT: reopt: speculate takes on, off, now or a percentage from 0% to 100%, not '50'
%reopt speculate much
// ERR-NEXT: reopt: speculate takes on, off, now or a percentage from 0% to 100%, not 'much'
// ERR-NOT: {{.}}
%reopt off
%reopt speculate
// CHECK: {{^}}speculate off, since tiering is
%reopt speculate now
%reopt speculate
// CHECK: functions 0 compiled, 0 waiting
%reopt on
%reopt speculate now
%reopt speculate
// CHECK: functions 1 compiled, 0 waiting
// CHECK-NEXT: worker 1 compile in {{[0-9.]+}} ms, 0 failed
%reopt status
// CHECK: worker idle; 0 compiles in 0.0 ms
