// One small header of C: what a prelude costs where it can bring nothing.
#include <cstdio>
//--- input
int square(int x) { return x * x; }
//--- input
std::printf("bench checksum %d\n", square(12)), std::fflush(stdout);
