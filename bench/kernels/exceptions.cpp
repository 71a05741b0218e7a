// Exceptions: a parser of numbers that throws for one line in sixty, caught
// two frames further up, with an object to destroy on the way.
#include <stdexcept>
#include <string>
//--- input
struct Depth {
  int &level;
  explicit Depth(int &level) : level(level) { ++level; }
  ~Depth() { --level; }
};
//--- input
int digit_value(char c) {
  if (c < '0' || c > '9')
    throw std::invalid_argument("digit expected");
  return c - '0';
}
//--- input
long parse_number(const std::string &line, int &level) {
  Depth depth(level);
  long value = 0;
  for (char c : line)
    value = value * 10 + digit_value(c);
  if (value > 999999)
    throw std::out_of_range("number too large");
  return value;
}
//--- input
std::string make_line(int i) {
  std::string line;
  for (int rest = i * 37 % 1000000; rest > 0; rest /= 10)
    line += char('0' + rest % 10);
  if (i % 120 == 5)
    line += 'x';
  if (i % 120 == 77)
    line.insert(0, "1000000");
  return line;
}
//--- input
int line_count = 40000;
//--- input
long kernel_run() {
  long sum = 0;
  int level = 0, wrong = 0, large = 0;
  for (int i = 0; i < line_count; ++i) {
    try {
      sum += parse_number(make_line(i), level);
    } catch (const std::out_of_range &) {
      ++large;
    } catch (const std::exception &error) {
      wrong += error.what()[0] == 'd';
    }
  }
  return sum * 1000 + wrong * 100 + large * 10 + level;
}
