// Virtual calls: a list of shapes of three classes, each from an input of its
// own, behind one abstract base.
#include <memory>
#include <vector>
//--- input
struct Shape {
  virtual ~Shape() = default;
  virtual long area() const = 0;
  virtual void grow(int by) = 0;
};
//--- input
struct Rectangle : Shape {
  long width, height;
  Rectangle(long width, long height) : width(width), height(height) {}
  long area() const override { return width * height; }
  void grow(int by) override { width += by; }
};
//--- input
struct Square : Rectangle {
  explicit Square(long side) : Rectangle(side, side) {}
  void grow(int by) override { width = height += by; }
};
//--- input
struct Triangle : Shape {
  long base, height;
  Triangle(long base, long height) : base(base), height(height) {}
  long area() const override { return base * height / 2; }
  void grow(int by) override { height += 2 * by; }
};
//--- input
using Shapes = std::vector<std::unique_ptr<Shape>>;
//--- input
Shapes make_shapes(int count) {
  Shapes shapes;
  for (int i = 0; i < count; ++i)
    if (i % 5 < 2)
      shapes.push_back(std::make_unique<Rectangle>(i % 17, i % 23));
    else if (i % 5 < 4)
      shapes.push_back(std::make_unique<Triangle>(i % 13, i % 29));
    else
      shapes.push_back(std::make_unique<Square>(i % 11));
  return shapes;
}
//--- input
int shape_count = 1000, shape_rounds = 120;
//--- input
long kernel_run() {
  Shapes shapes = make_shapes(shape_count);
  long sum = 0;
  for (int round = 0; round < shape_rounds; ++round)
    for (const std::unique_ptr<Shape> &shape : shapes) {
      shape->grow(round % 3 - 1);
      sum += shape->area();
    }
  return sum;
}
