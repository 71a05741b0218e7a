// Floating-point loops through small members: a product of two matrices.
#include <cstring>
#include <vector>
//--- input
class Matrix {
public:
  explicit Matrix(int size) : size(size), cells(size * size) {}
  double &at(int row, int column) { return cells[row * size + column]; }
  double at(int row, int column) const { return cells[row * size + column]; }
  int order() const { return size; }

private:
  int size;
  std::vector<double> cells;
};
//--- input
Matrix product(const Matrix &a, const Matrix &b) {
  Matrix result(a.order());
  for (int i = 0; i < a.order(); ++i)
    for (int k = 0; k < a.order(); ++k) {
      double factor = a.at(i, k);
      for (int j = 0; j < a.order(); ++j)
        result.at(i, j) += factor * b.at(k, j);
    }
  return result;
}
//--- input
int matrix_order = 90;
//--- input
long kernel_run() {
  Matrix a(matrix_order), b(matrix_order);
  for (int i = 0; i < matrix_order; ++i)
    for (int j = 0; j < matrix_order; ++j) {
      a.at(i, j) = 1.0 / (i + j + 1);
      b.at(i, j) = i - 0.5 * j;
    }
  Matrix c = product(a, b);
  double trace = 0;
  for (int i = 0; i < matrix_order; ++i)
    trace += c.at(i, i);
  long bits;
  std::memcpy(&bits, &trace, sizeof bits);
  return bits;
}
