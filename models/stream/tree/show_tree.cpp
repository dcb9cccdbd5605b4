#include "models/stream/tree/show_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace conclave::stream {
namespace {

std::string value_name(const Attribute& input, int value) {
  return value >= 0 && value < static_cast<int>(input.values.size()) ? input.values[value]
                                                                     : std::to_string(value);
}

// What holds in one branch of a node.
std::string condition(const TreeView::Node& node, size_t branch, const Schema& schema) {
  const Attribute& input = schema.inputs[node.attribute];
  switch (node.kind) {
    case SplitKind::at_most:
      return fmt::format("{} {} {:.6g}", input.name, branch == 0 ? "<=" : ">", node.value);
    case SplitKind::equals:
      return fmt::format("{} {} {}", input.name,
                         branch == 0 ? "=" : "!=", value_name(input, static_cast<int>(node.value)));
    default:
      return fmt::format("{} = {}", input.name, value_name(input, static_cast<int>(branch)));
  }
}

std::string leaf_words(const TreeView& tree, const TreeView::Node& leaf, const Schema& schema) {
  if (tree.numbers)
    return leaf.weight > 0 ? fmt::format("{:.6g} (mean of {:.0f})", leaf.mean, leaf.weight)
                           : fmt::format("{:.6g}", leaf.mean);
  const auto& classes = leaf.classes;
  const auto top = std::max_element(classes.begin(), classes.end());
  const double weight = std::accumulate(classes.begin(), classes.end(), 0.0);
  if (weight <= 0) return "nothing yet";
  return fmt::format("{} ({:.1f} % of {:.0f})",
                     value_name(schema.label, static_cast<int>(top - classes.begin())), 100 * *top / weight,
                     weight);
}

void add_text(const TreeView& tree, const Schema& schema, int at, int depth, std::string& text) {
  const auto& node = tree.nodes[at];
  for (size_t b = 0; b < node.children.size(); ++b) {
    const int child = node.children[b];
    const auto& below = tree.nodes[child];
    text += fmt::format("{:{}}{}{}\n", "", 2 * depth, condition(node, b, schema),
                        below.attribute < 0 ? ": " + leaf_words(tree, below, schema) : "");
    add_text(tree, schema, child, depth + 1, text);
  }
}

size_t nodes_below(const TreeView& tree, int at) {
  size_t sum = 0;
  for (const int child : tree.nodes[at].children) sum += 1 + nodes_below(tree, child);
  return sum;
}

Json branch_json(const TreeView& tree, const Schema& schema, int at, const std::vector<bool>& told) {
  const auto& node = tree.nodes[at];
  if (node.attribute < 0) return {{"leaf", leaf_words(tree, node, schema)}};
  Json json = {{"split", schema.inputs[node.attribute].name}};
  if (!told[node.children.front()]) {
    json["left_out"] = nodes_below(tree, at);
    return json;
  }
  for (size_t b = 0; b < node.children.size(); ++b) {
    Json below = branch_json(tree, schema, node.children[b], told);
    below["if"] = condition(node, b, schema);
    json["then"].push_back(std::move(below));
  }
  return json;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::string tree_text(const TreeView& tree, const Schema& schema) {
  const auto& root = tree.nodes[0];
  if (root.attribute < 0) return leaf_words(tree, root, schema) + "\n";
  std::string text;
  add_text(tree, schema, 0, 0, text);
  return text;
}

std::string tree_dot(const TreeView& tree, const Schema& schema) {
  std::string text = "digraph tree {\n  node [shape=box];\n";
  for (size_t i = 0; i < tree.nodes.size(); ++i) {
    const auto& node = tree.nodes[i];
    text += fmt::format(
        "  n{} [label={}];\n", i,
        quoted(node.attribute < 0 ? leaf_words(tree, node, schema) : schema.inputs[node.attribute].name));
    for (size_t b = 0; b < node.children.size(); ++b)
      text +=
          fmt::format("  n{} -> n{} [label={}];\n", i, node.children[b], quoted(condition(node, b, schema)));
  }
  return text + "}\n";
}

Json tree_json(const TreeView& tree, const Schema& schema, size_t most_nodes) {
  std::vector<bool> told(tree.nodes.size());
  std::vector<int> next{0};  // by their distance from the root
  told[0] = true;
  for (size_t i = 0; i < next.size(); ++i) {
    const auto& children = tree.nodes[next[i]].children;
    if (next.size() + children.size() > most_nodes) break;
    for (const int child : children) {
      told[child] = true;
      next.push_back(child);
    }
  }
  return branch_json(tree, schema, 0, told);
}

std::vector<double> importance(const std::vector<TreeView>& trees, const Schema& schema) {
  std::vector<double> shares(schema.inputs.size());
  for (const auto& tree : trees)
    for (const auto& node : tree.nodes)
      if (node.attribute >= 0) shares[node.attribute] += std::max(0.0, node.merit);
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share = sum > 0 ? share / sum : 0;
  return shares;
}

}  // namespace conclave::stream
