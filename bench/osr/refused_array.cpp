// refused: the array is of variable length, and alive in the loop.
long work(long n) {
  int size = 64 + n % 2;
  int a[size];
  long s = 0;
  for (int i = 0; i < size; ++i) a[i] = i;
  for (long i = 0; i < n * 100000; ++i) {
    a[i % size] += i & 7;
    s += a[(i * 3) % size];
  }
  return s;
}
long s = 0;
//--- loop
s = work(n);
//--- result
s
