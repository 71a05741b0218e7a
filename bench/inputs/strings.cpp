// Strings and streams: building, cutting, converting, printing to a buffer.
#include <iostream>
#include <sstream>
#include <string>
//--- input
std::string greeting = "hello";
//--- input
greeting += ", world";
//--- input
std::string shout(std::string text) {
  for (char &c : text)
    if (c >= 'a' && c <= 'z')
      c -= 32;
  return text + "!";
}
//--- input
bench_check(shout(greeting).find("WORLD"));
//--- input
std::ostringstream out;
//--- input
out << greeting << ' ' << 42 << ' ' << 2.5;
//--- input
bench_check(out.str().size());
//--- input
std::istringstream in("3 4 5 x");
int total = 0;
for (int n; in >> n;)
  total += n;
//--- input
bench_check(total + std::stoi("17"));
//--- input
std::cout << shout("printed") << std::endl;
//--- input
bench_check(std::to_string(3.25).compare(greeting.substr(2, 3)) < 0);
