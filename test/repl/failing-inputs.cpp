// Inputs that do not compile leave the session as they do in stock: what was
// there works on, in its tier, and what came with the error is not there.
//
// RUN: cat %s | %reopt_repl 2>%t.err | FileCheck %s
// RUN: FileCheck --check-prefix=ERR %s <%t.err

extern "C" int printf(const char *, ...);
int f(int x) { return x + 1; }
for (int i = 0; i < 1000; ++i) f(i);
double d = "text";
// ERR: error: cannot initialize
int g(int x) { return nowhere(x); }
// ERR: error: use of undeclared identifier 'nowhere'
int k() { return missing; }
// ERR: error: use of undeclared identifier 'missing'
template <class T> struct W { \
  int ok() { return 1; } \
  int bad() { return T::nope; } \
};
W<int>().bad();
// ERR: error: {{.*}}'int' cannot be used prior to '::'
static_assert(sizeof(char) == 2, "not so");
// ERR: error: static assertion failed
%frob
// ERR: error: Invalid % command
%reopt wait 60
%reopt why f
// CHECK: stage tier 1
int h(int x) { return 10 * f(x); }
for (int i = 0; i < 1000; ++i) h(i);
%reopt wait 60
%reopt list *(int)
// CHECK: f(int) tier 1
// CHECK-NEXT: h(int) tier 1
printf("%d %d\n", h(1), W<int>().ok());
// CHECK: {{^}}20 1
