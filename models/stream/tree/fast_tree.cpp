#include "models/stream/tree/fast_tree.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace conclave::stream {
namespace {

constexpr double kLeastMerit = 1e-10;

}  // namespace

FastTree::FastTree(const Schema& schema, const TreeOptions& options, int64_t reevaluation_period)
    : schema_(schema),
      options_(options),
      period_(reevaluation_period),
      observed_(Observed::all(schema)),
      classes_(std::max(1, schema.classes())),
      scores_(classes_) {
  root_ = new_leaf(std::vector<double>(classes_, 0.0));
  refresh_size();
}

std::unique_ptr<FastTree::Node> FastTree::new_leaf(std::vector<double> classes) {
  auto node = std::make_unique<Node>();
  node->leaf = TreeLeaf(std::move(classes), observed_);
  node->gains.resize(schema_.width());
  return node;
}

template <class Visit>
void FastTree::each(Node& node, const Visit& visit) {
  visit(node);
  for (auto& child : node.children) each(*child, visit);
}

void FastTree::refresh_size() {
  leaves_ = 0;
  bytes_ = 0;
  each(*root_, [&](const Node& node) {
    leaves_ += node.attribute < 0 ? 1 : 0;
    bytes_ += sizeof(Node) - sizeof(TreeLeaf) + node.leaf.bytes() + node.gains.size() * sizeof(double) +
              node.children.capacity() * sizeof(void*);
  });
}

void FastTree::grow_classes(int classes) {
  if (classes <= classes_) return;
  classes_ = classes;
  scores_.resize(classes);
  each(*root_, [&](Node& node) { node.leaf.grow_classes(classes); });
  refresh_size();
}

FastTree::Node* FastTree::child_of(const Node& node, const double* x) const {
  return node
      .children[branch_of(x[node.attribute], node.kind, node.value, static_cast<int>(node.children.size()),
                          node.usual_child)]
      .get();
}

void FastTree::votes(const double* x, double* votes_C) {
  const Node* node = root_.get();
  while (node->attribute >= 0) node = child_of(*node, x);
  node->leaf.votes(x, options_.leaf, scores_, votes_C);
}

void FastTree::test_then_train(const double* x, int label, double weight, double* votes_C) {
  votes(x, votes_C);
  if (!(weight > 0)) return;
  const bool again = ++rows_ % period_ == 0;
  used_.clear();
  Node* node = root_.get();
  while (node->attribute >= 0) {
    node->leaf.learn(x, label, weight, LeafVote::majority, -1);
    if (again) reconsider(*node, used_);
    if (node->attribute < 0) break;
    if (schema_.inputs[node->attribute].nominal) used_.push_back(node->attribute);
    node = child_of(*node, x);
  }
  TreeLeaf& leaf = node->leaf;
  leaf.learn(x, label, weight, options_.leaf, leaf.bayes_choice(x, options_.leaf, scores_));
  if (!leaf.active || leaf.weight - leaf.looked_at < options_.grace_period) return;
  leaf.looked_at = leaf.weight;
  try_split(*node, used_);
}

Split FastTree::look(Node& node, double& mean_merit) const {
  ++node.looks;
  Split best;
  for (const Split& split : every_split(node.leaf.stats, node.leaf.classes.data(), options_.binary_splits,
                                        options_.split_points)) {
    node.gains[split.attribute] += split.merit;
    if (split.merit > best.merit) best = split;
  }
  mean_merit = best.attribute >= 0 ? node.gains[best.attribute] / static_cast<double>(node.looks) : 0;
  return best;
}

void FastTree::try_split(Node& node, const std::vector<int32_t>& used) {
  const auto present =
      std::count_if(node.leaf.classes.begin(), node.leaf.classes.end(), [](double w) { return w > 0; });
  if (present < 2) return;
  double merit = 0;
  const Split best = look(node, merit);
  const double bound = node.leaf.bound(options_);
  if (best.merit < kLeastMerit || !(merit > bound || bound < options_.tie_threshold)) return;
  // A nominal attribute says nothing more further down.
  if (std::find(used.begin(), used.end(), best.attribute) != used.end()) return;
  split(node, best);
}

void FastTree::split(Node& node, const Split& chosen) {
  node.attribute = chosen.attribute;
  node.kind = chosen.kind;
  node.value = chosen.value;
  node.children.clear();
  double most = -1;
  for (auto& branch : branch_classes(node.leaf.stats, chosen)) {
    const double weight = std::accumulate(branch.begin(), branch.end(), 0.0);
    if (weight > most) {
      most = weight;
      node.usual_child = static_cast<int32_t>(node.children.size());
    }
    node.children.push_back(new_leaf(std::move(branch)));
  }
  refresh_size();
  if (bytes() > options_.max_bytes) rest_least_promising();
}

// Whether another split would be better than the one that is there, or none.
void FastTree::reconsider(Node& node, const std::vector<int32_t>& used) {
  if (!node.leaf.active) return;
  double merit = 0;
  const Split best = look(node, merit);
  const double now = node.gains[node.attribute] / static_cast<double>(node.looks);
  const double bound = node.leaf.bound(options_);
  const bool none = !(best.merit > kLeastMerit) || merit < 0;
  const double gain = (none ? 0 : merit) - now;
  if (!(gain > bound || (bound < options_.tie_threshold && gain > options_.tie_threshold / 2))) return;
  if (!none && std::find(used.begin(), used.end(), best.attribute) != used.end()) return;
  ++revisions_;
  if (!none) return split(node, best);
  node.attribute = -1;
  node.children.clear();
  refresh_size();
}

// As in HoeffdingTree, but that nodes with children keep theirs as long as leaves are enough.
void FastTree::rest_least_promising() {
  std::vector<std::pair<double, Node*>> nodes;
  each(*root_, [&](Node& node) {
    if (node.leaf.active) nodes.emplace_back(node.attribute < 0 ? node.leaf.promise() : 1e300, &node);
  });
  std::stable_sort(nodes.begin(), nodes.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto most = static_cast<size_t>(0.9 * static_cast<double>(options_.max_bytes));
  for (const auto& [promise, node] : nodes) {
    if (bytes() <= most) break;
    bytes_ -= node->leaf.bytes();
    node->leaf.set_active(false, {});
    bytes_ += node->leaf.bytes();
  }
}

int FastTree::depth_of(const Node& node) const {
  int deepest = -1;
  for (const auto& child : node.children) deepest = std::max(deepest, depth_of(*child));
  return deepest + 1;
}

TreeView FastTree::view() const {
  TreeView view;
  add_branch(view, *root_, [](const Node& node, TreeView::Node& copy) {
    if (node.attribute < 0)
      copy.classes = node.leaf.classes;
    else
      copy.merit = node.gains[node.attribute] / static_cast<double>(std::max<int64_t>(1, node.looks)) *
                   node.leaf.weight;
  });
  return view;
}

void FastTree::check(Archive& archive, const Node& node) const {
  node.leaf.check(archive, classes_, schema_);
  archive.check(node.gains.size() == static_cast<size_t>(schema_.width()), "a node of another stream");
  if (node.attribute < 0) {
    archive.check(node.children.empty(), "a leaf with children");
  } else {
    check_split(archive, schema_, node.attribute, node.kind, node.value, node.children.size(),
                node.usual_child);
  }
  for (const auto& child : node.children) {
    archive.check(child != nullptr, "a node without its children");
    check(archive, *child);
  }
}

void FastTree::fields(Archive& archive) {
  archive(classes_, rows_, revisions_, root_);
  if (!archive.loading()) return;
  archive.check(classes_ >= 1 && rows_ >= 0 && root_ != nullptr, "a tree without a root");
  check(archive, *root_);
  scores_.assign(classes_, 0.0);
  refresh_size();
}

}  // namespace conclave::stream
