// A chain of calls in one input may be too long for the stack of who follows it.
//
// RUN: cat %s | %reopt_repl 2>&1 | FileCheck %s
extern "C" int printf(const char *, ...);
#define C0(f, next) int f(int x) { int next(int); return next(x) + 1; }
#define C1(f, next) C0(f##0, f##1) C0(f##1, f##2) C0(f##2, f##3) C0(f##3, f##4) C0(f##4, f##5) C0(f##5, f##6) C0(f##6, f##7) C0(f##7, next##0)
#define C2(f, next) C1(f##0, f##1) C1(f##1, f##2) C1(f##2, f##3) C1(f##3, f##4) C1(f##4, f##5) C1(f##5, f##6) C1(f##6, f##7) C1(f##7, next##0)
#define C3(f, next) C2(f##0, f##1) C2(f##1, f##2) C2(f##2, f##3) C2(f##3, f##4) C2(f##4, f##5) C2(f##5, f##6) C2(f##6, f##7) C2(f##7, next##0)
#define C4(f, next) C3(f##0, f##1) C3(f##1, f##2) C3(f##2, f##3) C3(f##3, f##4) C3(f##4, f##5) C3(f##5, f##6) C3(f##6, f##7) C3(f##7, next##0)
#define C5(f, next) C4(f##0, f##1) C4(f##1, f##2) C4(f##2, f##3) C4(f##3, f##4) C4(f##4, f##5) C4(f##5, f##6) C4(f##6, f##7) C4(f##7, next##0)
C5(a, b) int b00000(int x) { return x; }
int (*first)(int) = a00000;
printf("last %d\n", a77740(1));
// CHECK: last 33
