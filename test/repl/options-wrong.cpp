// A wrong option gets one line with the valid ones, or with its range; the
// session goes on with the default, and what else was given holds.
//
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-bogus=1 \
// RUN:   --Xcc=-fplugin-arg-reopt-loop-factor=2 2>%t.err | FileCheck %s
// RUN: FileCheck --check-prefix=NAME %s <%t.err
// RUN: cat %s | REOPT_OPTIONS="loop-factor=2 bogus=1" %reopt_repl 2>%t.err \
// RUN:   | FileCheck %s
// RUN: FileCheck --check-prefix=NAME %s <%t.err
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-threshold=soon \
// RUN:   --Xcc=-fplugin-arg-reopt-loop-factor=2 2>%t.err | FileCheck %s
// RUN: FileCheck --check-prefix=VALUE %s <%t.err
// RUN: cat %s | REOPT_OPTIONS="loop-factor=2 threshold=-5" %reopt_repl \
// RUN:   2>%t.err | FileCheck %s
// RUN: FileCheck --check-prefix=RANGE %s <%t.err

%reopt status
// CHECK: tiering on; hot after 200 calls or 400 loop iterations
// NAME: {{^}}reopt: no option 'bogus'; valid are tiering, threshold, loop-factor,{{.*}}
// NAME-NOT: {{.}}
// VALUE: {{^}}reopt: option threshold takes a number of calls from 0 to 1000000000, not 'soon'
// VALUE-NOT: {{.}}
// RANGE: {{^}}reopt: option threshold takes a number of calls from 0 to 1000000000, not '-5'
// RANGE-NOT: {{.}}
