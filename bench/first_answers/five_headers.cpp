// Five standard headers and one line, as a session begins.
#include <algorithm>
#include <iostream>
#include <map>
#include <string>
#include <vector>
//--- input
std::cout << "bench checksum " << std::max(std::string("ab").size(), std::vector<int>{3, 1, 2}.size()) << std::endl;
