// Calling what is only declared is an error of that input. Once it is defined,
// the same call works, also from functions that were there before. (In stock
// such callers are lost.)
//
// RUN: cat %s | %reopt_repl 2>%t.err | FileCheck %s
// RUN: FileCheck --check-prefix=ERR --implicit-check-not='error:' %s <%t.err

extern "C" int printf(const char *, ...);
int one(int x);
int two(int x);
extern int number;
int user(int x) { return one(x) + two(x) + number; }
printf("never printed %d\n", one(1));
// ERR: error: undefined: one(int)
printf("never printed %d\n", user(1));
// ERR: error: undefined: number, one(int), two(int)
printf("goes on\n");
// CHECK-NOT: never printed
// CHECK: goes on
int one(int x) { return x + 1; }
printf("never printed %d\n", user(1));
// ERR: error: undefined: number, two(int)
int two(int x) { return x + 2; }
int number = 100;
printf("%d %d\n", one(1), user(1));
// CHECK-NOT: never printed
// CHECK: {{^}}2 105
for (int i = 0; i < 1000; ++i) user(i);
%reopt wait 60
%reopt list user
// CHECK: user(int) tier 1
printf("%d\n", user(1));
// CHECK: {{^}}105
