// Typed at the prompt with local variables; caught in the inner loop.
long total = 0;
//--- loop
for (long i = 0; i < n * 1000; ++i) {
  int s = 0;
  for (int j = 0; j < 1000; ++j) s += (int)(i * j) ^ (s >> 3);
  total += s;
}
//--- result
total
