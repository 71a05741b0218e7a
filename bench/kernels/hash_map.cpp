// Hash map: counting, looking up and erasing in a std::unordered_map.
#include <unordered_map>
//--- input
using Counts = std::unordered_map<int, long>;
//--- input
unsigned next_random(unsigned &seed) {
  seed = seed * 1103515245u + 12345u;
  return seed >> 10;
}
//--- input
void count_keys(Counts &counts, int draws, int range) {
  unsigned seed = 7;
  for (int i = 0; i < draws; ++i)
    ++counts[next_random(seed) % range];
}
//--- input
long look_up(const Counts &counts, int range) {
  long sum = 0;
  for (int key = 0; key < 2 * range; ++key) {
    auto found = counts.find(key);
    if (found != counts.end())
      sum += key * found->second;
  }
  return sum;
}
//--- input
int draw_count = 110000, key_range = 2000;
//--- input
long kernel_run() {
  Counts counts;
  count_keys(counts, draw_count, key_range);
  long sum = look_up(counts, key_range);
  for (int key = 0; key < key_range; key += 3)
    counts.erase(key);
  return sum * 31 + look_up(counts, key_range) + long(counts.size());
}
