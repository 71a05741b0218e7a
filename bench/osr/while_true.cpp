// No condition but the break.
long steps = 0, longest = 0;
//--- loop
long i = 1;
while (true) {
  long x = i, k = 0;
  while (x != 1) { x = x & 1 ? 3 * x + 1 : x / 2; ++k; }
  steps += k;
  if (k > longest) longest = k;
  if (++i > n * 1000) break;
}
//--- result
steps + longest
