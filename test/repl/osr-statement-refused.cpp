// A statement whose loop cannot go on while it runs is named, with its reason,
// and is compiled at -O3 before it starts, with what it calls, if it looks
// heavy.
//
// RUN: cat %s | %reopt_repl -print-before=codegenprepare 2>&1 | FileCheck %s

extern "C" int printf(const char *, ...);
int n = 64;
{ int v[n]; for (int i = 0; i < n; ++i) v[i] = i * i; int sum = 0; for (int i = 0; i < n; ++i) sum += v[i]; printf("sum %d\n", sum); }
// CHECK: define {{.*}}@__stmts__
// CHECK: add <{{[0-9]+}} x i32>
// CHECK: sum 85344

%reopt list *
// CHECK: statement {{[0-9]+}} {{.*}} compiled at -O3 before its first call

// Beside what its input calls before it.
int seven() { return 7; } int got = seven(); { int v[n]; for (int i = 0; i < n; ++i) v[i] = i * 3; int sum = 0; for (int i = 0; i < n; ++i) sum += v[i]; printf("second %d\n", sum + got); }
// CHECK: define {{.*}}@__stmts__
// CHECK: add <{{[0-9]+}} x i32>

// What it calls comes from another input, and is inlined.
unsigned callee(unsigned x) { return x * 3; }
{ unsigned v[n]; unsigned sum = 0; for (int i = 0; i < n; ++i) v[i] = callee(i); for (int i = 0; i < n; ++i) sum += v[i]; printf("inlined %u\n", sum); }
// CHECK: define {{.*}}@__stmts__
// CHECK-NOT: call {{.*}}callee
// CHECK: ret void

// Few iterations are not worth it.
{ int v[n]; for (int i = 0; i < 4; ++i) v[i] = i; printf("few %d\n", v[3]); }
// CHECK: define {{.*}}@__stmts__
// CHECK: alloca i32, align 4

// What was printed since the list comes with the next.
// CHECK: second 6055
// CHECK: inlined 6048
// CHECK: few 3
%reopt list *
// CHECK: statement
// CHECK: statement
// CHECK: statement
// CHECK-NOT: statement
