// Five standard headers and a few lines that instantiate what each is for.
#include <algorithm>
#include <iostream>
#include <map>
#include <string>
#include <vector>
//--- input
std::map<std::string, long> counts;
//--- input
std::vector<std::string> words{"sum", "of", "a", "sum", "of", "sums"};
//--- input
for (const auto &word : words)
  ++counts[word];
//--- input
std::sort(words.begin(), words.end());
//--- input
std::cout << "bench checksum " << counts["sum"] * 100 + long(words[5].size()) << std::endl;
