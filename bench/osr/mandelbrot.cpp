// Three loops deep, with an exit from the innermost.
long escape(double cr, double ci) {
  double r = 0, i = 0;
  for (int k = 0; k < 200; ++k) {
    double t = r * r - i * i + cr;
    i = 2 * r * i + ci;
    r = t;
    if (r * r + i * i > 4) return k;
  }
  return 200;
}
long s = 0;
//--- loop
for (long pass = 0; pass < n; ++pass)
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 40; ++x)
      s += escape(-2.0 + x * 0.075, -1.25 + y * 0.0625);
//--- result
s
