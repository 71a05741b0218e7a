// A session with the prelude answers as one that includes the headers, with the
// plugin and without. What is defined in a header, is defined once; #include of
// what is there already does nothing.
//
// RUN: rm -rf %t && mkdir -p %t && export XDG_CACHE_HOME=%t/cache
// RUN: cat %s | %with_prelude %S/Inputs/mine.h %clang_repl >%t/stock-with
// RUN: cat %s | %clang_repl --Xcc=-include --Xcc=%S/Inputs/mine.h >%t/stock
// RUN: cmp %t/stock %t/stock-with
// RUN: cat %s | %with_prelude %S/Inputs/mine.h %reopt_repl >%t/reopt-with
// RUN: cat %s | %reopt_repl --Xcc=-include --Xcc=%S/Inputs/mine.h >%t/reopt
// RUN: cmp %t/reopt %t/reopt-with
// RUN: FileCheck %s <%t/reopt-with

printf("%d %d %d\n", counter(), inline_counter(), plain(4));
// CHECK: {{^}}made
// CHECK-NEXT: {{^}}1 1 8
printf("%d %d %d\n", counter(), inline_counter(), plain(4));
global++; per_thread++;
#include "Inputs/mine.h"
printf("%d %d %d\n", global, per_thread, MINE);
// CHECK: {{^}}43 6 11
Box<int> a(3), b(4);
printf("%d %d %d\n", Box<int>::made, a.get() + b.get(), twice(5));
// CHECK-NEXT: {{^}}2 7 10
std::vector<std::string> words{"b", "c", "a"};
std::sort(words.begin(), words.end());
for (const auto &word : words) printf("%s ", word.c_str());
// CHECK-NEXT: {{^}}a b c
try { words.at(9); } catch (const std::out_of_range &) { printf("out of range\n"); }
// CHECK-SAME: out of range
auto where = &plain;
printf("%d\n", where == &plain && where(21) == 42);
// CHECK-NEXT: {{^}}1
%quit
// CHECK: {{^}}gone
