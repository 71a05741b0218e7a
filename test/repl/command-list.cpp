// %reopt list shows each function with tier, version, calls and reason, the
// hottest first; a pattern picks by part of the name or with wildcards. What
// was never called is only counted.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

%reopt list
// CHECK: {{^}}no functions yet
namespace geo { \
struct Point { \
  int x; \
  int get() const { return x; } \
}; \
int area(int a, int b) { return a * b; } \
}
int never(int x) { return x; }
int some(int x) { return x; }
int often(int x) { return x; }
geo::Point p{1};
for (int i = 0; i < 1000; ++i) { often(i); geo::area(i, i); p.get(); p.get(); }
some(1); some(2);
%reopt wait 60
%reopt list
// CHECK: {{^}}function tier v calls -O3 in reason
// CHECK-NEXT: {{^}}geo::Point::get() const tier 1 1 2000{{.*}} ms hot: compiled at -O3
// CHECK-DAG: {{^}}often(int) tier 1 1 1000{{.*}} ms hot: compiled at -O3
// CHECK-DAG: {{^}}geo::area(int, int) tier 1 1 1000{{.*}} ms hot: compiled at -O3
// CHECK: {{^}}some(int) tier 0 0 2 - not hot yet
// CHECK-NEXT: {{^}}1 function not called yet
%reopt list ofte
// CHECK-NEXT: {{^}}function
// CHECK-NEXT: {{^}}often(int)
%reopt list geo::*
// CHECK-NEXT: {{^}}function
// CHECK-NEXT: {{^}}geo::Point::get() const
// CHECK-NEXT: {{^}}geo::area(int, int)
%reopt list *(int)
// CHECK-NEXT: {{^}}function
// CHECK-NEXT: {{^}}often(int)
// CHECK-NEXT: {{^}}some(int)
// CHECK-NEXT: {{^}}never(int) lazy 0 0 - not called yet
%reopt list *[rn]e*
// CHECK-NEXT: {{^}}function
// CHECK-NEXT: {{^}}geo::area(int, int)
// CHECK-NEXT: {{^}}never(int)
%reopt list nobody
// CHECK-NEXT: {{^}}no function matches
