// The prelude `std`: the standard headers that sessions ask for most. Which ones
// is a matter of names rather than of time: what a session does not use is not
// read from the precompiled header, so twice as many headers start as fast. All
// of <bits/stdc++.h> does not (docs/performance.md).

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>
