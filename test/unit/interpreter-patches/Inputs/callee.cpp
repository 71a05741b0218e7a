// The imported function. Built several times, so that cases do not share it.
extern "C" int patchedFunction(int X) { return X + 10; }
