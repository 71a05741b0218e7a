// A lambda with state, in a function that is called once.
long work(long n) {
  long s = 0;
  auto add = [&s, k = 1L](long i) mutable { k = k * 3 + i; s ^= k; };
  for (long i = 0; i < n * 200000; ++i) add(i);
  return s;
}
long s = 0;
//--- loop
s = work(n);
//--- result
s
