// Structures are passed and returned by value over the stub: in registers, in
// memory, and through a hidden pointer. First calls, tier 0 and tier 1 agree on
// how.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
struct Small { int a; float b; };
struct Big { double a[8]; };
struct Packed { char c; long l; } __attribute__((packed));
Small small(Small s, int i) { s.a += i; s.b *= 0.5f; return s; }
Big big(int i, Big b) { b.a[i & 7] += i; return b; }
Packed packed(Packed p) { p.l += p.c; return p; }
Small s{0, 1};
Big b{};
Packed p{2, 0};
for (int i = 0; i < 1000; ++i) { \
  b = big(i, b); \
  p = packed(p); \
  s = small({i, 8}, i); \
}
%reopt wait 60
%reopt list
// CHECK-DAG: {{^}}small(Small, int) {{ *}}tier 1
// CHECK-DAG: {{^}}big(int, Big) {{ *}}tier 1
// CHECK-DAG: {{^}}packed(Packed) {{ *}}tier 1
for (int i = 0; i < 1000; ++i) { \
  b = big(i, b); \
  p = packed(p); \
  s = small({i, 8}, i); \
}
printf("%d %g %g %ld\n", s.a, s.b, b.a[3], p.l);
// CHECK: {{^}}1998 4 124750 4000
