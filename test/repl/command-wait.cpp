// %reopt wait returns at once when there is nothing to do, ends after its limit
// with a line that says what is left, and otherwise waits until all is
// compiled, so that a script needs no sleep.
//
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-batch-window=1000 \
// RUN:   2>%t.err | FileCheck %s
// RUN: FileCheck --check-prefix=ERR %s <%t.err

%reopt wait
%reopt wait 0
int f(int x) { return x; }
for (int i = 0; i < 1000; ++i) f(i);
%reopt wait 0.001
// ERR: reopt: still busy after 0.001 s{{.*}}
// ERR-NOT: {{.}}
%reopt wait
%reopt why f
// CHECK-NOT: {{.}}
// CHECK: f(int)
// CHECK-NEXT: stage tier 1
