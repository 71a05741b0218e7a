// Assembly that may be there once only cannot be inlined twice. The function
// that would have it twice stays in tier 0, and the session goes on.
//
// RUN: cat %s | %reopt_repl 2>&1 | FileCheck %s

extern "C" int printf(const char *, ...);
inline int once(int x) { asm volatile("only_label: nop"); return x + 1; }
int twice(int x) { return once(x) + once(x + 1); }
printf("%d\n", twice(1));
// CHECK: 5
%reopt now twice
%reopt wait
%reopt why twice
// CHECK-NOT: error
// CHECK: reason {{.*}}'only_label' is already defined
printf("%d\n", twice(1));
// CHECK: 5
printf("the end\n");
// CHECK: the end
