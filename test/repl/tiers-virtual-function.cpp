// A virtual function that is called through its base is tiered: the class's
// table holds the stub, so that objects made before the swap reach the new
// code. With several and with virtual bases the call goes through a thunk.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

extern "C" int printf(const char *, ...);
struct A { virtual int a(int x) { return x; } virtual ~A() {} };
struct B { virtual int b(int x) { return -x; } virtual ~B() {} int base = 5; };
struct C : virtual B { int b(int x) override { return x + base; } };
struct D : A, C { \
  int a(int x) override { return 2 * x; } \
  int b(int x) override { return 3 * x + base; } \
};
A *one = new D;
B *two = new D;
B *three = new C;
long sum = 0;
for (int i = 0; i < 1000; ++i) sum += one->a(i) + two->b(i) + three->b(i);
printf("tier 0 gives %ld\n", sum);
%reopt wait 60
%reopt list ::
// CHECK: tier 0 gives 3007000
// CHECK-DAG: {{^}}D::a(int) {{ *}}tier 1
// CHECK-DAG: {{^}}D::b(int) {{ *}}tier 1
// CHECK-DAG: {{^}}C::b(int) {{ *}}tier 1
sum = 0;
for (int i = 0; i < 1000; ++i) sum += one->a(i) + two->b(i) + three->b(i);
printf("tier 1 gives %ld\n", sum);
// CHECK: tier 1 gives 3007000
printf("cast %d\n", dynamic_cast<D *>(two) != nullptr);
printf("cast %d\n", dynamic_cast<D *>(three) != nullptr);
// CHECK-NEXT: cast 1
// CHECK-NEXT: cast 0
