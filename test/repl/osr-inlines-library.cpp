// Members of std::string have their code in the library, and tier 0 calls them
// there; their bodies are in the header. A loop that goes on has them inlined, as
// ahead of time.
//
// RUN: cat %s | %reopt_repl --Xcc=-I%S/../Inputs -print-before=codegenprepare 2>&1 | FileCheck %s

#include <string>
extern "C" int printf(const char *, ...);
#include "moved.h"
long total = 0;
while (!moved()) { std::string text; for (int i = 0; i < 50; ++i) text += char('a' + i % 26); total += text.size(); }
printf("went on: %d\n", total % 50 == 0);
%reopt why statement 1

// It calls what allocates, which is not in the header, and no operator+=.
// CHECK: define internal void @__stmts__{{.*}}.loops
// CHECK-NOT: basic_stringIcSt11char_traitsIcESaIcEEpLEc
// CHECK: 9_M_mutateEmmPKcm
// CHECK-NOT: basic_stringIcSt11char_traitsIcESaIcEEpLEc
// CHECK: went on: 1
// CHECK: loops {{ *}}1 frame went on at -O3
