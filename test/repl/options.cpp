// Options are given to the plugin or in REOPT_OPTIONS, under the same names;
// what is given to the plugin wins. Tiering can be off from the start.
//
// RUN: cat %s | %reopt_repl | FileCheck --check-prefix=DEFAULT %s
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-threshold=7 \
// RUN:   --Xcc=-fplugin-arg-reopt-loop-factor=3 \
// RUN:   | FileCheck --check-prefix=PLUGIN %s
// RUN: cat %s | REOPT_OPTIONS=threshold=9,loop-factor=2 %reopt_repl \
// RUN:   | FileCheck --check-prefix=LIST %s
// RUN: cat %s | REOPT_OPTIONS="threshold=9 loop-factor=2" %reopt_repl \
// RUN:   | FileCheck --check-prefix=LIST %s
// RUN: cat %s | REOPT_OPTIONS=threshold=9,loop-factor=2 %reopt_repl \
// RUN:   --Xcc=-fplugin-arg-reopt-threshold=7 \
// RUN:   | FileCheck --check-prefix=BOTH %s
// RUN: cat %s | %reopt_repl --Xcc=-fplugin-arg-reopt-tiering=off \
// RUN:   | FileCheck --check-prefix=OFF %s
// RUN: cat %s | REOPT_OPTIONS=tiering=off %reopt_repl \
// RUN:   | FileCheck --check-prefix=OFF %s

%reopt status
// DEFAULT: tiering on; hot after 200 calls or 4000 loop iterations
// PLUGIN: tiering on; hot after 7 calls or 21 loop iterations
// LIST: tiering on; hot after 9 calls or 18 loop iterations
// BOTH: tiering on; hot after 7 calls or 14 loop iterations
// OFF: tiering off; hot after 200 calls
extern "C" int printf(const char *, ...);
static int f() { static int n; return ++n; }
for (int i = 0; i < 1000; ++i) f();
%reopt wait 60
%reopt status
// DEFAULT: 1 in tier 1
// OFF: 0 in tier 1
printf("count %d\n", f());
// DEFAULT: count 1001
// PLUGIN: count 1001
