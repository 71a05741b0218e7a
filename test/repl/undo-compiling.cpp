// A function can be undone while the worker is at it. Requests and undos follow
// each other as fast as they can be typed, with code that takes a while to
// compile; what counts in the end is the last definition.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>
int f(int n) { \
  std::map<std::string, int> m; \
  for (int i = 0; i < n; ++i) m[std::to_string(i)] = i; \
  return m.size(); \
}
%reopt now f
%undo
int f(int n) { \
  std::vector<int> v; \
  for (int i = n; i; --i) v.push_back(i); \
  std::sort(v.begin(), v.end()); \
  return v[0]; \
}
%reopt now f
%undo
int f(int n) { \
  std::string s; \
  for (int i = 0; i < n; ++i) s += std::to_string(i); \
  return s.size(); \
}
f(1000);
%reopt now f
%undo
%undo
int f(int n) { return n + 1; }
%reopt now f
%reopt wait 60
%reopt why f
printf("%d\n", f(41));
%reopt status
%quit

// CHECK: f(int)
// CHECK-NEXT: stage {{ *}}tier 1, version 1
// CHECK: {{^}}42
// CHECK: queue {{ *}}0 waiting, 0 being compiled
