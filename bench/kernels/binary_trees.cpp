// Allocation: binary trees of unique_ptr, built, walked and dropped.
#include <memory>
//--- input
struct Node {
  std::unique_ptr<Node> left, right;
  int value = 0;
};
//--- input
std::unique_ptr<Node> grow(int depth, int value) {
  auto node = std::make_unique<Node>();
  node->value = value;
  if (depth > 0) {
    node->left = grow(depth - 1, 2 * value);
    node->right = grow(depth - 1, 2 * value + 1);
  }
  return node;
}
//--- input
long walk(const Node *node) {
  if (!node)
    return 0;
  return node->value % 7 + walk(node->left.get()) - walk(node->right.get());
}
//--- input
int tree_depth = 9, tree_count = 48;
//--- input
long kernel_run() {
  long sum = 0;
  for (int i = 1; i <= tree_count; ++i)
    sum = sum * 3 + walk(grow(tree_depth, i).get());
  return sum;
}
