// With -mavx, vectors of 32 bytes are passed in one register: by statements at
// the prompt, by first calls, and by both tiers.
//
// REQUIRES: avx
// RUN: cat %s | %reopt_repl --Xcc=-mavx | FileCheck %s

extern "C" int printf(const char *, ...);
typedef float Wide __attribute__((vector_size(32)));
Wide add(Wide a, Wide b) { return a + b; }
Wide one = {1, 2, 3, 4, 5, 6, 7, 8};
Wide w{};
w = add(w, one);
printf("first call: %g %g\n", w[0], w[7]);
// CHECK: first call: 1 8
void loop(int n) { for (int i = 0; i < n; ++i) w = add(w, one); }
loop(999);
for (int i = 0; i < 1000; ++i) w = add(w, one);
%reopt wait 60
printf("tier 0: %g %g\n", w[0], w[7]);
// CHECK-NEXT: tier 0: 2000 16000
%reopt now add
%reopt wait 60
%reopt list add
// CHECK: {{^}}add(float vector[8], float vector[8]) {{ *}}tier 1
for (int i = 0; i < 1000; ++i) w = add(w, one);
loop(1000);
printf("tier 1: %g %g\n", w[0], w[7]);
// CHECK-NEXT: tier 1: 4000 32000
