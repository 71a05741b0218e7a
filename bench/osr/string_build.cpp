// A string whose address everything has.
#include <string>
//--- input
long total = 0;
//--- loop
for (long pass = 0; pass < n * 100; ++pass) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += (char)('a' + (i + pass) % 26);
  for (char c : text) total += c;
}
//--- result
total
