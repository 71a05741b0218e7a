// Undoing the user of an earlier static function leaves that function, its state
// and its place in later code alone, although clang emitted it with the undone
// input.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
static int helper(int x) { static int n; return n += x; }
int user() { return helper(1); }
for (int i = 0; i < 1000; ++i) user();
%reopt wait 60
%undo
%undo
int other() { return helper(0); }
printf("%d\n", other());
for (int i = 0; i < 1000; ++i) other();
%reopt wait 60
printf("%d\n", helper(1));
%quit

// CHECK: {{^}}0
// CHECK-NEXT: {{^}}1
