// An exception that a function at -O3 throws is caught by one at -O0, by its
// type, and the objects between them are destroyed once.
//
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-threshold=1000000 \
// RUN:   | FileCheck %s

#include <cstdio>
#include <stdexcept>
int alive = 0, drops = 0;
struct Guard { Guard() { ++alive; } ~Guard() { --alive; ++drops; } };
int thrower(int x) { \
  Guard g; \
  if (x < 0) throw std::out_of_range("negative"); \
  return x; \
}
int catcher(int x) { \
  try { \
    Guard g; \
    return thrower(x); \
  } catch (const std::logic_error &e) { \
    printf("caught %s\n", e.what()); \
    return -1; \
  } \
}
%reopt now thrower
%reopt wait 60
printf("%d %d\n", catcher(1), catcher(-1));
%reopt list er(int)
printf("alive %d drops %d\n", alive, drops);
try { \
  thrower(-1); \
} catch (std::exception &e) { printf("prompt caught %s\n", e.what()); }
printf("alive %d drops %d\n", alive, drops);
// CHECK: caught negative
// CHECK-NEXT: {{^}}1 -1
// CHECK-DAG: thrower(int) {{ *}}tier 1
// CHECK-DAG: catcher(int) {{ *}}tier 0
// CHECK: alive 0 drops 4
// CHECK-NEXT: prompt caught negative
// CHECK-NEXT: alive 0 drops 5
