// Integer loops over memory: the primes below a bound, by Eratosthenes' sieve.
//--- input
const int sieve_capacity = 1000000;
unsigned char composite[sieve_capacity];
int sieve_bound = 1000000;
//--- input
void strike_multiples(int prime) {
  for (long multiple = long(prime) * prime; multiple < sieve_bound;
       multiple += prime)
    composite[multiple] = 1;
}
//--- input
long kernel_run() {
  for (int i = 0; i < sieve_bound; ++i)
    composite[i] = 0;
  long sum = 0;
  for (int i = 2; i < sieve_bound; ++i)
    if (!composite[i]) {
      sum += i;
      strike_multiples(i);
    }
  return sum;
}
