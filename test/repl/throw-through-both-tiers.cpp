// An exception passes frames of both tiers in turn, is thrown again on the way,
// and every object on the way is destroyed exactly once; so also while the
// functions on the stack are being swapped.
//
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-threshold=100 \
// RUN:   | FileCheck %s

#include <cstdio>
#include <stdexcept>
#include <string>
int alive = 0, drops = 0, again = 0;
struct Guard { \
  std::string s = "a text that does not fit into the object"; \
  Guard() { ++alive; } \
  ~Guard() { \
    --alive; \
    ++drops; \
  } \
};
int (*pa)(int);
int (*pb)(int);
int b(int n) { Guard g; return pa(n - 1) + 1; }
int a(int n) { \
  Guard g; \
  if (n <= 0) throw std::runtime_error("bottom"); \
  try { \
    return pb(n - 1) + 1; \
  } catch (std::runtime_error &) { \
    ++again; \
    throw; \
  } \
}
int top(int n) { \
  try { \
    Guard g; \
    return pa(n); \
  } catch (std::exception &e) { return std::string(e.what()).size(); } \
}
pa = a;
pb = b;
printf("%d\n", top(20));
%reopt now a
%reopt wait 60
printf("%d\n", top(20));
printf("alive %d drops %d again %d\n", alive, drops, again);
// CHECK: {{^}}6
// CHECK-NEXT: {{^}}6
// CHECK-NEXT: alive 0 drops 44 again 20
%reopt list (int)
// CHECK-DAG: {{^}}a(int) {{ *}}tier 1
// CHECK-DAG: {{^}}b(int) {{ *}}tier 0
int bad = 0;
for (int i = 0; i < 1000; ++i) bad += top(20) != 6;
%reopt wait 60
%reopt list (int)
// CHECK-DAG: {{^}}a(int) {{ *}}tier 1
// CHECK-DAG: {{^}}b(int) {{ *}}tier 1
printf("bad %d alive %d drops %d again %d\n", bad, alive, drops, again);
// CHECK: bad 0 alive 0 drops 22044 again 10020
