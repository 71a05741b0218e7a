// A state machine.
int state = 0;
long seen = 0;
//--- loop
for (long i = 0; i < n * 50000; ++i) {
  switch (state) {
  case 0: state = i & 1 ? 1 : 2; break;
  case 1: seen += i; state = 3; break;
  case 2: seen ^= i; state = i % 3 ? 0 : 4; break;
  case 3: state = 2; break;
  default: seen += 7; state = 0;
  }
}
//--- result
seen
