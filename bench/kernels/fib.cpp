// Recursion: a doubly recursive Fibonacci number, nothing but calls.
//--- input
int fib_argument = 31;
//--- input
long fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
//--- input
long kernel_run() { return fib(fib_argument); }
