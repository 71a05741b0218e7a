// Integer arithmetic in tiny functions: rotations and multiplications that mix
// a buffer of words into one.
//--- input
using Word = unsigned long;
//--- input
Word rotate(Word value, int count) {
  return value << count | value >> (64 - count);
}
//--- input
Word scramble(Word value) {
  value ^= value >> 33;
  value *= 0xff51afd7ed558ccdUL;
  value ^= value >> 33;
  return value;
}
//--- input
Word absorb(Word state, Word value) {
  return rotate(state ^ scramble(value), 27) * 5 + 0x52dce729UL;
}
//--- input
const int buffer_size = 4096;
Word buffer[buffer_size];
int mix_rounds = 256;
//--- input
long kernel_run() {
  Word state = 0x9e3779b97f4a7c15UL;
  for (int i = 0; i < buffer_size; ++i)
    buffer[i] = absorb(state, i);
  for (int round = 0; round < mix_rounds; ++round)
    for (int i = 0; i < buffer_size; ++i)
      state = absorb(state, buffer[i]);
  return long(state >> 1);
}
