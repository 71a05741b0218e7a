// Functions and templates from the prelude are tiered as those of an included
// header are: compiled at -O3 from the AST, inlined into the session's own, listed,
// and given up by %undo.
//
// RUN: rm -rf %t && export XDG_CACHE_HOME=%t
// RUN: cat %s | %with_prelude std %reopt_repl | FileCheck %s

std::vector<int> v; for (int i = 0; i < 5000; ++i) v.push_back((i * 7919) % 5003);
std::sort(v.begin(), v.end());
std::map<std::string, int> m; for (int i = 0; i < 2000; ++i) m[std::to_string(i % 300)] += i;
%reopt wait 60
%reopt list push_back(int&&)
// CHECK: std::vector<int, {{.*}}::push_back(int&&) {{.*}}tier 1
// CHECK: {{^}}sum()
// CHECK-NEXT: stage {{ *}}tier 1
long sum() { long t = 0; for (int x : v) t += x; for (auto &p : m) t += p.second; return t; }
for (int i = 0; i < 500; ++i) sum();
%reopt wait 60
%reopt why sum
printf("%ld\n", sum());
%undo
%undo
%undo
// CHECK: {{^}}14503984
long sum() { return v.size(); }
printf("%ld\n", sum());
// CHECK-NEXT: {{^}}5000
std::cout << std::accumulate(v.begin(), v.end(), 0L) << " " << m.size() << std::endl;
// CHECK-NEXT: {{^}}12504984 300
