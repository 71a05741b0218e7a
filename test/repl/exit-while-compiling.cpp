// A program may call exit() at any moment, also while the worker compiles: the
// session ends with that code, and without a crash.
//
// RUN: for i in 1 2 3; do (cat %s; printf 'exit(%%d);\n' $i) \
// RUN:   | %reopt_repl; test $? = $i || exit 1; done

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>
int work(int n) { \
  std::map<std::string, int> m; \
  for (int i = 0; i < n; ++i) m[std::to_string(i % 10)] += i; \
  std::vector<int> v; \
  for (auto &x : m) v.push_back(x.second); \
  std::sort(v.begin(), v.end()); \
  return v[0]; \
}
int spin(int n) { int s = 0; for (int i = 0; i < n; ++i) s ^= i; return s; }
for (int i = 0; i < 1000; ++i) spin(i);
for (int i = 0; i < 300; ++i) work(10);
