// A continuation is made of tier 0's IR, which does not say of what type memory
// accesses are. Without it, a loop that stores through a pointer would read that
// pointer anew each time, and the bound, too. As ahead of time, these are
// vectorised: in a member function, in a statement, in one of several statements
// of an input, and in a lambda that has what it sums into by reference.
//
// RUN: cat %s | %reopt_repl --Xcc=-I%S/../Inputs -print-before=codegenprepare 2>&1 | FileCheck %s

#include <vector>
extern "C" int printf(const char *, ...);
#include "moved.h"

struct Field { double *at; long size; void run() { while (!moved()) for (long i = 0; i < size; ++i) at[i] = at[i] * 0.5 + 1; } };
Field field{new double[1000](), 1000};
field.run();
printf("member: %d\n", field.at[999] > 0.9);
// CHECK: define internal void @_ZN5Field3runEv{{.*}}loops
// CHECK: store <{{[0-9]+}} x double>

std::vector<double> values(1000);
first = nullptr;
while (!moved()) for (std::size_t i = 0; i < values.size(); ++i) values[i] = values[i] * 0.5 + 1;
printf("statement: %d\n", values[999] > 0.9);
// CHECK: define internal void @__stmts__{{.*}}loops
// CHECK: store <{{[0-9]+}} x double>

// clang begins a new function behind each initialiser: this input has three.
int made() { return 1; }
values[999] = 0; first = nullptr; int before = made(); while (!moved()) for (std::size_t i = 0; i < values.size(); ++i) values[i] = values[i] * 0.25 + 1; int after = made(); printf("several: %d\n", values[999] > 0.9);
// CHECK: define internal void @__stmts__{{.*}}loops
// CHECK: store <{{[0-9]+}} x double>

first = nullptr;
long run() { long sum = 0; int *at = new int[1000](); auto add = [&] { while (!moved()) for (int i = 0; i < 1000; ++i) sum += at[i] ^ 1; }; add(); return sum; }
printf("lambda: %d\n", run() % 1000 == 0);
// CHECK: define internal void @_ZZ3runvENK{{.*}}loops
// CHECK: add <{{[0-9]+}} x i64>

// The program's output comes last, through a pipe.
// CHECK: member: 1
// CHECK: statement: 1
// CHECK: several: 1
// CHECK: lambda: 1
