// The clock inside the measured process: the same text for every engine. The
// driver sends it before a kernel's inputs, or puts it above them in a file
// that is compiled ahead of time.
#include <stdio.h>
#include <time.h>
//--- input
// One call of a kernel, in nanoseconds: wall time, and CPU time of its thread.
struct BenchCall {
  long start, end, cpu;
};
const int bench_capacity = 10000;
BenchCall bench_calls[bench_capacity];
long bench_marks[8];
int bench_mark_count = 0, bench_call_count = 0;
unsigned long bench_checksum = 0;

long bench_clock(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * 1000000000L + now.tv_nsec;
}

void bench_mark() {
  bench_marks[bench_mark_count++] = bench_clock(CLOCK_MONOTONIC);
}

void bench_check(long result) {
  bench_checksum = (bench_checksum ^ (unsigned long)result) * 0x100000001b3UL;
}

// The pointer is volatile, so that no engine moves or merges calls.
void bench_run(long (*kernel)(), int calls) {
  long (*volatile target)() = kernel;
  for (; bench_call_count < calls; ++bench_call_count) {
    BenchCall &call = bench_calls[bench_call_count];
    long cpu_start = bench_clock(CLOCK_THREAD_CPUTIME_ID);
    call.start = bench_clock(CLOCK_MONOTONIC);
    long result = target();
    call.end = bench_clock(CLOCK_MONOTONIC);
    call.cpu = bench_clock(CLOCK_THREAD_CPUTIME_ID) - cpu_start;
    bench_check(result);
  }
}

void bench_report() {
  for (int i = 0; i < bench_mark_count; ++i)
    printf("bench mark %ld\n", bench_marks[i]);
  for (int i = 0; i < bench_call_count; ++i)
    printf("bench call %ld %ld %ld\n", bench_calls[i].start, bench_calls[i].end,
           bench_calls[i].cpu);
  printf("bench checksum %lu\n", bench_checksum);
  fflush(stdout);
}
