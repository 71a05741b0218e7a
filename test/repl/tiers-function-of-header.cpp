// Inline functions of an included header are tiered, also when the header is
// included in a second input.
//
// RUN: cat %s | %reopt_repl --Xcc=-I%S/../Inputs | FileCheck %s

extern "C" int printf(const char *, ...);
#include "gcd.h"
int s = 0;
for (int i = 1; i < 1000; ++i) s += gcd(i, 60);
%reopt wait 60
#include "gcd.h"
%reopt why gcd
// CHECK: gcd(int, int)
// CHECK-NEXT: stage {{ *}}tier 1
printf("%d %d %d\n", s, gcd(84, 36), gcd_calls());
// CHECK: {{^}}5958 12 1000
