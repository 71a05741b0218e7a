// Threads run through hot functions while the session reads, compiles, swaps
// and takes back other things, and while these functions themselves are
// swapped.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <atomic>
#include <cstdio>
#include <thread>
std::atomic<bool> stop{false};
std::atomic<long> rounds{0}, wrong{0};
int leaf(int x) { return 3 * x + 1; }
int hot(int x) { return leaf(x) + leaf(x + 1); }
void spin() { \
  while (!stop) { \
    for (int i = 0; i < 100; ++i) \
      if (hot(i) != 6 * i + 5) ++wrong; \
    ++rounds; \
  } \
}
std::thread a(spin), b(spin);
int other(int x) { return x + 1; }
for (int i = 0; i < 1000; ++i) other(i);
%reopt wait 60
%undo
%undo
double other(double x) { return x + 2; }
for (int i = 0; i < 1000; ++i) other(i);
%reopt now *
%reopt wait 60
while (rounds < 1000) std::this_thread::yield();
stop = true;
a.join(); b.join();
printf("wrong %ld\n", wrong.load());
// CHECK: wrong 0
%reopt list
// CHECK-DAG: {{^hot\(int\) .*(tier 1|inlined)}}
// CHECK-DAG: other(double) {{ *}}tier 1
