// An explicit instantiation for a type that was undone does not come back, and
// is not in the way of that for the type's successor. (Stock crashes.)
//
// RUN: cat %s | %reopt_repl 2>&1 | FileCheck %s

extern "C" int printf(const char *, ...);
template <class T> struct V { long get() { return sizeof(T); } };
template <class T> long add(T t) { return sizeof(t) + 1; }
struct Foo { char a[8]; }; template struct V<Foo>; template long add<Foo>(Foo);
printf("%ld %ld\n", V<Foo>().get(), add(Foo()));
%undo
%undo
int between = 1;
struct Foo { char a[16]; }; template struct V<Foo>; template long add<Foo>(Foo);
printf("%ld %ld\n", V<Foo>().get(), add(Foo()));
%undo
%undo
struct Foo { char a[24]; };
printf("%ld %ld\n", V<Foo>().get(), add(Foo()));

// CHECK: {{^}}8 9
// CHECK: {{^}}16 17
// CHECK: {{^}}24 25
