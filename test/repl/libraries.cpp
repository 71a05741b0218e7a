// A library that is loaded with %lib serves both tiers, its variables included;
// one that does not exist is an error, and the session goes on.
//
// RUN: %clangxx -shared -fPIC -O1 %S/../Inputs/library.cpp -o %t.so
// RUN: sed 's|LIBRARY|%t.so|' %s | %reopt_repl 2>%t.err | FileCheck %s
// RUN: FileCheck --check-prefix=ERR %s <%t.err

extern "C" int printf(const char *, ...);
int lib_add(int x);
extern int lib_state;
%lib /nowhere/libnothing.so
// ERR: error: /nowhere/libnothing.so: cannot open shared object file
%lib LIBRARY
int user(int n) { \
  int s = 0; \
  for (int i = 0; i < n; ++i) s += lib_add(1); \
  return s + lib_state; \
}
printf("%d\n", user(2));
// CHECK: {{^}}5
for (int i = 0; i < 1000; ++i) user(10);
%reopt wait 60
%reopt why user
// CHECK: stage tier 1
printf("%d\n", lib_state);
// CHECK: {{^}}10002
