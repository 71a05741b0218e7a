// Floating point, the order of which must be kept.
double term(double x) { return 1.0 / (x * x + 1.0); }
double s = 0;
//--- loop
for (long i = 0; i < n * 100000; ++i) s += term(i * 1e-4);
//--- result
(long)(s * 1e6)
