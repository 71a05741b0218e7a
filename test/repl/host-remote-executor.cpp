// A session with a remote executor is not tiered: one clear line, and all else
// as in stock.
//
// REQUIRES: remote-executor{{.*}}
// UNSUPPORTED: osr-stress
// (nothing is tiered here)
//
// RUN: cat %s | %reopt_repl %remote >%t.out 2>%t.err
// RUN: FileCheck %s <%t.out
// RUN: FileCheck --check-prefix=ERR %s <%t.err
//
// ERR: {{^}}reopt: sessions with a remote executor are not tiered; the session runs as stock
// ERR-NEXT: {{^}}reopt: this session is not tiered: sessions with a remote executor{{.*}}
// ERR-NOT: {{.}}

extern "C" int printf(const char *, ...);
int f(int x) { return x + 1; }
%reopt status
printf("%d\n", f(1));
// CHECK: {{^}}2
