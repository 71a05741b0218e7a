// Data may hold the address of what is defined later, as in stock. Whatever is
// linked along with it is missed together with it, and no sooner.
//
// RUN: cat %s | %reopt_repl 2>%t.err | FileCheck %s
// RUN: FileCheck --check-prefix=ERR --implicit-check-not='error:' %s <%t.err

extern "C" int printf(const char *, ...);
int later(int x);
int (*fp)(int) = later; int beside = 5;
struct Table { static int entry(); static int (*const entries[])(); };
int (*const Table::entries[])() = {Table::entry};
extern int number; int *address = &number;
int call(int x) { return fp(x) + *address; }
printf("goes on\n");
// CHECK: goes on
printf("never printed %d\n", beside);
// ERR: error: undefined: later(int){{$}}
printf("never printed %d\n", call(1));
// ERR: error: undefined: later(int), number
%reopt speculate now
%reopt why call
// CHECK: reason {{.*}}undefined: later(int), number
int later(int x) { return x + 1; }
int Table::entry() { return 7; }
int number = 100;
printf("%d %d %d %d\n", beside, call(1), Table::entries[0](), *address);
// CHECK-NOT: never printed
// CHECK: {{^}}5 102 7 100
for (int i = 0; i < 2000; ++i) call(i);
%reopt wait 60
%reopt list call
// CHECK: call(int) tier 1
