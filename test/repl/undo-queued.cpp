// A function that waits for the worker can be undone: the request is dropped,
// and its successor is not taken for it. The worker waits for more trips for a
// long time here, so that the function is still in the queue.
//
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-batch-window=500 \
// RUN:   | FileCheck %s

extern "C" int printf(const char *, ...);
int f(int x) { return x + 1; }
for (int i = 0; i < 1000; ++i) f(i);
%undo
%undo
int f(int x) { return x + 2; }
%reopt wait 60
%reopt why f
printf("%d\n", f(1));
%quit

// CHECK: f(int)
// CHECK-NEXT: stage {{ *}}lazy
// CHECK: {{^}}3
