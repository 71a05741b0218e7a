// The loop that calls itself, five deep.
long count(int depth, long n) {
  long s = 0;
  for (long i = 0; i < n; ++i) s += depth ? count(depth - 1, 12 + (s & 1)) + i : i ^ 5;
  return s;
}
long s = 0;
//--- loop
s = count(4, n);
//--- result
s
