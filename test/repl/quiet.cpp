// Nothing is printed that nobody asked for: a session in which much gets hot,
// and in which inputs fail, prints what stock clang-repl prints.
//
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-threshold=2 >%t.ours \
// RUN:   2>%t.ours.err
// RUN: cat %s | %clang_repl >%t.stock 2>%t.stock.err
// RUN: diff %t.stock %t.ours
// RUN: diff %t.stock.err %t.ours.err

#include <cstdio>
#include <string>
#include <vector>
std::vector<std::string> v;
int f(int x) { return x + 1; }
int s = 0;
for (int i = 0; i < 3000; ++i) { s += f(i); v.push_back(std::to_string(i)); }
int broken = "text";
for (int i = 0; i < 3000; ++i) { s += f(i); v.push_back(std::to_string(i)); }
int unused(int x) { x == 3; return x; }
s
%frob
for (int i = 0; i < 3000; ++i) { s += f(i); v.pop_back(); }
printf("%d %zu %s\n", s, v.size(), v[2000].c_str());
