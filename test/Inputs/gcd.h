// A header with inline functions and an inline variable.
#pragma once

inline int calls_of_gcd = 0;
inline int gcd_calls() { return calls_of_gcd; }

inline int gcd(int a, int b) {
  ++calls_of_gcd;
  while (b) {
    int rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}
