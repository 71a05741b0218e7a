// Arrays in the frame, a nest of three.
long work(long n) {
  static double a[64][64], b[64][64], c[64][64];
  for (int i = 0; i < 64; ++i)
    for (int j = 0; j < 64; ++j) a[i][j] = i + j, b[i][j] = i - j, c[i][j] = 0;
  for (long pass = 0; pass < n; ++pass)
    for (int i = 0; i < 64; ++i)
      for (int k = 0; k < 64; ++k)
        for (int j = 0; j < 64; ++j) c[i][j] += a[i][k] * b[k][j];
  double s = 0;
  for (int i = 0; i < 64; ++i) s += c[i][(i * 7) % 64];
  return (long)s;
}
long s = 0;
//--- loop
s = work(n);
//--- result
s
