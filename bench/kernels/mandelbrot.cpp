// Floating-point loops with an exit that depends on the data: the Mandelbrot
// set.
//--- input
int escape_steps(double cx, double cy, int limit) {
  double x = 0, y = 0;
  for (int step = 0; step < limit; ++step) {
    double xx = x * x, yy = y * y;
    if (xx + yy > 4)
      return step;
    y = 2 * x * y + cy;
    x = xx - yy + cx;
  }
  return limit;
}
//--- input
int picture_width = 180, picture_height = 120, picture_limit = 200;
//--- input
long kernel_run() {
  long sum = 0;
  for (int row = 0; row < picture_height; ++row)
    for (int column = 0; column < picture_width; ++column) {
      double cx = 3.0 * column / picture_width - 2.0;
      double cy = 2.0 * row / picture_height - 1.0;
      sum = sum * 3 % 1000003 + escape_steps(cx, cy, picture_limit);
    }
  return sum;
}
