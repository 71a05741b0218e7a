// Without any option: loops that end only when they have been continued. Tier 0
// alone would run for ever.
//
// It counts how soon that is, which osr-stress is there to change.
// UNSUPPORTED: osr-stress
//
// RUN: cat %s | %reopt_repl --Xcc=-I%S/../Inputs | FileCheck %s

extern "C" int printf(const char *, ...);
#include "moved.h"
long rounds = 0;
while (!moved()) ++rounds;
printf("statement: %s rounds\n", rounds > 1000 ? "many" : "few");
// CHECK: statement: many rounds
first = nullptr;
long once() { long n = 0; for (; !moved(); ++n) {} return n; }
printf("function: %s rounds\n", once() > 1000 ? "many" : "few");
// CHECK: function: many rounds
// Its body is made next.
%reopt wait
%reopt why once
// CHECK: stage tier 1
// CHECK: loops {{ *}}1 frame went on at -O3
