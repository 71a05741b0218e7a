// Integer loops of unpredictable length: the longest Collatz chain below a
// bound.
//--- input
int chain_length(unsigned long n) {
  int length = 1;
  while (n != 1) {
    n = n % 2 ? 3 * n + 1 : n / 2;
    ++length;
  }
  return length;
}
//--- input
int chain_bound = 28000;
//--- input
long kernel_run() {
  int longest = 0, start = 0;
  for (int n = 1; n < chain_bound; ++n) {
    int length = chain_length(n);
    if (length > longest) {
      longest = length;
      start = n;
    }
  }
  return start * 1000L + longest;
}
