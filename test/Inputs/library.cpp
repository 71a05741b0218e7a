// A shared library for a session to load.
int lib_state = 0;
int lib_add(int x) { return lib_state += x; }
