// Functions with unusual declarations, types and bodies run as in stock in both
// tiers, and constants have one address.
//
// RUN: cat %s | %reopt_repl >%t.ours
// RUN: cat %s | %clang_repl >%t.stock 2>%t.stock.err
// RUN: diff %t.stock %t.ours
// RUN: FileCheck %s <%t.ours

#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <utility>
int label(int x) asm("a_label");
int label(int x) { return x + 1; }
extern "C" int target(int x) { return x + 2; } \
extern "C" int alias(int x) __attribute__((alias("target")));
__attribute__((constructor)) void constructor() { puts("constructor"); }
const std::string name = "abc";
const std::string *where() { return &name; }
const int *local() { static const int t[] = {1, 2, 3}; return t; }
static const int global[] = {4, 5, 6};
const int *get() { return global; }
constexpr double pi = 3.14;
const double *circle() { return &pi; }
long double longer(long double x) { return x * 1.5L; }
__int128 wide(__int128 x) { return x * x; }
_Complex double complex(_Complex double x) { return x * x; }
long operator""_km(unsigned long long x) { return x * 1000; }
auto [first, second] = std::pair<int, int>(3, 4);
int bound() { return first + second; }
struct Throws { \
  static bool go; \
  ~Throws() noexcept(false) { \
    if (go) { \
      go = false; \
      throw 5; \
    } \
  } \
}; \
bool Throws::go = false;
int destructor(bool go) { \
  try { \
    Throws t; \
    Throws::go = go; \
    return 1; \
  } catch (int e) { return e; } \
}
int defaulted(int x, int y = 7) { return x + y; }
struct Bits { \
  unsigned a : 3; \
  int b : 5; \
}; \
int bits(Bits b) { \
  b.a++; \
  b.b--; \
  return b.a * 100 + b.b; \
}
union Either { \
  int i; \
  float f; \
}; \
float either(int i) { \
  Either e; \
  e.i = i; \
  return e.f; \
}
int choose(int x) { \
  switch (x) { \
  case 0: \
    return 5; \
  case 1 ... 5: \
    return 6; \
  default: \
    return x; \
  } \
}
int statement(int x) { return ({ int y = x * 2; y + 1; }); }
void *operator new(std::size_t n, int extra) { return std::malloc(n + extra); }
int placed(int x) { \
  int *p = new (16) int(x); \
  int r = *p; \
  std::free(p); \
  return r; \
}
int into(int n) { \
  int i = 0; \
  if (n > 5) goto mid; \
  for (; i < n;) { \
    ++i; \
  mid: \
    ++i; \
  } \
  return i; \
}
int deep(int n) { \
  struct R { \
    int v; \
    int go() { \
      struct Q { \
        static int z(int x) { \
          static int c; \
          return c += x; \
        } \
      }; \
      return Q::z(v); \
    } \
  }; \
  return R{n}.go(); \
}
const int *l = local(), *g = get(); \
const double *c = circle(); \
const std::string *n = where();
long sum = 0;
void all(int k) { \
  for (int i = 0; i < k; ++i) { \
    where(); \
    sum += label(i) + target(i) + alias(i) + name.size() + local()[i % 3] + \
           get()[i % 3] + (int)*circle() + (int)longer(i) + (int)wide(i) + \
           (int)__real__ complex(i) + 1_km + bound() + destructor(i % 2) + \
           defaulted(i) + bits({(unsigned)i, i & 15}) + (int)either(i) + \
           choose(i & 7) + statement(i) + placed(i) + into(i & 7) + \
           deep(i & 1); \
  } \
}
all(300);
printf("%ld\n", sum);
%reopt wait 60
%reopt now *
%reopt wait 60
all(300);
printf("%ld\n", sum);
printf("same %d %d %d %d\n", l == local(), g == get() && g == global, \
       c == circle() && c == &pi, n == where() && n == &name);
// CHECK: constructor
// CHECK: same 1 1 1 1
