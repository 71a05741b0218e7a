// A function that is called once, with two loops.
long work(long n) {
  unsigned x = 12345;
  long s = 0;
  for (long i = 0; i < n * 100000; ++i) {
    x = x * 1664525u + 1013904223u;
    s += x >> 16;
  }
  for (long i = 0; i < n * 200000; ++i) {
    x ^= x << 13; x ^= x >> 17; x ^= x << 5;
    s ^= x;
  }
  return s;
}
long s = 0;
//--- loop
s = work(n);
//--- result
s
