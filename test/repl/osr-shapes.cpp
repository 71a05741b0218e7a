// Loops of all shapes, each left at its first poll or at some poll, print what
// they print in stock.
//
// RUN: cat %s | %clang_repl > %t.stock
// RUN: cat %s | env REOPT_OPTIONS=osr-stress=1 %reopt_repl > %t.first
// RUN: diff %t.stock %t.first
// RUN: cat %s | env REOPT_OPTIONS=osr-stress=2 %reopt_repl > %t.some
// RUN: diff %t.stock %t.some
// RUN: FileCheck %s < %t.stock
// CHECK: the end

#include <map>
#include <string>
#include <vector>
extern "C" int printf(const char *, ...);
struct Guard { int n; Guard(int n) : n(n) { printf("(%d", n); } ~Guard() { printf(")%d", n); } };
long s = 0;

// At the prompt.
for (int i = 0; i < 300; ++i) s += i;
printf("%ld\n", s);
for (int i = 0; i < 30; ++i) for (int j = 0; j < 30; ++j) { if (j > i) break; s ^= i * j; }
printf("%ld\n", s);
while (true) { if (++s % 1009 == 0) break; }
printf("%ld\n", s);
std::vector<int> v;
for (int i = 0; i < 300; ++i) v.push_back(i * i);
for (int &x : v) x += 1;
for (auto x : v) s = s * 3 + x;
printf("%ld\n", s);
for (int i = 0; i < 3; ++i) { Guard g(i); if (i == 1) continue; Guard h(10 + i); }
printf("\n");
for (int i = 0; i < 9; ++i) { try { Guard g(i); if (i % 3 == 1) throw i; } catch (int e) { printf("!%d", e); } }
printf("\n");
try { for (int i = 0;; ++i) { Guard g(i); if (i == 5) throw 7L; } } catch (long e) { printf("caught %ld\n", e); }
std::map<std::string, int> counts;
for (int i = 0; i < 300; ++i) ++counts[std::string(1 + i % 5, 'a' + i % 3)];
for (auto &[word, count] : counts) printf("%s %d\n", word.c_str(), count);

// In functions.
int fib(int n) { int r = n; if (n > 1) { r = 0; for (int i = 1; i < 3; ++i) r += fib(n - i); } return r; }
printf("%d\n", fib(12));
auto lambda = [k = 1](int n) mutable { long t = 0; for (int i = 0; i < n; ++i) t += k *= 3; return t; };
printf("%ld\n", lambda(300));
struct Sum { long total = 0; void add(int n) { for (int i = 0; i < n; ++i) total += i; } virtual long get(int n) { long t = total; do t ^= n; while (--n); return t; } };
Sum sum;
sum.add(300);
printf("%ld %ld\n", sum.total, sum.get(300));
template <typename T> T power(T x, int n) { T r = 1; while (n-- > 0) r *= x; return r; }
printf("%u %g\n", power(3u, 200), power(1.01, 200));
int machine(int n) { int state = 0, seen = 0; again: switch (state) { case 0: state = n & 1 ? 1 : 2; break; case 1: seen += n; state = 2; break; default: state = 0; seen ^= 5; } if (--n) goto again; return seen; }
printf("%d\n", machine(300));
long escaped(int n) { long t = 0; long *p = &t; int i = 0, *q = &i; for (; *q < n; ++*q) *p += i; return t; }
printf("%ld\n", escaped(300));
long thrower(int n) { Guard g(50); for (int i = 0;; ++i) if (i == n) throw i; }
try { thrower(300); } catch (int e) { printf("caught %d\n", e); }
double dots(int n) { volatile double x = 0.1; double t = 0; for (int i = 0; i < n; ++i) t += x * 1.3 - 0.13; return t; }
printf("%a\n", dots(300));
struct Big { long a[20]; };
Big big(int n, Big b) { for (int i = 0; i < n; ++i) b.a[i % 20] += b.a[(i + 1) % 20] + i; return b; }
printf("%ld\n", big(300, Big{{1, 2, 3}}).a[7]);
printf("the end\n");
