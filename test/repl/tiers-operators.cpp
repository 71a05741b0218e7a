// Operators are tiered and can be asked for by the names that users write.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
struct N { \
  int n; \
  N operator+(const N &o) const { return {n + o.n}; } \
  bool operator<(const N &o) const { return n < o.n; } \
  N &operator++() { \
    ++n; \
    return *this; \
  } \
  int operator[](int i) const { return n + i; } \
  int operator()(int x) const { return n * x; } \
  operator int() const { return n; } \
};
N operator-(const N &a, const N &b) { return {a.n - b.n}; }
N x{1};
long s = 0;
for (int i = 0; i < 1000; ++i) { \
  s += int(x + x) + (x < N{9}) + x[i] + x(i); \
  ++x; \
}
for (int i = 0; i < 1000; ++i) s += int(x - N{i});
%reopt wait 60
%reopt why N::operator+
// CHECK: N::operator+(N const&) const
// CHECK-NEXT: stage {{ *}}tier 1
%reopt why N::operator<
// CHECK: N::operator<(N const&) const
// CHECK-NEXT: stage {{ *}}tier 1
%reopt why N::operator++
// CHECK: N::operator++()
// CHECK-NEXT: stage {{ *}}tier 1
%reopt why N::operator[]
// CHECK: N::operator[](int) const
// CHECK-NEXT: stage {{ *}}tier 1
%reopt why N::operator()
// CHECK: N::operator()(int) const
// CHECK-NEXT: stage {{ *}}tier 1
%reopt why N::operator int
// CHECK: N::operator int() const
// CHECK-NEXT: stage {{ *}}tier 1
%reopt why operator-
// CHECK: operator-(N const&, N const&)
// CHECK-NEXT: stage {{ *}}tier 1
printf("%ld %d\n", s, int(x));
// CHECK: {{^}}335835508 1001
