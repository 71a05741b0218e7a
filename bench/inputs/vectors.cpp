// Vectors and algorithms: each input brings new template instances.
#include <algorithm>
#include <numeric>
#include <vector>
//--- input
std::vector<int> numbers;
//--- input
for (int i = 0; i < 50; ++i)
  numbers.push_back(i * 37 % 101);
//--- input
std::sort(numbers.begin(), numbers.end());
//--- input
bench_check(numbers[10]);
//--- input
bench_check(std::accumulate(numbers.begin(), numbers.end(), 0L));
//--- input
std::vector<double> halves(numbers.size());
//--- input
std::transform(numbers.begin(), numbers.end(), halves.begin(),
               [](int number) { return number / 2.0; });
//--- input
auto is_large = [](double half) { return half > 10; };
//--- input
bench_check(std::count_if(halves.begin(), halves.end(), is_large));
//--- input
std::reverse(numbers.begin(), numbers.end());
numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
//--- input
bench_check(*std::lower_bound(halves.begin(), halves.end(), 20.0) * 2);
//--- input
std::vector<std::vector<int>> table(5, std::vector<int>(5, 1));
//--- input
table[2].insert(table[2].begin(), {4, 5, 6});
bench_check(table[2].size() + numbers.size());
