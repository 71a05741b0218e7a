// A vector that grows and is summed, over and over.
#include <vector>
//--- input
long work(long n) {
  long s = 0;
  for (long pass = 0; pass < n; ++pass) {
    std::vector<int> v;
    for (int i = 0; i < 20000; ++i) v.push_back(i ^ (int)pass);
    for (int x : v) s += x;
  }
  return s;
}
long s = 0;
//--- loop
s = work(n);
//--- result
s
