// A C session takes a header of C, whose functions are tiered.
//
// RUN: rm -rf %t && mkdir -p %t && export XDG_CACHE_HOME=%t/cache
// RUN: echo '#include <stdio.h>' >%t/mine.h
// RUN: echo 'static int count(int by) { static int n; n += by; return n; }' >>%t/mine.h
// RUN: cat %s | %with_prelude %t/mine.h %reopt_repl --Xcc=-xc --Xcc=-std=c11 | FileCheck %s

for (int i = 0; i < 1000; ++i) count(1);
%reopt wait 60
%reopt why count
// CHECK: {{^}}count
// CHECK-NEXT: stage {{ *}}tier 1
printf("%d\n", count(1));
// CHECK: {{^}}1001
