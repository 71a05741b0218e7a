// A sieve: the vector was made before, the loop is the last thing typed.
#include <vector>
//--- input
std::vector<char> sieve(2000000, 1);
long found = 0;
//--- loop
for (long pass = 0; pass < n; ++pass)
  for (long i = 2; i < 20000; ++i) {
    if (sieve[i] == 2) continue;
    found += i & 3;
    for (long j = i; j < 20000; j += i) sieve[j] ^= (char)1;
  }
//--- result
found
