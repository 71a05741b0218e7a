// Recursion that nests deeply: Ackermann's function and Takeuchi's.
//--- input
long ackermann_m = 3, ackermann_n = 8;
int tak_x = 16, tak_y = 10, tak_z = 4;
//--- input
long ackermann(long m, long n) {
  if (m == 0)
    return n + 1;
  if (n == 0)
    return ackermann(m - 1, 1);
  return ackermann(m - 1, ackermann(m, n - 1));
}
//--- input
int tak(int x, int y, int z) {
  if (y >= x)
    return z;
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}
//--- input
long kernel_run() {
  return ackermann(ackermann_m, ackermann_n) * 100 + tak(tak_x, tak_y, tak_z);
}
