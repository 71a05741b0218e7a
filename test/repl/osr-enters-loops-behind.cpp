// A frame has done with the loop whose code is made, or left it out: it goes on in
// that code all the same, in the middle. Here a call inside the first iteration of
// a later loop makes it, at the first loop's first back-edge.
//
// RUN: cat %s | env REOPT_OPTIONS=osr-stress=1 %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
struct Counted { \
  static inline int alive = 0, made = 0; \
  Counted() { ++alive, ++made; } \
  ~Counted() { --alive; } \
};
template <int Which> unsigned long rows(int at, int depth) { \
  unsigned long s = at; \
  for (int i = 0; i < (at ? 0 : 40); ++i) s = s * 3 + i; \
  Counted between; \
  for (int i = 0; i < (at > 1 ? 0 : 40); ++i) { \
    if (at == 1 && !i && depth) s += rows<Which>(0, depth - 1); \
    s = s * 5 + i; \
  } \
  unsigned long table[200] = {s}; \
  for (int o = 0; o < 3; ++o) { \
    for (int i = 0; i < 200; ++i) { \
      if (at == 2 && !i && !o && depth) s ^= rows<Which>(0, depth - 1); \
      table[i] += s + i * o; \
    } \
    for (short i = 0; i < 30; ++i) s = s * 7 + table[i + o]; \
  } \
  return s; \
}
printf("second %lx\n", rows<1>(1, 1));
// CHECK: second 6bd3115ca34f74dc
%reopt why rows<1>
// CHECK: loops {{ *}}2 frames went on at -O3
printf("third %lx\n", rows<2>(2, 1));
// CHECK: third f5d63aaa26098db8
%reopt why rows<2>
// CHECK: loops {{ *}}2 frames went on at -O3
printf("alive %d of %d\n", Counted::alive, Counted::made);
// CHECK: alive 0 of 4
