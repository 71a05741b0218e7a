// A signal handler calls a function that gets hot in it: the hook only leaves a
// mark, so a signal at any moment does no harm.
//
// Under osr-stress a loop waits for new code, which a handler must not: it may
// have interrupted malloc, which the worker needs.
// UNSUPPORTED: osr-stress
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sys/time.h>
volatile int seen = 0;
volatile int ticks = 0;
int hot(int x) { return x + 1; }
void on_raise(int) { seen = hot(seen); }
void on_tick(int) { for (int i = 0; i < 50; ++i) ticks = hot(ticks); }
signal(SIGUSR1, on_raise);
for (int i = 0; i < 1000; ++i) raise(SIGUSR1);
%reopt wait 60
%reopt why on_raise
// CHECK: stage tier 1
for (int i = 0; i < 1000; ++i) raise(SIGUSR1);
printf("seen %d\n", seen);
// CHECK: seen 2000
on_tick(0);
signal(SIGALRM, on_tick);
itimerval every{{0, 200}, {0, 200}}, never{};
int busy(int n) { \
  int s = 0; \
  for (int i = 0; i < n; ++i) { \
    void *p = malloc(i & 1023); \
    s += p != nullptr; \
    free(p); \
  } \
  return s; \
}
setitimer(ITIMER_REAL, &every, nullptr);
int s = 0;
while (ticks < 5000) s = busy(1000);
%reopt wait 60
setitimer(ITIMER_REAL, &never, nullptr);
printf("busy %d ticks %d\n", s, ticks % 50);
// CHECK: busy 1000 ticks 0
