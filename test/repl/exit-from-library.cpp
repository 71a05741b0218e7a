// exit() that a library calls stops the worker too, before any handler runs and
// any global is destroyed, also one that was made after the plugin was loaded.
//
// RUN: %clangxx -shared -fPIC -O1 %S/../Inputs/exits.cpp -o %t.so
// RUN: sed 's|LIBRARY|%t.so|' %s > %t.cpp
// RUN: (cat %t.cpp | env REOPT_OPTIONS=threshold=1 %reopt_repl > %t.out; test $? = 3)
// RUN: FileCheck %s < %t.out

#include <map>
#include <string>
extern "C" int printf(const char *, ...);
extern "C" void leave(int code);
%lib LIBRARY
std::map<std::string, int> m;
for (int i = 0; i < 1000; ++i) ++m[std::to_string(i)];
printf("%zu\n", m.size());
// CHECK: 1000
leave(3);
// CHECK: threads at exit: 1
