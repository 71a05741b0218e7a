// What a person types first: no header, short inputs, each used at once.
//--- input
int counter = 0;
//--- input
int square(int x) { return x * x; }
//--- input
bench_check(square(7));
//--- input
for (int i = 0; i < 10; ++i)
  counter += square(i);
//--- input
bench_check(counter);
//--- input
struct Point {
  int x, y;
  int dot(const Point &other) const { return x * other.x + y * other.y; }
};
//--- input
Point origin{0, 0}, corner{3, 4};
//--- input
bench_check(corner.dot(corner) + origin.dot(corner));
//--- input
auto scale = [](Point p, int by) { return Point{p.x * by, p.y * by}; };
//--- input
corner = scale(corner, 2);
//--- input
bench_check(corner.x);
//--- input
template <class T> T largest(T a, T b) { return a < b ? b : a; }
//--- input
bench_check(largest(corner.x, counter) + long(largest(0.5, 2.5)));
//--- input
double mean(const int *values, int count) {
  double sum = 0;
  for (int i = 0; i < count; ++i)
    sum += values[i];
  return count ? sum / count : 0;
}
//--- input
int samples[] = {2, 3, 5, 7, 11};
//--- input
bench_check(long(mean(samples, 5) * 10));
//--- input
counter + samples[4]
