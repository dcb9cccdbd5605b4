/// A tree for the eye.
#pragma once

#include <string>
#include <vector>

#include "framework/base/json.h"
#include "models/stream/schema.h"
#include "models/stream/tree/tree_view.h"

namespace conclave::stream {

/// One line a node, indented: "period <= 0.43" and, at leaves, the majority class with its share and weight,
/// or the mean of the numbers.
std::string tree_text(const TreeView& tree, const Schema& schema);
/// The same for Graphviz.
std::string tree_dot(const TreeView& tree, const Schema& schema);
/// Nested: {"if": what holds in this branch (not of the root), "split": the input that is asked about and
/// "then": [branches], or "leaf": what it says}. At most about `most_nodes` nodes, those near the root first;
/// a node whose branches are left out has "left_out": how many nodes are below it.
Json tree_json(const TreeView& tree, const Schema& schema, size_t most_nodes);
/// By input: gain of its splits times the weight they were made with, as shares of the sum over all trees.
/// All 0 when nothing was split.
std::vector<double> importance(const std::vector<TreeView>& trees, const Schema& schema);

}  // namespace conclave::stream
