// A wrong word, or a wrong argument, gets one line that says what is valid, and
// changes nothing. It goes to standard error: output that a script reads stays
// clean.
//
// RUN: cat %s | %reopt_repl 2>%t.err | FileCheck %s
// RUN: FileCheck --check-prefix=ERR --match-full-lines %s <%t.err

extern "C" int printf(const char *, ...);
int f(int x) { return x; }
int f(double x) { return x; }
%reopt frob
// ERR: reopt: no command 'frob'; valid are help, status, list, on, off, threshold, now, why, wait{{.*}}
%reopt Status
// ERR-NEXT: reopt: no command 'Status'; valid are {{.*}}
%reopt status now
// ERR-NEXT: reopt: %reopt status takes no argument
%reopt off now
// ERR-NEXT: reopt: %reopt off takes no argument
%reopt threshold
// ERR-NEXT: reopt: threshold takes a number of calls from 0 to 1000000000, not ''
%reopt threshold many
// ERR-NEXT: reopt: threshold takes a number of calls from 0 to 1000000000, not 'many'
%reopt threshold -1
// ERR-NEXT: reopt: threshold takes a number of calls from 0 to 1000000000, not '-1'
%reopt wait long
// ERR-NEXT: reopt: wait takes a number of seconds, not 'long'
%reopt now
// ERR-NEXT: reopt: now takes a function, or * for all
%reopt why
// ERR-NEXT: reopt: why takes a function
%reopt why nobody
// ERR-NEXT: reopt: no function 'nobody' {{.*}}
%reopt now f(char)
// ERR-NEXT: reopt: no function 'f(char)' {{.*}}
%reopt list [
// ERR-NEXT: reopt: invalid glob pattern, {{.*}}
// ERR-NOT: {{.}}
%reopt status
// CHECK-NOT: {{.}}
// CHECK: tiering on; hot after 200 calls
printf("still here\n");
// CHECK: still here
