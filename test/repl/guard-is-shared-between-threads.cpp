// Threads that meet in a local static's first use, some in tier 0 and some in
// tier 1, construct it once.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <atomic>
#include <cstdio>
#include <thread>
std::atomic<int> made{0};
template <int N> struct Slot { Slot() { ++made; } int n = N; };
template <int N> int use() { static Slot<N> s; return s.n; }
int all() { return use<1>() + use<2>() + use<3>() + use<4>(); }
int warm = use<1>();
%reopt now all
std::atomic<long> sum{0};
void work() { for (int i = 0; i < 2000; ++i) sum += all(); }
{ std::thread a(work), b(work), c(work); a.join(); b.join(); c.join(); }
%reopt wait 60
%reopt why all
// CHECK: stage {{ *}}tier 1
printf("made %d sum %ld\n", made.load(), sum.load() + all());
// CHECK: made 4 sum 60010
