// Imports the function. Built several times, bound in different ways.
extern "C" int patchedFunction(int X);
extern "C" int callIt(int X) { return patchedFunction(X); }
