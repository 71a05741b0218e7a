// What is small of the standard library becomes part of tier 0's callers: it is
// not listed, and answers stay the same. Loops call it as ever, and so does
// whoever has it by its address.
//
// RUN: cat %s | %reopt_repl 2>&1 | FileCheck --check-prefixes=CHECK,SMALL %s
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-inline-library=0 2>&1 \
// RUN:   | FileCheck --check-prefixes=CHECK,NONE %s
extern "C" int printf(const char *, ...);
#include <vector>
std::vector<int> numbers{3, 1, 2};
printf("size %d\n", int(numbers.size()));
// CHECK: size 3
%reopt list ::size()
// SMALL-NOT: ::size() const
// NONE: ::size() const

auto size = &std::vector<int>::size;
printf("by address %d\n", int((numbers.*size)()));
// CHECK: by address 3
int sum = 0;
for (unsigned i = 0; i < numbers.size(); ++i) sum += numbers[i];
printf("sum %d\n", sum);
// CHECK: sum 6
try { numbers.at(7); } catch (...) { printf("thrown\n"); }
// CHECK: thrown
