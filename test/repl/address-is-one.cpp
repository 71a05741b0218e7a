// A function has one address: the same in every input, in both tiers, inside
// itself, in a table of virtual functions, and for a static or inline function.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
using Fn = int (*)(int);
int f(int x) { return x + 1; }
static int s(int x) { return x + 2; }
inline int i(int x) { return x + 3; }
template <class T> T t(T x) { return x + 4; }
struct M { int m(int x) { return x + 5; } };
Fn own(int x) { return x ? &f : own(1); }
Fn before[] = {&f, &s, &i, &t<int>, own(0)};
int (M::*member)(int) = &M::m;
bool same() { \
  return before[0] == &f && before[1] == &s && before[2] == &i && \
         before[3] == &t<int> && before[4] == own(1) && member == &M::m; \
}
M m;
long sum = 0;
for (int k = 0; k < 1000; ++k) { \
  same(); \
  for (Fn g : before) sum += g(k); \
  sum += (m.*member)(k); \
}
%reopt wait 60
%reopt now *
%reopt wait 60
%reopt list
// CHECK-NOT: {{ }}tier 0
// CHECK: same()
printf("same %d\n", same());
printf("here %d\n", before[0] == &f && before[1] == &s && before[2] == &i);
printf("here %d\n", before[3] == &t<int> && own(0) == &f && member == &M::m);
// CHECK: same 1
// CHECK-NEXT: here 1
// CHECK-NEXT: here 1
printf("call %d %d\n", before[1](1), (m.*member)(1));
// CHECK-NEXT: call 3 6
