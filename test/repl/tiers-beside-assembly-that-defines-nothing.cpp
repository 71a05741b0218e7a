// Assembly that only mentions a symbol, as a header of libstdc++ has it, keeps
// nobody from being tiered.
//
// RUN: cat %s | %reopt_repl 2>&1 | FileCheck %s

asm(".globl mentioned_only"); int twice(int x) { return x * 2; }
for (int i = 0; i < 1000; ++i) twice(i);
%reopt wait 60
%reopt why twice
// CHECK: stage    tier 1
