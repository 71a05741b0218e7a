// A CUDA session is not tiered: one clear line says so, once, and %reopt says
// it again; all else is as in stock.
//
// RUN: cat %s | %reopt_repl --cuda >%t.out 2>%t.err
// RUN: FileCheck %s <%t.out
// RUN: FileCheck --check-prefix=ERR %s <%t.err
//
// ERR: {{^}}reopt: CUDA sessions are not tiered; the session runs as stock
// ERR-NEXT: {{^}}reopt: this session is not tiered: {{.*}}CUDA{{.*}}
// ERR-NOT: {{.}}

extern "C" int printf(const char *, ...);
int f(int x) { return x + 1; }
%reopt status
printf("%d\n", f(1));
// CHECK: {{^}}2
