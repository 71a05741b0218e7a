// What the assembler refuses is an error of the input that has it, and the
// session goes on; the stock clang-repl ends.
//
// RUN: cat %s | %reopt_repl 2>&1 | FileCheck %s

int f(int x) { asm("nonsense"); return x; }
int n = 1;
asm("more nonsense");
// CHECK: <inline asm>:1:1: invalid instruction mnemonic 'more'
n + 1
// CHECK: (int) 2
%reopt now f
%reopt wait 60
%reopt why f
// CHECK: clang could not emit it again: <inline asm>:1:2: invalid instruction mnemonic 'nonsense'
asm volatile ("even more" : "=r"(n));
// CHECK: error:
[] { asm("fine: nop"); return n; }()
// CHECK: (int) 1
n + 2
// CHECK: (int) 3
%quit
