// Internal linkage: static functions, an anonymous namespace and local statics.
// Mutable statics are used from the one input that defines them, because stock
// clang-repl makes another copy for each input that mentions one.
//--- input
static long increment(long x) { return x + 1; }
static long blend(long a, long b) { return (a * 31 + b) % 65521; }
//--- input
namespace {
struct Generator {
  unsigned long state = 88172645463325252UL;
  unsigned long next() {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
  }
};
Generator generator;
unsigned long draws = 0;
} // namespace
unsigned long draw() {
  ++draws;
  return generator.next();
}
unsigned long draw_count() { return draws; }
//--- input
long ticket() {
  static long first = increment(draw_count() % 10);
  static long issued = 0;
  return first + ++issued % 1000;
}
//--- input
static long square_or_step(long x) {
  return x % 3 ? increment(x) : x * x % 65521;
}
//--- input
int static_rounds = 500000;
//--- input
long kernel_run() {
  long sum = 0;
  for (int i = 0; i < static_rounds; ++i) {
    sum = blend(sum, square_or_step(ticket()));
    sum = blend(sum, draw() % 1000);
  }
  return sum;
}
