// Tier 0's own code generator gives the answers that LLVM's gives. What is here
// was wrong once, in tier 0 alone.
//
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-threshold=1000000000 \
// RUN:   | FileCheck %s
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-threshold=1000000000 \
// RUN:   --Xcc=-fplugin-arg-reopt-baseline=off | FileCheck %s

extern "C" int printf(const char *, ...);
extern "C" void *memcpy(void *, const void *, unsigned long);

double many(double a, double b, double c, double d, double e, double f, double g, double h, double i, double j, double k, double l, double m, double n, unsigned long u) { return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + i * 9 + j * 10 + k * 11 + l * 12 + m * 13 + n * 14 + u; }
double d[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
double converts(double *d) { return many(d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7], d[8], d[9], d[10], d[11], d[12], d[13], (unsigned long)d[14]); }
printf("a register that one way saves: %g\n", converts(d));

using Copy = void *(*)(void *, const void *, unsigned long);
char from[300], to[300];
struct Copies { Copy first, second; };
void copies(unsigned long n) { Copies c = {memcpy, memcpy}; __builtin_memcpy(to, from, n); static Copies s = {&memcpy, &memcpy}; if (n == 1) s.first(to, from, n); }
from[5] = 7;
copies(300);
printf("a name with two symbols: %d\n", to[5]);

int total;
__attribute__((no_caller_saved_registers)) void adds(int a) { int b = a * 3; total += b / 7 + b % 5; }
typedef int Four __attribute__((vector_size(16)));
long uses(int a, int n) { Four by_llvm = {a, a, a, a}; long s = 0; for (int i = 0; i < n; i++) { long x = i * a; s += x + (adds(i), total * a) + (x ^ i) * (adds(a), 1); } return s + by_llvm[1]; }
printf("a caller that counts on its registers: %ld\n", uses(3, 5));

struct Object { int a; Object(int x) : a(x) {} ~Object() {} };
int get(const Object &o) { return o.a; }
int recurse(int n) { if (n == 0) return 0; int r = get(Object(1)) + get(Object(2)) + get(Object(3)) + get(Object(4)) + get(Object(5)); Object s(1); Object t(2); r += get(Object(6)) * get(Object(7)); try { r += get(Object(8)); } catch (int) {} try { r += get(Object(8)); } catch (int) {} return recurse(n - 1) + 1; }
printf("frames with many landing pads: %d\n", recurse(30000));

struct Complex { float re, im; };
Complex turn(Complex c, int n) { Complex r = {c.re, c.im}; while (n--) r = Complex{-r.im, r.re}; return r; }
printf("pairs of floats: %g %g\n", turn({1, 2}, 3).re, turn({1, 2}, 3).im);

int goes_back(int n) { int sum = 0, i = 0; goto test; body: { int twice = i * 2; sum += twice > 6 ? twice : get(Object(i)); ++i; } test: if (i < n) goto body; return sum; }
printf("blocks before those that lead to them: %d\n", goes_back(9));

// CHECK: a register that one way saves: 1030
// CHECK: a name with two symbols: 7
// CHECK: a caller that counts on its registers: 291
// CHECK: frames with many landing pads: 30000
// CHECK: pairs of floats: 2 -1
// CHECK: blocks before those that lead to them: 66
