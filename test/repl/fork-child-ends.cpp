// A child that was forked while threads of the session slept reads the rest of
// the input, and ends as its parent does, which waits for it meanwhile.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <cstdio>
#include <sys/wait.h>
#include <unistd.h>
int hot(int x) { return 3 * x + 1; }
int fresh(int x) { return x + 7; }
for (int i = 0; i < 100000; ++i) hot(i);
%reopt wait 60
%reopt speculate now
// Rather than for ever.
void limit() { alarm(60); }
void wait(int pid) { \
  int status = -1; \
  waitpid(pid, &status, 0); \
  printf("ended %d %d\n", WIFEXITED(status), WEXITSTATUS(status)); \
}
{ int pid = fork(); if (pid) wait(pid); else limit(); }
printf("child %d %d\n", hot(1), fresh(0));
// CHECK: child 4 7
// CHECK: ended 1 0
