// Undoing an object that has a destructor: nothing of it is called when the
// session ends, and the session ends well. (Stock clang-repl crashes.)
//
// RUN: cat %s | %reopt_repl | FileCheck %s

#include <cstdio>
struct Noisy { \
  Noisy() { printf("make\n"); } \
  ~Noisy() { \
    printf("drop\n"); \
    fflush(stdout); \
  } \
};
Noisy kept;
Noisy undone;
%undo
printf("end\n");
%quit

// CHECK: make
// CHECK-NEXT: make
// CHECK: end
// CHECK: drop
