//===- OsrShapes.cpp - Loops to be left in the middle ---------------------===//
//
// Part of clang-reopt, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled twice: by the compiler for the host, which says what is right, and
// to bitcode at -O0, which is what tier 0 gets. The function that is left is
// the one whose name begins with `in`; the other calls it. note() records what
// happens in which order.
//
//===----------------------------------------------------------------------===//

#include <alloca.h>
#include <csetjmp>
#include <cstdarg>
#include <string>
#include <vector>

extern "C" {
void note(long Event);
extern volatile long Sink;
}

namespace {

/// Says when it dies, and may be counted.
struct Guard {
  explicit Guard(long N) : N(N) { note(1000 + N); }
  Guard(const Guard &G) : N(G.N) { note(2000 + N); }
  ~Guard() { note(3000 + N); }
  long N;
};

struct Large {
  long Values[40];
};

struct Pair {
  long A;
  double B;
};

} // namespace

extern "C" {

long inNested(int N) {
  long S = 0;
  for (int I = 0; I < N; ++I) {
    S += I;
    for (int J = 0; J < I; ++J) {
      S ^= J * 3;
      for (int K = 0; K < 3; ++K)
        S += K ^ J;
      S += 5;
    }
    S *= 3;
  }
  return S;
}

long inSeveral(int N) {
  long S = 1;
  for (int I = 0; I < N; ++I)
    S = S * 7 + I;
  int J = N;
  while (J-- > 0)
    S ^= J << 2;
  do
    S += N;
  while (++J < N);
  return S;
}

// Loops beside loops, in and behind a loop around them.
long inSiblings(int N) {
  long S = 1, Last = 0;
  for (int I = 0; I < N; ++I) {
    for (int J = 0; J < N; ++J)
      S = S * 3 + J;
    if (S % 5 == 0)
      continue;
    for (int J = 0; J < I; ++J)
      for (int K = 0; K < 2; ++K)
        S ^= J * K + I;
    for (int J = N; J > 0; --J) {
      S += J;
      if (S % 11 == 0)
        goto out;
    }
    Last = S;
  }
out:
  for (int I = 0; I < N; ++I)
    S = S * 5 + Last;
  for (int I = 0; I < 3; ++I)
    for (int J = 0; J < N; ++J)
      S += J ^ I;
  return S;
}

long inRecursive(int N) {
  long S = N;
  for (int I = 0; I < N; ++I)
    S = S * 31 + (N > 3 ? inRecursive(N - 3) : I);
  return S;
}

long inSwitch(int N) {
  long S = 0;
  for (int I = 0;; ++I) {
    switch (I % 5) {
    case 0:
      S += I;
      continue;
    case 1:
      S ^= I;
      [[fallthrough]];
    case 2:
      S += 3;
      break;
    case 3:
      if (I > N)
        goto out;
      break;
    default:
      if (I == 1000)
        return -1;
    }
    S *= 5;
  }
out:
  return S + 1;
}

// A loop with two entries: no natural loop.
long inGoto(int N) {
  long S = 0;
  int I = 0;
  if (N & 1)
    goto middle;
top:
  S += I;
middle:
  S = S * 3 + 1;
  if (++I < N)
    goto top;
  return S;
}

long inContinueOuter(int N) {
  long S = 0;
  for (int I = 0; I < N; ++I) {
    for (int J = 0; J < N; ++J) {
      for (int K = 0; K < N; ++K) {
        S += I + J * K;
        if ((I + J + K) % 7 == 3)
          goto next;
        if (S % 1009 == 17)
          return S;
      }
      S += 11;
    }
  next:
    S ^= 1;
  }
  return S;
}

long inRangeFor(int N) {
  std::vector<int> V;
  for (int I = 0; I < N; ++I)
    V.push_back(I * I);
  long S = 0;
  for (int &X : V) {
    X += 1;
    S = S * 3 + X;
  }
  for (auto X : V)
    S += X;
  return S;
}

long inString(int N) {
  std::string Text;
  for (int I = 0; I < N; ++I) {
    Text += char('a' + I % 26);
    if (Text.size() > 20)
      Text = "short";
  }
  long S = 0;
  for (char C : Text)
    S = S * 31 + C;
  return S;
}

long inForever(int N) {
  long S = 0;
  while (true) {
    S += N--;
    if (N < 0)
      break;
  }
  return S;
}

long inDestructors(int N) {
  Guard Around(1);
  long S = 0;
  for (int I = 0; I < N; ++I) {
    Guard Inside(100 + I);
    if (I % 3 == 1)
      continue;
    Guard Second(Inside);
    S += Inside.N + Second.N;
    if (I == 17)
      return S;
  }
  Guard After(2);
  return S + After.N;
}

long inTryInside(int N) {
  long S = 0;
  for (int I = 0; I < N; ++I) {
    try {
      Guard G(I);
      if (I % 4 == 2)
        throw I;
      S += 1;
    } catch (int E) {
      note(E);
      S += 100 * E;
    }
  }
  return S;
}

long inTryAround(int N) {
  Guard Outer(7);
  try {
    Guard Around(8);
    for (int I = 0; I < N; ++I) {
      Guard G(I);
      if (I == N - 2)
        throw long(I);
      note(I);
    }
  } catch (long E) {
    note(E);
    return E;
  } catch (...) {
    return -1;
  }
  return -2;
}

long inCatch(int N) {
  long S = 0;
  try {
    throw 3;
  } catch (int E) {
    for (int I = 0; I < N; ++I)
      S += E * I;
    try {
      for (int I = 0; I < N; ++I)
        if (I == N - 1)
          throw;
    } catch (int Again) {
      S += Again;
    }
  }
  return S;
}

long inThrowOut(int N) {
  Guard Around(1);
  for (int I = 0;; ++I) {
    Guard Inside(I);
    if (I == N)
      throw I;
  }
}
long throwOut(int N) {
  try {
    Guard Caller(9);
    return inThrowOut(N);
  } catch (int E) {
    note(E);
    return E;
  }
}

void inNoexcept(int N, long *S) noexcept {
  for (int I = 0; I < N; ++I)
    *S += I;
}
long callNoexcept(int N) {
  long S = 4;
  inNoexcept(N, &S);
  return S;
}

Large inStructReturn(int N, Large L) {
  Large Result = L;
  for (int I = 0; I < N; ++I)
    Result.Values[I % 40] += I * L.Values[(I + 1) % 40];
  return Result;
}
long structReturn(int N) {
  Large L;
  for (int I = 0; I < 40; ++I)
    L.Values[I] = I;
  Large R = inStructReturn(N, L);
  long S = 0;
  for (long V : R.Values)
    S = S * 3 + V;
  return S;
}

Pair inPair(int N, Pair P, float F, bool Odd) {
  for (int I = 0; I < N; ++I) {
    P.A += Odd ? I : -I;
    P.B = P.B * F + I;
  }
  return P;
}
long callPair(int N) {
  Pair P = inPair(N, {3, 0.5}, 0.25f, true);
  return P.A * 1000 + long(P.B * 64);
}

signed char inNarrow(int N, signed char C, unsigned short U) {
  for (int I = 0; I < N; ++I)
    C = static_cast<signed char>(C * 3 + U++);
  return C;
}
long callNarrow(int N) { return inNarrow(N, -7, 65530); }

long inEscaped(int N) {
  int I = 0;
  long S = 0;
  int *P = &I;
  long *Q = &S;
  for (; *P < N; ++*P) {
    *Q += I;
    if (P == &I)
      S ^= 1;
  }
  return S * 100 + I;
}

long inVolatile(int N) {
  volatile int I;
  volatile long S = 3;
  for (I = 0; I < N; I = I + 1)
    S = S * 3 + I;
  Sink = S;
  return S;
}

long inLargeFrame(int N) {
  long A[600], B[8];
  for (int I = 0; I < 600; ++I)
    A[I] = I;
  for (int I = 0; I < 8; ++I)
    B[I] = 1;
  for (int I = 0; I < N; ++I) {
    B[I & 7] += A[I * 7 % 600];
    A[I % 600] ^= B[(I + 1) & 7];
  }
  long S = 0;
  for (long X : A)
    S = S * 3 + X;
  for (long X : B)
    S += X;
  return S;
}

// clang's loop over the array has SSA values that live across its header.
long inArrayOfObjects(int N) {
  long S = 0;
  {
    Guard Few[3] = {Guard(1), Guard(2), Guard(3)};
    for (int I = 0; I < N; ++I)
      S += Few[I % 3].N;
  }
  std::string Texts[4];
  for (int I = 0; I < N; ++I)
    Texts[I % 4] += char('0' + I % 10);
  for (const std::string &T : Texts)
    S = S * 10 + long(T.size());
  return S;
}

long inVariableArrayInside(int N) {
  long S = 0;
  for (int I = 1; I < N; ++I) {
    int A[I];
    for (int J = 0; J < I; ++J)
      A[J] = J;
    S += A[I / 2];
  }
  return S;
}

long inVaList(int N, ...) {
  va_list Args;
  va_start(Args, N);
  long S = 0;
  for (int I = 0; I < N; ++I)
    S = S * 3 + va_arg(Args, int);
  va_end(Args);
  return S;
}
long callVaList(int N) {
  return inVaList(N < 9 ? N : 9, 1, 2, 3, 4, 5, 6, 7, 8, 9);
}

long inLambda(int N) {
  long S = 0;
  auto Add = [&S, K = 3](int I) mutable { S += I * K++; };
  for (int I = 0; I < N; ++I)
    Add(I);
  return S;
}

long inConditionals(int N) {
  long S = 0;
  for (int I = 0; I < N && (I < 30 || S > 0); I += (I & 1) ? 1 : 2)
    S += (I % 3 == 0 && S >= 0) ? I : (S < 0 ? -S : 1);
  return S;
}

// Shapes that cannot be continued.
long noAlloca(int N) {
  int *A = static_cast<int *>(alloca(N * sizeof(int)));
  for (int I = 0; I < N; ++I)
    A[I] = I;
  return A[N - 1];
}
long noVariableArray(int N) {
  int A[N];
  for (int I = 0; I < N; ++I)
    A[I] = I;
  return A[N - 1];
}
long noSetjmp(int N) {
  jmp_buf Where;
  volatile long S = 0;
  if (setjmp(Where))
    return S;
  for (int I = 0; I < N; ++I)
    S = S + I;
  longjmp(Where, 1);
}
long noVaStart(int N, ...) {
  long S = 0;
  for (int I = 0; I < N; ++I) {
    va_list Args;
    va_start(Args, N);
    S += va_arg(Args, int);
    va_end(Args);
  }
  return S;
}
long noReturnAddress(int N) {
  long S = 0;
  for (int I = 0; I < N; ++I)
    S += __builtin_return_address(0) != nullptr;
  return S;
}
long noLabel(int N) {
  static void *const Where[] = {&&next, &&out};
  int I = 0;
next:
  goto *Where[++I >= N];
out:
  return I;
}
} // extern "C"
