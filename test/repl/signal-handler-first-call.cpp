// A signal handler, and what it calls, is ready when it is installed, as in
// stock: its first call, which may come in the middle of malloc, compiles and
// allocates nothing.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <csignal>
#include <cstdio>
#include <malloc.h>
int leaf(int x) { return x + 1; }
int step(int x) { return leaf(x) * 2; }
size_t before = 0, after = 0;
volatile int seen = 0;
void handler(int) { \
  before = mallinfo2().uordblks; \
  seen = step(20); \
  after = mallinfo2().uordblks; \
}
void detailed(int, siginfo_t *, void *) { seen += step(1); }
signal(SIGUSR1, handler);
raise(SIGUSR1);
printf("seen %d allocated %zu\n", seen, after - before);
// CHECK: seen 42 allocated 0
