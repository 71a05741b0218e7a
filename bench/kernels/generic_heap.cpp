// Templates: a binary heap over any type and order, used with two of each.
#include <vector>
//--- input
template <class T> struct Ascending {
  bool operator()(const T &a, const T &b) const { return a < b; }
};
//--- input
struct Task {
  int due;
  long id;
};
struct MoreUrgent {
  bool operator()(const Task &a, const Task &b) const {
    return a.due != b.due ? a.due < b.due : a.id < b.id;
  }
};
//--- input
template <class T, class Before = Ascending<T>> class Heap {
public:
  bool empty() const { return items.empty(); }
  void push(const T &item) {
    items.push_back(item);
    sift_up(items.size() - 1);
  }
  T pop() {
    T top = items.front();
    items.front() = items.back();
    items.pop_back();
    sift_down(0);
    return top;
  }

private:
  void exchange(size_t a, size_t b) {
    T kept = items[a];
    items[a] = items[b];
    items[b] = kept;
  }
  void sift_up(size_t at) {
    while (at > 0 && before(items[at], items[(at - 1) / 2])) {
      exchange(at, (at - 1) / 2);
      at = (at - 1) / 2;
    }
  }
  void sift_down(size_t at) {
    for (size_t child = 2 * at + 1; child < items.size(); child = 2 * at + 1) {
      if (child + 1 < items.size() && before(items[child + 1], items[child]))
        ++child;
      if (!before(items[child], items[at]))
        return;
      exchange(at, child);
      at = child;
    }
  }
  Before before;
  std::vector<T> items;
};
//--- input
int heap_size = 10000;
//--- input
long kernel_run() {
  Heap<int> numbers;
  Heap<Task, MoreUrgent> tasks;
  unsigned seed = 4711;
  for (int i = 0; i < heap_size; ++i) {
    seed = seed * 1664525u + 1013904223u;
    numbers.push(int(seed >> 12));
    tasks.push({int(seed >> 26), i});
  }
  long sum = 0;
  for (int i = 1; !numbers.empty(); ++i)
    sum += numbers.pop() % i;
  for (int i = 1; !tasks.empty(); ++i)
    sum += tasks.pop().id * (i % 7);
  return sum;
}
