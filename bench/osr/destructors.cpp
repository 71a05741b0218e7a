// Objects with destructors, and a handler that is seldom needed.
struct Guard {
  long &at;
  Guard(long &at) : at(at) { ++at; }
  ~Guard() { at += 2; }
};
long work(long n) {
  long s = 0;
  for (long i = 0; i < n * 200000; ++i) {
    try {
      Guard g(s);
      if (i % 50000 == 49999) throw i;
      s ^= i;
    } catch (long e) {
      s += e;
    }
  }
  return s;
}
long s = 0;
//--- loop
s = work(n);
//--- result
s
