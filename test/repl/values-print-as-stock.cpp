// Values of all kinds print as in stock clang-repl while every function is
// swapped after its first call. Printing looks at the AST, which the worker
// uses too.
//
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-threshold=1 >%t.ours
// RUN: cat %s | %clang_repl >%t.stock 2>%t.stock.err
// RUN: diff %t.stock %t.ours
// RUN: FileCheck %s <%t.ours

#include <string>
int i() { return 42; }
double d() { return 2.5; }
float f() { return 1.5f; }
char c() { return 'x'; }
bool b() { return true; }
enum Color { Red, Green };
Color e() { return Green; }
enum class Kind { A, B };
Kind k() { return Kind::B; }
struct P { int x; };
P *p() { return nullptr; }
void v() {}
const char *text() { return "text"; }
const std::string &string() { static std::string s = "string"; return s; }
unsigned long long big() { return 1ull << 63; }
int array[3] = {1, 2, 3};
int &ref() { return array[1]; }
int (*function())() { return nullptr; }
i()
// CHECK: (int) 42
d()
// CHECK: (double) 2.5
f()
c()
b()
e()
// CHECK: (Color) (Green) : unsigned int 1
k()
// CHECK: (Kind) (Kind::B) : int 1
p()
v()
text()
// CHECK: (const char *) "text"
string().c_str()
// CHECK: (const char *) "string"
big()
array
// CHECK: (int[3]) { 1, 2, 3 }
ref()
function()
i() + i()
for (int n = 0; n != 2; ++n) { \
i(); \
d(); \
f(); \
c(); \
b(); \
e(); \
k(); \
p(); \
text(); \
string(); \
big(); \
ref(); \
function(); \
}
i()
d()
f()
c()
b()
e()
k()
p()
text()
string().c_str()
big()
array
ref()
function()
array[0] = 7
ref() = 9
array
// CHECK: (int[3]) { 7, 9, 3 }
1.5f
nullptr
'a' < 'b'
sizeof(P)
