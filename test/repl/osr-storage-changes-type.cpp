// A continuation knows of which type each memory access is, and the language
// allows storage to change its type: unions, copies of bytes, new objects in old
// storage. The answers are those of clang++ at -O0 and at -O3.
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <new>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <variant>
#include <vector>
#include <map>
union U { float f; unsigned u; long l; double d; };
long punUnion(long n) { U x; x.l = 0; long s = 0; for (long i = 0; i < n; ++i) { x.f = i * 0.5f; s += x.u >> 20; x.d = i; s ^= x.l >> 50; } return s; }
printf("%ld\n", punUnion(200000));
// CHECK: {{^}}228104574
long punMemcpy(long n) { double d = 0; long s = 0; for (long i = 0; i < n; ++i) { d = i * 1.25; long l; memcpy(&l, &d, 8); s += l >> 40; unsigned char *p = (unsigned char *)&d; p[7] ^= 0x80; s += d < 0; } return s; }
printf("%ld\n", punMemcpy(200000));
// CHECK: {{^}}851496434817
struct A { int a; float b; }; struct B { float a; int b; };
long placement(long n) { alignas(8) unsigned char raw[8]; long s = 0; for (long i = 0; i < n; ++i) { A *a = new (raw) A{int(i), float(i)}; s += a->a + long(a->b); a->~A(); B *b = new (raw) B{float(i), int(i) * 2}; s += long(b->a) + b->b; b->~B(); } return s; }
printf("%ld\n", placement(200000));
// CHECK: {{^}}99999500000
long variants(long n) { std::variant<int, double, std::string> v; long s = 0; for (long i = 0; i < n; ++i) { switch (i % 3) { case 0: v = int(i); break; case 1: v = i * 0.5; break; default: v = std::string("x") + std::to_string(i); } s += std::visit([](auto &x) -> long { if constexpr (std::is_same_v<std::decay_t<decltype(x)>, std::string>) return x.size(); else return long(x); }, v); } return s; }
printf("%ld\n", variants(60000));
// CHECK: {{^}}900076298
struct Base { int x = 1; virtual ~Base() {} virtual long g(long i) { return x + i; } }; struct Derived : Base { double y = 2; long g(long i) override { return long(y) * i + x; } };
long virt(long n) { Base *p = new Base; long s = 0; for (long i = 0; i < n; ++i) { s += p->g(i); if (i % 1000 == 0) { delete p; if (i % 2000) p = new Base; else p = new Derived; } } delete p; return s; }
printf("%ld\n", virt(200000));
// CHECK: {{^}}29950150000
long pool(long n) { void *free_ = nullptr; std::vector<void *> all; long s = 0; for (long i = 0; i < n; ++i) { void *m; if (free_) { m = free_; free_ = *(void **)m; } else { m = malloc(16); all.push_back(m); } if (i & 1) { long *l = new (m) long[2]{i, i * 2}; s += l[0] + l[1]; } else { double *d = new (m) double[2]{i * .5, i * 2.}; s += long(d[0] + d[1]); } if (i % 3) { new (m) (void *)(free_); free_ = m; } } for (void *m : all) free(m); return s; }
printf("%ld\n", pool(200000));
// CHECK: {{^}}54999750000
struct Node { Node *next; union { int i; float f; }; bool isFloat; };
long list_(long n) { Node *head = nullptr; for (int i = 0; i < 100; ++i) { head = new Node{head, {}, false}; head->i = i; } long s = 0; for (long r = 0; r < n; ++r) for (Node *p = head; p; p = p->next) { if (p->isFloat) { s += long(p->f); p->i = int(p->f) + 1; } else { s += p->i; p->f = float(p->i % 1000); } p->isFloat = !p->isFloat; } return s; }
printf("%ld\n", list_(5000));
// CHECK: {{^}}229900000
template <class T> struct Vec { T *b, *e; Vec(long n) : b(new T[n]()), e(b + n) {} T &operator[](long i) { return b[i]; } long run(long n) { long s = 0; for (long r = 0; r < n; ++r) for (long i = 0; b + i != e; ++i) { b[i] += T(i); if (i == 5) { T *t = b; b = e; e = t; T *u = b; b = e; e = u; } s += long(b[i]); } return s; } };
Vec<long> vl2(500); printf("%ld\n", vl2.run(2000));
// CHECK: {{^}}249624750000
long selfref(long n) { struct S { S *self; long v; }; S a{&a, 1}, b{&b, 2}; S *p = &a; long s = 0; for (long i = 0; i < n; ++i) { p->self->v += i; s += p->v; if (i % 7 == 0) { a.self = a.self == &a ? &b : &a; } if (i % 11 == 0) p = p == &a ? &b : &a; } return s; }
printf("%ld\n", selfref(300000));
// CHECK: {{^}}2250022353779589
long total = 0; std::vector<long> vec(1000); for (long r = 0; r < 500; ++r) for (size_t i = 0; i < vec.size(); ++i) { vec[i] += i ^ r; total += vec[i]; if (r == 400 && i == 3) vec.push_back(7); } printf("%ld %zu\n", total, vec.size());
// CHECK: {{^}}63031502142 1001
std::map<std::string, double> m; for (int i = 0; i < 20000; ++i) m["k" + std::to_string(i % 97)] += i * 0.5; printf("%.1f\n", m["k5"]);
// CHECK: {{^}}1034586{{[.]}}0
bool flags[64]; long bools(long n) { long s = 0; for (long i = 0; i < n; ++i) { flags[i & 63] = !flags[(i * 7) & 63]; memset(&flags[i & 31], (i >> 3) & 1, 2); s += flags[i & 15]; } return s; }
printf("%ld\n", bools(200000));
// CHECK: {{^}}100000
