// A local static object is constructed once, whichever tier comes first, and
// destroyed once, at the end.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <cstdio>
struct Noisy { \
  const char *name; \
  int n = 0; \
  Noisy(const char *name) : name(name) { printf("make %s\n", name); } \
  ~Noisy() { \
    printf("drop %s\n", name); \
    fflush(stdout); \
  } \
};
Noisy &early() { static Noisy x("early"); return x; }
Noisy &late() { static Noisy x("late"); return x; }
static inline Noisy &hidden() { static Noisy x("hidden"); return x; }
for (int i = 0; i < 1000; ++i) { ++early().n; ++hidden().n; }
%reopt now late
%reopt wait 60
%reopt list
for (int i = 0; i < 1000; ++i) { ++early().n; ++late().n; ++hidden().n; }
printf("%d %d %d\n", early().n, late().n, hidden().n);
%quit

// CHECK: make early
// CHECK-NEXT: make hidden
// CHECK-DAG: early() {{ *}}tier 1
// CHECK-DAG: late() {{ *}}tier 1
// CHECK-DAG: hidden() {{ *}}tier 1
// CHECK: make late
// CHECK-NEXT: 2000 1000 2000
// CHECK-NOT: make
// CHECK-DAG: drop early
// CHECK-DAG: drop hidden
// CHECK-DAG: drop late
// CHECK-NOT: drop
