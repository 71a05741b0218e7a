// exit() in a function at -O3, in a thread beside the prompt, and quick_exit()
// and _exit() end the session with their code, as in stock.
//
// RUN: (cat %s; echo 'leave(5);') | %reopt_repl; test $? = 5
// RUN: (cat %s; echo 'std::thread t(leave, 6);'; echo 't.join();') \
// RUN:   | %reopt_repl; test $? = 6
// RUN: (cat %s; echo 'quick_exit(spin(8));') | %reopt_repl; test $? = 0
// RUN: (cat %s; echo '_exit(spin(6) + 3);') | %reopt_repl; test $? = 10

#include <cstdlib>
#include <thread>
#include <unistd.h>
int spin(int n) { \
  int s = 0; \
  for (int i = 0; i < n; ++i) s ^= i + 1; \
  return s & 7; \
}
void leave(int code) { if (code) exit(code); }
for (int i = 0; i < 1000; ++i) { spin(i); leave(0); }
%reopt wait 60
for (int i = 0; i < 1000; ++i) spin(i);
