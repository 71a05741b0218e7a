// What only a virtual function of an inline class mentions is missed when the
// class is used, and not when it is defined; what depends on a failed
// definition says so.
//
// RUN: cat %s | %reopt_repl 2>%t.err | FileCheck %s
// RUN: FileCheck --check-prefix=ERR --implicit-check-not='error:' %s <%t.err

extern "C" int printf(const char *, ...);
int absent();
template <class T> struct Shape { virtual ~Shape() {} virtual T area() { return absent(); } };
int use(int x) { Shape<int> s; Shape<int> *p = &s; return x ? p->area() : 0; }
printf("defined\n");
// CHECK: defined
printf("never printed %d\n", use(1));
// ERR: error: undefined: absent(){{$}}
printf("never printed %d\n", use(0));
// ERR: error: undefined: absent(){{$}}
int w = absent();
// ERR: error: undefined: absent(){{$}}
printf("never printed %d\n", w);
// ERR: error: undefined: w (its definition failed)
int absent() { return 9; }
printf("used %d\n", use(1));
// CHECK-NOT: never printed
// CHECK: used 9
