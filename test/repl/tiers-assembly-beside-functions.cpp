// Assembly at file level stays in one object with the functions of its input:
// they may use its local labels, and it theirs.
//
// RUN: cat %s | %reopt_repl 2>&1 | FileCheck %s

extern "C" int printf(const char *, ...);
asm("five: mov $5, %eax\n ret"); extern "C" int five(); int six() { return five() + 1; }
printf("six %d\n", six());
// CHECK: six 6
for (int i = 0; i < 1000; ++i) six();
%reopt wait 60
%reopt why six
// CHECK: beside assembly or an ifunc
asm("nine: mov $9, %eax\n ret");
int ten(int x) { return x + 10; }
printf("ten %d\n", ten(0));
// CHECK: ten 10
