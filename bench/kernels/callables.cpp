// Function pointers, lambdas and std::function: a chain of steps that is put
// together at run time and called through each of the three.
#include <functional>
#include <vector>
//--- input
long twice(long x) { return 2 * x; }
long next(long x) { return x + 1; }
long flip(long x) { return x ^ 0x55; }
long (*step_table[])(long) = {twice, next, flip};
//--- input
long run_table(long x, int rounds) {
  for (int i = 0; i < rounds; ++i)
    x = step_table[i % 3](x) % 1000003;
  return x;
}
//--- input
using Step = std::function<long(long)>;
//--- input
std::vector<Step> make_steps(long offset) {
  std::vector<Step> steps(step_table, step_table + 3);
  steps.push_back([offset](long x) { return x + offset; });
  steps.push_back([](long x) { return x * 3; });
  return steps;
}
//--- input
template <class Callable> long repeat(int rounds, long x, Callable callable) {
  for (int i = 0; i < rounds; ++i)
    x = callable(x, i);
  return x;
}
//--- input
int callable_rounds = 180000;
//--- input
long kernel_run() {
  long offset = 11;
  std::vector<Step> steps = make_steps(offset);
  long x = run_table(1, callable_rounds);
  x = repeat(callable_rounds, x, [&](long value, int i) {
    return steps[i % steps.size()](value) % 1000003;
  });
  return repeat(callable_rounds, x, [&offset](long value, int i) {
    return (value * 5 + i % offset) % 1000003;
  });
}
