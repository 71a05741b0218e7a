// moved() is false in the loop that calls it first, and true once that loop has
// gone on at -O3: it is called from elsewhere then. A loop that ends only when it
// has moved ends in no tier 0. With `first` at null again, for another loop.

const void *first = nullptr;
__attribute__((noinline)) bool moved() {
  const void *caller = __builtin_return_address(0);
  if (!first)
    first = caller;
  return caller != first;
}
