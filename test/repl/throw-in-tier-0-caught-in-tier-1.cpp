// An exception that a function at -O0 throws is caught by one at -O3; what is
// not caught there goes on.
//
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-threshold=1000000 \
// RUN:   | FileCheck %s

#include <cstdio>
struct Mine { int code; };
int alive = 0, drops = 0;
struct Guard { Guard() { ++alive; } ~Guard() { --alive; ++drops; } };
int thrower(int x) { \
  Guard g; \
  if (x == 1) throw Mine{42}; \
  if (x == 2) throw x; \
  return x; \
}
int (*hidden)(int) = thrower;
int catcher(int x) { \
  try { \
    Guard g; \
    return hidden(x); \
  } catch (Mine m) { return m.code; } \
}
%reopt now catcher
%reopt wait 60
printf("%d %d\n", catcher(0), catcher(1));
try { catcher(2); } catch (int i) { printf("prompt caught %d\n", i); }
%reopt list er(int)
printf("alive %d drops %d\n", alive, drops);
// CHECK: {{^}}0 42
// CHECK-NEXT: prompt caught 2
// CHECK-DAG: thrower(int) {{ *}}tier 0
// CHECK-DAG: catcher(int) {{ *}}tier 1
// CHECK: alive 0 drops 6
