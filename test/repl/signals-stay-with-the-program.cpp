// Signals are handled on the program's threads, never on the worker's: a signal
// that the program blocks stays pending until the program takes it.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <csignal>
#include <cstdio>
#include <pthread.h>
#include <unistd.h>
pthread_t prompt = pthread_self();
volatile int here = 0, elsewhere = 0;
void handler(int) { ++(pthread_equal(pthread_self(), prompt) ? here : elsewhere); }
int f(int x) { return x + 1; }
int g(int x) { return x + 2; }
for (int i = 0; i < 1000; ++i) f(i);
handler(0);
%reopt wait 60
sigset_t set;
sigemptyset(&set);
sigaddset(&set, SIGUSR1);
pthread_sigmask(SIG_BLOCK, &set, nullptr);
signal(SIGUSR1, handler);
kill(getpid(), SIGUSR1);
%reopt now g
%reopt wait 60
printf("blocked: here %d, elsewhere %d\n", here - 1, elsewhere);
// CHECK: blocked: here 0, elsewhere 0
pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
printf("taken: here %d, elsewhere %d\n", here - 1, elsewhere);
// CHECK: taken: here 1, elsewhere 0
