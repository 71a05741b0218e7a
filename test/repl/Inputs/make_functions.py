"""Prints so many functions, pN(x) = x + N."""

import sys

for n in range(int(sys.argv[1])):
    print(f"int p{n}(int x) {{ return x + {n}; }}")
