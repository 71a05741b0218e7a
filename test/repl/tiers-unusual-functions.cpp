// Functions of unusual shape keep their answers in tier 1: computed gotos,
// setjmp, alloca, arrays of variable length, inline assembly, weak and
// always_inline functions, friends, members of local classes.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <alloca.h>
#include <csetjmp>
#include <cstdio>
#include <cstring>
jmp_buf where;
int jump(int x) { \
  volatile int k = 0; \
  if (setjmp(where) == 0) { \
    k = x; \
    longjmp(where, 1); \
  } \
  return k + 1; \
}
int stack(int n) { \
  char *p = (char *)alloca(n + 1); \
  memset(p, 1, n + 1); \
  return p[n] + n; \
}
int array(int n) { \
  int a[n + 1]; \
  for (int i = 0; i <= n; ++i) a[i] = i; \
  return a[n]; \
}
int table(int x) { \
  static void *t[] = {&&a, &&b}; \
  goto *t[x & 1]; \
a: \
  return 10; \
b: \
  return 20; \
}
__attribute__((always_inline)) inline int always(int x) { return x + 1; }
__attribute__((noinline)) int never(int x) { return always(x) + 1; }
__attribute__((weak)) int weak(int x) { return x + 5; }
int assembly(int x) { int r; asm("" : "=r"(r) : "0"(x)); return r; }
struct Friend { int v; friend int get(const Friend &f) { return f.v; } };
int local(int n) { \
  struct L { \
    static int in(int x) { return x * 2; } \
  }; \
  return L::in(n); \
}
long sum(int n) { \
  long s = 0; \
  for (int i = 0; i < n; ++i) \
    s += jump(i) + stack(i & 15) + array(i & 15) + table(i) + never(i) + \
         weak(i) + assembly(i) + get(Friend{i}) + local(i); \
  return s; \
}
long before = sum(300);
%reopt wait 60
%reopt now *
%reopt wait 60
long after = sum(300);
printf("before %ld after %ld\n", before, after);
// CHECK: before 325602 after 325602
%reopt list *(int)*
// CHECK-NOT: {{tier 0|refused}}
// CHECK: sum(int)
