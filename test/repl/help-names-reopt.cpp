// %help lists our word among the session's own, so that it can be found.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

%help
// CHECK-DAG: {{^}}%reopt {{.*}}%reopt help
// CHECK-DAG: {{^}}%undo
// CHECK-DAG: {{^}}%quit
