#include "models/stream/tree/adaptive_tree.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "models/stream/base/fast_math.h"
#include "models/stream/base/poisson.h"

namespace conclave::stream {
namespace {

constexpr double kLeastWidth = 300;   // rows before a branch and its rival are compared
constexpr double kConfidence = 0.05;  // of that comparison being wrong
constexpr double kLeastError = 1e-3;  // by which a leaf's votes are divided, squared
constexpr int64_t kMeasured = 4096;   // rows between two measurements of the memory
const Poisson kPoisson(1);

}  // namespace

AdaptiveTree::AdaptiveTree(const Schema& schema, const TreeOptions& options, uint64_t seed)
    : schema_(schema),
      options_(options),
      observed_(Observed::all(schema)),
      random_(seed, "tree"),
      classes_(std::max(1, schema.classes())),
      scores_(classes_),
      said_(classes_) {
  root_ = new_leaf(std::vector<double>(classes_, 0.0));
}

std::unique_ptr<AdaptiveTree::Node> AdaptiveTree::new_leaf(std::vector<double> classes) const {
  auto node = std::make_unique<Node>();
  node->leaf = TreeLeaf(std::move(classes), observed_);
  return node;
}

template <class Visit>
void AdaptiveTree::each(Node& node, const Visit& visit) {
  visit(node);
  if (node.rival) each(*node.rival, visit);
  for (auto& child : node.children) each(*child, visit);
}

void AdaptiveTree::grow_classes(int classes) {
  if (classes <= classes_) return;
  classes_ = classes;
  scores_.resize(classes);
  said_.resize(classes);
  each(*root_, [&](Node& node) {
    if (node.attribute < 0) node.leaf.grow_classes(classes);
  });
}

AdaptiveTree::Node* AdaptiveTree::child_of(const Node& node, const double* x) const {
  return node
      .children[branch_of(x[node.attribute], node.kind, node.value, static_cast<int>(node.children.size()),
                          node.usual_child)]
      .get();
}

// Leaves said_ holding what the leaf says.
AdaptiveTree::Reached AdaptiveTree::reach(Node& from, const double* x) {
  Node* node = &from;
  while (node->attribute >= 0) node = child_of(*node, x);
  const int bayes = node->leaf.votes(x, options_.leaf, scores_, said_.data());
  return {node, bayes, arg_max(said_.data(), classes_)};
}

// said_, by how rarely the leaf errs.
void AdaptiveTree::add_votes(const Node& leaf, double* votes_C) const {
  const double error = leaf.errors.mean(), weight = 1 / std::max(kLeastError, error * error);
  for (int c = 0; c < classes_; ++c) votes_C[c] += weight * said_[c];
}

// What rivals along the way say once they have branches of their own.
void AdaptiveTree::add_rivals(Node& from, const double* x, double* votes_C) {
  for (Node* node = &from; node->attribute >= 0; node = child_of(*node, x)) {
    if (!node->rival || node->rival->attribute < 0) continue;
    add_votes(*reach(*node->rival, x).leaf, votes_C);
    add_rivals(*node->rival, x, votes_C);
  }
}

void AdaptiveTree::votes(const double* x, double* votes_C) {
  test_then_train(x, 0, 0, votes_C);
}

void AdaptiveTree::test_then_train(const double* x, int label, double weight, double* votes_C) {
  std::fill_n(votes_C, classes_, 0.0);
  const Reached reached = reach(*root_, x);
  add_votes(*reached.leaf, votes_C);
  add_rivals(*root_, x, votes_C);
  const double sum = std::accumulate(votes_C, votes_C + classes_, 0.0);
  for (int c = 0; sum > 0 && c < classes_; ++c) votes_C[c] /= sum;
  if (!(weight > 0)) return;
  learn_at(root_, x, label, weight, reached);
  // The windows grow by themselves.
  if (++rows_ % kMeasured == 0 && bytes() > options_.max_bytes) rest_least_promising();
}

// `reached` is where the row ends below `place`.
void AdaptiveTree::learn_at(std::unique_ptr<Node>& place, const double* x, int label, double weight,
                            Reached reached) {
  Node& node = *place;
  node.errors.add(reached.said == label ? 0 : 1);
  if (node.attribute < 0) {
    const double more = weight * std::max(1, kPoisson.draw(random_));
    node.leaf.learn(x, label, more, options_.leaf, reached.bayes);
    if (!node.leaf.active || node.leaf.weight - node.leaf.looked_at < options_.grace_period) return;
    node.leaf.looked_at = node.leaf.weight;
    try_split(node);
    return;
  }
  if (node.errors.grew())
    node.rival = new_leaf(std::vector<double>(classes_, 0.0));
  else if (node.rival && settle(place))
    return learn_at(place, x, label, weight, reach(*place, x));
  if (node.rival) learn_at(node.rival, x, label, weight, reach(*node.rival, x));
  const int branch = branch_of(x[node.attribute], node.kind, node.value,
                               static_cast<int>(node.children.size()), node.usual_child);
  learn_at(node.children[branch], x, label, weight, reached);
}

// Compares a branch with its rival; true when that took its place.
bool AdaptiveTree::settle(std::unique_ptr<Node>& place) {
  Node& node = *place;
  const double width = node.errors.width(), rival_width = node.rival->errors.width();
  if (width <= kLeastWidth || rival_width <= kLeastWidth) return false;
  const double error = node.errors.mean(), rival_error = node.rival->errors.mean();
  const double bound =
      std::sqrt(2 * error * (1 - error) * std::log(2 / kConfidence) * (1 / rival_width + 1 / width));
  if (error - rival_error > bound) {
    auto rival = std::move(node.rival);
    place = std::move(rival);
    ++switches_;
    return true;
  }
  if (rival_error - error > bound) node.rival.reset();
  return false;
}

void AdaptiveTree::try_split(Node& node) {
  const Split chosen = node.leaf.choose_split(options_);
  if (chosen.kind == SplitKind::none) return;
  auto branches = branch_classes(node.leaf.stats, chosen);
  node.attribute = chosen.attribute;
  node.kind = chosen.kind;
  node.value = chosen.value;
  node.merit = chosen.merit * node.leaf.weight;
  double most = -1;
  for (auto& branch : branches) {
    const double weight = std::accumulate(branch.begin(), branch.end(), 0.0);
    if (weight > most) {
      most = weight;
      node.usual_child = static_cast<int32_t>(node.children.size());
    }
    node.children.push_back(new_leaf(std::move(branch)));
  }
  node.leaf = TreeLeaf();
  node.errors = Adwin();
  if (bytes() > options_.max_bytes) rest_least_promising();
}

// As in HoeffdingTree; rivals are leaves like others.
void AdaptiveTree::rest_least_promising() {
  std::vector<std::pair<double, Node*>> leaves;
  size_t awake = 0;
  each(*root_, [&](Node& node) {
    if (node.attribute >= 0) return;
    leaves.emplace_back(node.leaf.promise(), &node);
    awake = std::max(awake, node.leaf.stats.bytes());
  });
  std::stable_sort(leaves.begin(), leaves.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  size_t active = 0;
  for (const auto& [promise, node] : leaves) active += node->leaf.active ? node->leaf.stats.bytes() : 0;
  const size_t asleep = bytes() - active;
  const double room = 0.9 * static_cast<double>(options_.max_bytes) - static_cast<double>(asleep);
  const size_t most = room > 0 && awake > 0 ? static_cast<size_t>(room / static_cast<double>(awake)) : 0;
  for (size_t i = 0; i < leaves.size(); ++i)
    if (TreeLeaf& leaf = leaves[i].second->leaf; leaf.active != (i < most))
      leaf.set_active(i < most, observed_);
}

int AdaptiveTree::count(const Node& node, bool rivals) const {
  int sum = node.attribute < 0 ? 1 : 0;
  if (rivals && node.rival) sum += count(*node.rival, true);
  for (const auto& child : node.children) sum += count(*child, rivals);
  return sum;
}

int AdaptiveTree::depth_of(const Node& node) const {
  int deepest = -1;
  for (const auto& child : node.children) deepest = std::max(deepest, depth_of(*child));
  return deepest + 1;
}

size_t AdaptiveTree::bytes_of(const Node& node) const {
  size_t sum = sizeof(Node) - sizeof(Adwin) - sizeof(TreeLeaf) + node.errors.bytes() + node.leaf.bytes() +
               node.children.capacity() * sizeof(void*);
  if (node.rival) sum += bytes_of(*node.rival);
  for (const auto& child : node.children) sum += bytes_of(*child);
  return sum;
}

TreeView AdaptiveTree::view() const {
  TreeView view;
  add_branch(view, *root_, [](const Node& node, TreeView::Node& copy) {
    copy.merit = node.merit;
    if (node.attribute < 0) copy.classes = node.leaf.classes;
  });
  return view;
}

void AdaptiveTree::check(Archive& archive, const Node& node) const {
  if (node.attribute < 0) {
    archive.check(node.children.empty(), "a leaf with children");
    node.leaf.check(archive, classes_, schema_);
  } else {
    check_split(archive, schema_, node.attribute, node.kind, node.value, node.children.size(),
                node.usual_child);
  }
  if (node.rival) check(archive, *node.rival);
  for (const auto& child : node.children) {
    archive.check(child != nullptr, "a node without its children");
    check(archive, *child);
  }
}

void AdaptiveTree::fields(Archive& archive) {
  archive(random_, classes_, rows_, switches_, root_);
  if (!archive.loading()) return;
  archive.check(classes_ >= 1 && root_ != nullptr, "a tree without a root");
  check(archive, *root_);
  scores_.assign(classes_, 0.0);
  said_.assign(classes_, 0.0);
}

}  // namespace conclave::stream
