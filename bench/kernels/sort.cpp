// Sorting: std::sort over a vector of structs, with lambdas as comparators.
#include <algorithm>
#include <vector>
//--- input
struct Record {
  int key, group;
  long payload;
};
//--- input
std::vector<Record> make_records(int count) {
  std::vector<Record> records;
  unsigned seed = 12345;
  for (int i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    records.push_back({int(seed >> 8), int(seed >> 28), i});
  }
  return records;
}
//--- input
long weigh(const std::vector<Record> &records) {
  unsigned long sum = 0;
  for (const Record &record : records)
    sum = sum * 31 + record.payload;
  return long(sum >> 1);
}
//--- input
int record_count = 16000;
//--- input
long kernel_run() {
  std::vector<Record> records = make_records(record_count);
  std::sort(records.begin(), records.end(),
            [](const Record &a, const Record &b) { return a.key < b.key; });
  long by_key = weigh(records);
  std::sort(
      records.begin(), records.end(), [](const Record &a, const Record &b) {
        return a.group != b.group ? a.group < b.group : a.payload > b.payload;
      });
  return by_key ^ weigh(records);
}
