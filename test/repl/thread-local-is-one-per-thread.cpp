// A thread_local variable exists once in each thread, in both tiers, and is
// initialised when the thread first uses it.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <cstdio>
#include <thread>
int start() { return 100; }
thread_local int plain = 5;
thread_local int computed = start();
static thread_local int hidden = 7;
int bump() { ++hidden; ++computed; return ++plain; }
int *where() { return &plain; }
for (int i = 0; i < 1000; ++i) { bump(); where(); }
%reopt wait 60
%reopt list
// CHECK-DAG: bump() {{ *}}tier 1
// CHECK-DAG: where() {{ *}}tier 1
void other() { \
  int *before = &plain; \
  bump(); \
  printf("other %d %d %d %d\n", plain, computed, hidden, before == where()); \
}
{ std::thread t(other); t.join(); }
// CHECK: other 6 101 8 1
bump();
printf("main %d %d %d %d\n", plain, computed, hidden, &plain == where());
// CHECK-NEXT: main 1006 1101 1008 1
