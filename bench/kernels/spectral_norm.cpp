// Floating-point loops that call a function of an earlier input: the spectral
// norm of an infinite matrix, by the power method.
#include <cmath>
#include <cstring>
#include <vector>
//--- input
double element(int i, int j) {
  return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
}
//--- input
using Vector = std::vector<double>;
//--- input
void multiply(const Vector &in, Vector &out) {
  int size = in.size();
  for (int i = 0; i < size; ++i) {
    out[i] = 0;
    for (int j = 0; j < size; ++j)
      out[i] += element(i, j) * in[j];
  }
}
//--- input
void multiply_transposed(const Vector &in, Vector &out) {
  int size = in.size();
  for (int i = 0; i < size; ++i) {
    out[i] = 0;
    for (int j = 0; j < size; ++j)
      out[i] += element(j, i) * in[j];
  }
}
//--- input
int norm_size = 220, norm_rounds = 4;
//--- input
long kernel_run() {
  Vector u(norm_size, 1.0), v(norm_size), scratch(norm_size);
  for (int round = 0; round < norm_rounds; ++round) {
    multiply(u, scratch);
    multiply_transposed(scratch, v);
    multiply(v, scratch);
    multiply_transposed(scratch, u);
  }
  double uv = 0, vv = 0;
  for (int i = 0; i < norm_size; ++i) {
    uv += u[i] * v[i];
    vv += v[i] * v[i];
  }
  double norm = std::sqrt(uv / vv);
  long bits;
  std::memcpy(&bits, &norm, sizeof bits);
  return bits;
}
