// The session ends while the worker looks for the declarations of what a loop at
// the prompt calls. It must not look at the AST any more then.
//
// RUN: for i in 1 2 3 4 5; do cat %s | %reopt_repl | FileCheck %s || exit 1; done

#include <map>
#include <string>
#include <vector>
extern "C" int printf(const char *, ...);
std::map<std::string, std::vector<int>> m;
for (int i = 0; i < 5000; ++i) m[std::to_string(i % 7)].push_back(i);
printf("%zu %zu\n", m.size(), m["3"].size());
// CHECK: 7 714
