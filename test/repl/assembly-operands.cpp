// Assembly that names what the same input defines finds it, at any tier; what
// calls such a function gets hot like anything else.
//
// RUN: cat %s | %reopt_repl 2>&1 | FileCheck %s

extern "C" int printf(const char *, ...);
extern "C" int foo() { return 42; } int bar() { int r; asm volatile("subq $136, %%rsp\n\tcall %c1\n\taddq $136, %%rsp" : "=a"(r) : "i"(foo) : "memory", "cc", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11"); return r; }
int v = 7; int get() { int r; asm("movl %c1(%%rip), %0" : "=r"(r) : "i"(&v)); return r; }
int memory() { int r; asm("movl %1, %0" : "=r"(r) : "m"(v)); return r; }
int address() { int r; asm("movl (%1), %0" : "=r"(r) : "r"(&v)); return r; }
printf("%d %d %d %d\n", bar(), get(), memory(), address());
// CHECK: {{^}}42 7 7 7
int caller() { return bar() + get() + memory() + address(); }
int sum = 0;
for (int i = 0; i < 2000; ++i) sum += caller();
%reopt wait 60
printf("%d %d %d\n", sum, caller(), foo());
// CHECK: {{^}}126000 63 42
%reopt list caller
// CHECK: caller() tier 1
%reopt why bar
// CHECK: reason assembly names it
%reopt list memory
// CHECK: memory() tier {{[01]}}
