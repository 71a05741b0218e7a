// With a threshold at which one call is enough, a statement trips when it begins
// and when it loops, and what it calls trips too. Its loop goes on at -O3 all the
// same. Tier 0 alone would run for ever.
//
// RUN: cat %s | env REOPT_OPTIONS=threshold=1 %reopt_repl --Xcc=-I%S/../Inputs | FileCheck %s
// RUN: cat %s | env REOPT_OPTIONS=threshold=0 %reopt_repl --Xcc=-I%S/../Inputs | FileCheck %s
// RUN: cat %s | env REOPT_OPTIONS=threshold=1,osr-stress=1 %reopt_repl --Xcc=-I%S/../Inputs | FileCheck %s
// RUN: cat %s | env REOPT_OPTIONS=threshold=1,osr-stress=2 %reopt_repl --Xcc=-I%S/../Inputs | FileCheck %s

extern "C" int printf(const char *, ...);
#include "moved.h"
long rounds = 0;
while (!moved()) ++rounds;
printf("moved\n");
// CHECK: moved
%reopt why statement 1
// CHECK: loops {{ *}}1 frame went on at -O3
