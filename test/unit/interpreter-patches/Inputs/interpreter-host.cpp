// Imports clang::Interpreter::create, as a host does, and never calls it.
extern "C" void create() __asm__(
    "_ZN5clang11Interpreter6createESt10unique_ptrINS_16CompilerInstanceESt14"
    "default_deleteIS2_EES1_INS_26IncrementalExecutorBuilderES3_IS6_EE");
extern "C" void neverCalled() { create(); }
