// The plainest of them: a global sum over calls of a small function.
long mix(long i) { return (i ^ (i >> 7)) * 3; }
long s = 0;
//--- loop
for (long i = 0; i < n * 1000000; ++i) s += mix(i);
//--- result
s
