// A switch in a loop: a small stack machine that interprets a program which
// sums the primes below a bound.
//--- input
enum Operation {
  Push,
  Load,
  Store,
  Add,
  Multiply,
  Remainder,
  Less,
  JumpUnless,
  Jump,
  Halt
};
struct Instruction {
  Operation operation;
  int operand;
};
//--- input
struct Machine {
  const Instruction *program;
  int counter = 0, depth = 0;
  long stack[16], variables[8] = {};

  explicit Machine(const Instruction *program) : program(program) {}
  void push(long value) { stack[depth++] = value; }
  long pop() { return stack[--depth]; }
  void run();
};
//--- input
void Machine::run() {
  for (;;) {
    Instruction current = program[counter++];
    switch (current.operation) {
    case Push:
      push(current.operand);
      break;
    case Load:
      push(variables[current.operand]);
      break;
    case Store:
      variables[current.operand] = pop();
      break;
    case Add:
      push(pop() + pop());
      break;
    case Multiply:
      push(pop() * pop());
      break;
    case Remainder: {
      long divisor = pop();
      push(pop() % divisor);
      break;
    }
    case Less: {
      long right = pop();
      push(pop() < right);
      break;
    }
    case JumpUnless:
      if (!pop())
        counter = current.operand;
      break;
    case Jump:
      counter = current.operand;
      break;
    case Halt:
      return;
    }
  }
}
//--- input
int prime_bound = 6500;
enum Variable { N, Divisor, Total, Bound };
enum Label {
  NextNumber = 2,
  NextDivisor = 8,
  Divide = 15,
  IsPrime = 24,
  Advance = 28,
  Done = 33
};
const Instruction sum_of_primes[] = {
    {Push, 2},
    {Store, N},
    // NextNumber
    {Load, N},
    {Load, Bound},
    {Less, 0},
    {JumpUnless, Done},
    {Push, 2},
    {Store, Divisor},
    // NextDivisor
    {Load, N},
    {Load, Divisor},
    {Load, Divisor},
    {Multiply, 0},
    {Less, 0},
    {JumpUnless, Divide},
    {Jump, IsPrime},
    // Divide
    {Load, N},
    {Load, Divisor},
    {Remainder, 0},
    {JumpUnless, Advance},
    {Load, Divisor},
    {Push, 1},
    {Add, 0},
    {Store, Divisor},
    {Jump, NextDivisor},
    // IsPrime
    {Load, Total},
    {Load, N},
    {Add, 0},
    {Store, Total},
    // Advance
    {Load, N},
    {Push, 1},
    {Add, 0},
    {Store, N},
    {Jump, NextNumber},
    // Done
    {Halt, 0},
};
//--- input
long kernel_run() {
  Machine machine(sum_of_primes);
  machine.variables[Bound] = prime_bound;
  machine.run();
  return machine.variables[Total];
}
