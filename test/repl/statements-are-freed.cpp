// What ran once and can be reached no more is unmapped, and what the program
// may have kept of it stays.
//
// What went on at -O3 is listed, and stays.
// UNSUPPORTED: osr-stress
//
// RUN: cat %s | %reopt_repl 2>&1 | FileCheck %s

#include <cstdio>
#include <cstring>
#include <cwchar>
#include <functional>

// Mappings of code that are not from files.
int code() { \
  int n = 0; \
  char line[512]; \
  FILE *f = fopen("/proc/self/maps", "r"); \
  while (fgets(line, sizeof line, f)) \
    n += strstr(line, "r-xp") && !strchr(line, '/') && !strchr(line, '['); \
  fclose(f); \
  return n; \
}
int x = 0, before = code();
const char *literal, *empty;
const wchar_t *wide;
std::function<int()> later;
before = code();
x += 1;
for (int i = 0; i < 3; ++i) x += i;
literal = "a literal";
empty = "";
wide = L"wide";
{ struct Local { int v; } a{3}; x += a.v; }
if (x > 0) { x += 2; } else { x = 0; }
try { throw 5; } catch (int n) { x += n; }
x += strlen(literal);
{ int a[3] = {1, 2, 3}; for (int i : a) x += i; }
printf("code: %d\n", code() - before);
// CHECK: code: {{[01]$}}
later = [] { static int calls = 0; return ++calls + x; };
later();
printf("%d %s %d %ld\n", x, literal, *empty, (long)wcslen(wide));
// CHECK: 29 a literal 0 4
printf("later %d\n", later());
// CHECK: later 31
[] { return x; }()
// CHECK: (int) 29
%undo
%undo
x + 1
// CHECK: (int) 30
// One that ran long is listed, and stays.
for (int i = 0; i < 3000000; ++i) x ^= i;
%reopt wait 60
%reopt list
// CHECK: statement
%quit
