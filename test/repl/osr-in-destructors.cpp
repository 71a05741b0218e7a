// Loops in destructors that %undo runs are continued like others. Under stress
// the thread waits for the continuation, which needs the AST.
//
// RUN: cat %s | env REOPT_OPTIONS=osr-stress=1 %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
int n = 0;
struct Undone { ~Undone() { for (int i = 0; i < 300; ++i) ++n; } };
Undone u;
%undo
printf("undone %d\n", n);
// CHECK: undone 300
