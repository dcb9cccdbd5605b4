/// A tree as it stands, for those who show it, whatever learner grew it.
#pragma once

#include <cstdint>
#include <vector>

#include "models/stream/tree/split.h"

namespace conclave::stream {

struct TreeView {
  struct Node {
    int32_t attribute = -1;  ///< -1: a leaf
    SplitKind kind = SplitKind::none;
    double value = 0;
    double merit = 0;  ///< of the split, times the weight it was made with
    std::vector<int32_t> children;
    std::vector<double> classes;  ///< of a leaf: their weights
    double weight = 0, mean = 0;  ///< of a leaf that predicts numbers
  };
  std::vector<Node> nodes;  ///< the root first
  bool numbers = false;     ///< whether leaves predict numbers
};

/// Adds `from` and all below it. Of a node with children, fill(node, copy) sets the merit; of a leaf, what it
/// has learned. `Node`: attribute, kind, value and children (pointers).
template <class Node, class Fill>
int32_t add_branch(TreeView& view, const Node& from, const Fill& fill) {
  const auto at = static_cast<int32_t>(view.nodes.size());
  TreeView::Node copy{from.attribute, from.kind, from.value, 0, {}, {}, 0, 0};
  fill(from, copy);
  view.nodes.push_back(std::move(copy));
  for (const auto& child : from.children) {
    const int32_t below = add_branch(view, *child, fill);
    view.nodes[at].children.push_back(below);
  }
  return at;
}

}  // namespace conclave::stream
