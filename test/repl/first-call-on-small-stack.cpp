// A function's first call compiles it. That needs no more stack than the function
// itself: threads and coroutines with small stacks work as in stock.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <cstdio>
#include <pthread.h>
#include <ucontext.h>
template <int N> int fresh(int x) { return x + N; }
int sum = 0;
void *thread(void *) { sum = fresh<1>(1) + fresh<2>(2); return nullptr; }
pthread_attr_t small;
pthread_attr_init(&small);
pthread_attr_setstacksize(&small, 32 * 1024);
pthread_t t;
pthread_create(&t, &small, thread, nullptr);
pthread_join(t, nullptr);
printf("thread %d\n", sum);
// CHECK: thread 6
ucontext_t prompt, routine;
alignas(16) char stack[16 * 1024];
void run() { sum = fresh<3>(1) + fresh<4>(2); }
getcontext(&routine);
routine.uc_stack.ss_sp = stack;
routine.uc_stack.ss_size = sizeof(stack);
routine.uc_link = &prompt;
makecontext(&routine, run, 0);
swapcontext(&prompt, &routine);
printf("routine %d\n", sum);
// CHECK: routine 10
