// The session's exit code is stock's: zero at the end of the input, after
// %quit, and after errors; that of exit(); an error for wrong options of the
// host.
//
// RUN: echo 'int x = 3;' | %reopt_repl
// RUN: printf 'int x = 3;\n%%quit\nint y = ;\n' | %reopt_repl
// RUN: (cat %s; echo 'nonsense') | %reopt_repl 2>%t.err
// RUN: echo 'extern "C" void exit(int); exit(3);' | %reopt_repl; test $? = 3
// RUN: %reopt_repl 'int x = 3;' </dev/null
// RUN: not %reopt_repl --Xcc=-std=nonsense </dev/null 2>%t.err

int f(int x) { return x + 1; }
for (int i = 0; i < 1000; ++i) f(i);
%reopt nonsense
