// A static object is constructed when its input runs, never again by later
// inputs that mention it, keeps its state over them, and is destroyed once.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <cstdio>
struct Object { \
  int n = 0; \
  Object() { printf("make\n"); } \
  ~Object() { \
    printf("drop %d\n", n); \
    fflush(stdout); \
  } \
};
static Object object;
int use() { return ++object.n; }
printf("%d\n", use());
printf("%d\n", ++object.n);
printf("%d\n", ++object.n);
const Object fixed;
const Object *where = &fixed;
printf("%d\n", where == &fixed && &fixed == where);
int side = 10;
static int computed = ++side;
printf("%d\n", computed);
printf("%d\n", computed);
%quit

// CHECK: {{^}}make
// CHECK-NEXT: {{^}}1
// CHECK-NEXT: {{^}}2
// CHECK-NEXT: {{^}}3
// CHECK-NEXT: {{^}}make
// CHECK-NEXT: {{^}}1
// CHECK-NEXT: {{^}}11
// CHECK-NEXT: {{^}}11
// CHECK-DAG: {{^}}drop 3
// CHECK-DAG: {{^}}drop 0
// CHECK-NOT: drop
