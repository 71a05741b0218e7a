// Maps and sets, ordered and hashed, with values that own memory.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>
//--- input
std::map<std::string, int> ages;
//--- input
ages["ada"] = 36;
ages["alan"] = 41;
//--- input
bench_check(ages.at("ada") + ages.count("kurt"));
//--- input
struct Account {
  std::string owner;
  std::vector<long> entries;
  long balance() const {
    long sum = 0;
    for (long entry : entries)
      sum += entry;
    return sum;
  }
};
//--- input
std::unordered_map<int, std::unique_ptr<Account>> accounts;
//--- input
for (int i = 0; i < 8; ++i)
  accounts[i] = std::make_unique<Account>(Account{"n", {i, -1, 2L * i}});
//--- input
bench_check(accounts.at(5)->balance());
//--- input
std::set<long> balances;
for (const auto &entry : accounts)
  balances.insert(entry.second->balance());
//--- input
bench_check(*balances.rbegin() + balances.size());
//--- input
std::multimap<int, std::string> by_age;
for (const auto &[name, age] : ages)
  by_age.emplace(age, name);
//--- input
bench_check(by_age.lower_bound(40)->second.size());
