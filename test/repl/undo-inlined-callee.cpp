// The undone function is inside the -O3 code of an earlier one, which knew only
// its declaration. That code must not run any more: not with the callee undone,
// and not when another definition takes its place.
//
// RUN: cat %s | %reopt_repl 2>%t.err | FileCheck %s
// RUN: FileCheck --check-prefix=ERR %s <%t.err

extern "C" int printf(const char *, ...);
int callee(int x);
int user(int n) { \
  int s = 0; \
  for (int i = 0; i < n; ++i) s += callee(i); \
  return s; \
}
int callee(int x) { return 1; }
for (int i = 0; i < 1000; ++i) user(10);
%reopt wait 60
%reopt list
printf("first %d\n", user(10));
%undo
%undo
%undo
%reopt list
user(10);
int callee(int x) { return 2; }
printf("second %d\n", user(10));
for (int i = 0; i < 1000; ++i) user(10);
%reopt wait 60
%reopt list
printf("third %d\n", user(10));
%quit

// CHECK-DAG: user(int) {{ *}}tier 1
// CHECK-DAG: callee(int) {{.*}}inlined into its hot callers
// CHECK: first 10
// CHECK: user(int) {{ *}}tier 0 {{.*}}a definition that it had inlined was taken back
// CHECK: second 20
// CHECK-DAG: user(int) {{ *}}tier 1
// CHECK: third 20
// ERR: undefined: callee(int)
