// Many small helpers, one an input, each calling earlier ones: what a session
// typed line by line looks like.
//--- input
long low_bits(long x) { return x & 0xffff; }
//--- input
long squared(long x) { return x * x; }
//--- input
long half(long x) { return x / 2; }
//--- input
bool is_odd(long x) { return x % 2 != 0; }
//--- input
long larger(long a, long b) { return a > b ? a : b; }
//--- input
long smaller(long a, long b) { return a < b ? a : b; }
//--- input
long distance(long a, long b) { return larger(a, b) - smaller(a, b); }
//--- input
long clamped(long x, long low, long high) {
  return larger(low, smaller(x, high));
}
//--- input
long folded(long x) { return is_odd(x) ? 3 * x + 1 : half(x); }
//--- input
long mixed(long a, long b) { return low_bits(squared(a) + b); }
//--- input
long average(long a, long b) { return half(a + b); }
//--- input
long wobble(long x) { return average(folded(x), squared(low_bits(x) % 50)); }
//--- input
long spread(long a, long b) { return distance(wobble(a), wobble(b)); }
//--- input
long score(long a, long b) { return clamped(spread(a, b), 10, 5000); }
//--- input
long step(long state, long i) { return mixed(score(state, i), state); }
//--- input
long walk(long state, int steps) {
  for (int i = 0; i < steps; ++i)
    state = step(state, i);
  return state;
}
//--- input
long bumped(long state) { return low_bits(state + 7919); }
//--- input
int walk_count = 110, walk_steps = 1000;
//--- input
long kernel_run() {
  long state = 1, sum = 0;
  for (int i = 0; i < walk_count; ++i) {
    state = bumped(walk(state, walk_steps));
    sum += state;
  }
  return sum;
}
