// TBAA knows classes by name, and clang numbers those without one anew in each
// emission. Two of them were taken for each other where a batch had several
// emissions, and stores to one object through two pointers were said not to meet:
// r() returned n.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
struct { int a; int b; } gA;
struct { int a; int b; } gB;
decltype(gA) *pa[2] = {&gA, &gA};
decltype(gB) *pb[2] = {&gB, &gB};
void w(int i, int n) { pb[i]->a = n; }
int r(int i, int j, int k, int n) { pa[i]->a = 1; decltype(gB) *p = pb[j]; p->a = n; w(k, n + 1); return p->a; }
r(0, 0, 1, 5);
%reopt now r
%reopt wait
printf("now %d\n", r(0, 0, 1, 5));
// CHECK: now 6

// In a loop that goes on: its frame has the types of an emission of its own.
int run(int times) { int wrong = 0; for (int n = 0; n < times; ++n) { pa[0]->a = 1; decltype(gB) *p = pb[n & 1]; p->a = n; w(1, n + 1); wrong += p->a != n + 1; } return wrong; }
printf("function %d\n", run(3000000));
// CHECK: function 0
int wrong = 0;
for (int n = 0; n < 3000000; ++n) { pa[0]->a = 1; decltype(gB) *p = pb[n & 1]; p->a = n; w(1, n + 1); wrong += p->a != n + 1; }
printf("statement %d\n", wrong);
// CHECK: statement 0

// As a member, and as an argument of a template.
struct S { struct { int x; } in; int y; } s, *ps[2] = {&s, &s};
template <class T> struct Box { T *at; };
Box<decltype(gB)> boxes[2] = {{&gB}, {&gB}};
void w2(int i, int n) { ps[i]->in.x = n; boxes[i].at = &gB; }
int r2(int j, int k, int n) { S *p = ps[j]; Box<decltype(gB)> *b = &boxes[j]; p->in.x = n; b->at = nullptr; w2(k, n + 1); return p->in.x + (b->at != nullptr || j != k); }
r2(0, 1, 5);
%reopt now r2
%reopt wait
printf("inside %d %d\n", r2(0, 1, 5), r2(1, 1, 5));
// CHECK: inside 7 7
%reopt list r
// CHECK: r(int, int, int, int) {{.*}}tier 1
