// Templates: vector arithmetic by expression templates, where -O0 makes a call
// for each node of each expression and each element.
#include <cstring>
#include <vector>
//--- input
template <class Node> struct Expression {
  const Node &self() const { return static_cast<const Node &>(*this); }
};
//--- input
template <class Left, class Right> struct Sum : Expression<Sum<Left, Right>> {
  const Left &left;
  const Right &right;
  Sum(const Left &left, const Right &right) : left(left), right(right) {}
  double operator[](int i) const { return left[i] + right[i]; }
};
//--- input
template <class Left, class Right>
struct Product : Expression<Product<Left, Right>> {
  const Left &left;
  const Right &right;
  Product(const Left &left, const Right &right) : left(left), right(right) {}
  double operator[](int i) const { return left[i] * right[i]; }
};
//--- input
struct Tuple : Expression<Tuple> {
  std::vector<double> values;
  explicit Tuple(int size, double value) : values(size, value) {}
  double operator[](int i) const { return values[i]; }
  template <class Node> Tuple &operator=(const Expression<Node> &source) {
    for (int i = 0, size = values.size(); i < size; ++i)
      values[i] = source.self()[i];
    return *this;
  }
};
//--- input
template <class Left, class Right>
Sum<Left, Right> operator+(const Expression<Left> &left,
                           const Expression<Right> &right) {
  return {left.self(), right.self()};
}
//--- input
template <class Left, class Right>
Product<Left, Right> operator*(const Expression<Left> &left,
                               const Expression<Right> &right) {
  return {left.self(), right.self()};
}
//--- input
int tuple_size = 1000, tuple_rounds = 180;
//--- input
long kernel_run() {
  Tuple a(tuple_size, 0.5), b(tuple_size, 0.25), c(tuple_size, 0.125);
  for (int i = 0; i < tuple_size; ++i)
    b.values[i] += 0.0001 * i;
  for (int round = 0; round < tuple_rounds; ++round) {
    c = a * b + c * b;
    a = b + c * a;
  }
  double sum = 0;
  for (int i = 0; i < tuple_size; ++i)
    sum += a[i] + c[i];
  long bits;
  std::memcpy(&bits, &sum, sizeof bits);
  return bits;
}
