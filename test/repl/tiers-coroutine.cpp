// A coroutine and its caller keep their answers when they are tiered between
// and during its runs, and when frames of either tier are resumed.
//
// RUN: cat %s | %reopt_repl --Xcc=-std=c++20 | FileCheck %s

#include <coroutine>
#include <cstdio>
struct Gen { \
  struct promise_type { \
    int v; \
    Gen get_return_object() { \
      return {std::coroutine_handle<promise_type>::from_promise(*this)}; \
    } \
    std::suspend_always initial_suspend() { return {}; } \
    std::suspend_always final_suspend() noexcept { return {}; } \
    std::suspend_always yield_value(int x) { \
      v = x; \
      return {}; \
    } \
    void return_void() {} \
    void unhandled_exception() {} \
  }; \
  std::coroutine_handle<promise_type> h; \
  bool next() { \
    h.resume(); \
    return !h.done(); \
  } \
};
Gen count(int n) { for (int i = 0; i < n; ++i) co_yield i; }
int drain(Gen g) { \
  int s = 0; \
  while (g.next()) s += g.h.promise().v; \
  g.h.destroy(); \
  return s; \
}
Gen old = count(1000);
old.next();
int s = 0;
for (int i = 0; i < 500; ++i) s += drain(count(10));
%reopt wait 60
%reopt why drain
// CHECK: drain(Gen)
// CHECK-NEXT: stage {{ *}}tier 1
for (int i = 0; i < 500; ++i) s += drain(count(10));
printf("sum %d old %d\n", s, drain(old));
// CHECK: sum 45000 old 499500
