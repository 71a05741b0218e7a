// %reopt help says all commands with what they take, and all options with their
// defaults: the terminal is where a user looks first.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

%reopt help
// CHECK: {{^}} %reopt help
// CHECK-NEXT: {{^}} %reopt status
// CHECK-NEXT: {{^}} %reopt list [pattern]
// CHECK-DAG: {{^}} %reopt on
// CHECK-DAG: {{^}} %reopt off
// CHECK-DAG: {{^}} %reopt threshold N
// CHECK-DAG: {{^}} %reopt now f
// CHECK-DAG: {{^}} %reopt why f
// CHECK-DAG: {{^}} %reopt wait [seconds]
// CHECK-DAG: {{^}} %reopt speculate [on|off|N%|now]
// CHECK: -fplugin-arg-reopt-<name>=<value>{{.*}}REOPT_OPTIONS
// CHECK-DAG: {{^}} tiering 1 on|off
// CHECK-DAG: {{^}} threshold 200 calls
// CHECK-DAG: {{^}} batch-window {{[0-9]+}} ms
