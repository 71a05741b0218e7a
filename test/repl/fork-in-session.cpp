// After fork() the child runs on, hot functions and first calls included, and
// ends with its code; the parent is tiered as before.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <cstdio>
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>
int hot(int x) { return 3 * x + 1; }
int fresh(int x) { return x + 7; }
int run(int n) { \
  int s = 0; \
  for (int i = 0; i < n; ++i) s += hot(i) & 3; \
  return s; \
}
int child() { return run(100000) == run(100000) ? fresh(0) : 1; }
int status = 0;
{ int p = fork(); if (p == 0) _exit(child()); waitpid(p, &status, 0); }
printf("child %d\n", WEXITSTATUS(status));
// CHECK: child 7
for (int i = 0; i < 1000; ++i) run(10);
{ int p = fork(); if (p == 0) exit(child() + 1); waitpid(p, &status, 0); }
printf("child %d\n", WEXITSTATUS(status));
// CHECK: child 8
%reopt wait 60
%reopt why run
// CHECK: stage tier 1
