// A session with a remote executor is not tiered: one clear line, and all else
// as in stock.
//
// REQUIRES: remote-executor{{.*}}
//
// RUN: cat %s | %reopt_repl %remote >%t.out 2>%t.err
// RUN: FileCheck %s <%t.out
// RUN: FileCheck --check-prefix=ERR %s <%t.err
//
// ERR: {{^}}reopt: sessions with a remote executor are not tiered; the session runs as stock
// ERR-NEXT: {{^}}reopt: this session is not tiered: sessions with a remote executor{{.*}}
// ERR-NOT: {{.}}

extern "C" int printf(const char *, ...);
extern "C" int fflush(void *);
int f(int x) { return x + 1; }
%reopt status
// At its end clang-repl writes an empty line to the same pipe.
printf("%d\n", f(1)); fflush(nullptr);
// CHECK: {{^}}2
