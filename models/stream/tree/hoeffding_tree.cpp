#include "models/stream/tree/hoeffding_tree.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "models/stream/base/fast_math.h"

namespace conclave::stream {
std::vector<int32_t> draw_places(int width, int count, Random& random) {
  std::vector<int32_t> places(width);
  std::iota(places.begin(), places.end(), 0);
  for (int i = 0; i < count; ++i)
    std::swap(places[i], places[i + static_cast<int>(random.below(static_cast<uint64_t>(width - i)))]);
  places.resize(count);
  std::sort(places.begin(), places.end());
  return places;
}

HoeffdingTree::HoeffdingTree(const Schema& schema, const TreeOptions& options, uint64_t seed)
    : schema_(schema), options_(options), random_(seed, "tree"), classes_(std::max(1, schema.classes())) {
  schema_.label.values.clear();  // names of classes come and go outside
  for (auto& input : schema_.inputs) input.name.clear();
  scores_.resize(classes_);
  nodes_.emplace_back();
  add_leaf(std::vector<double>(classes_, 0.0), 0);
}

void HoeffdingTree::grow_classes(int classes) {
  if (classes <= classes_) return;
  classes_ = classes;
  scores_.resize(classes);
  bytes_ = nodes_.capacity() * sizeof(Node);
  for (Leaf& leaf : leaves_) {
    leaf.grow_classes(classes);
    bytes_ += leaf.bytes();
  }
}

Observed HoeffdingTree::draw_attributes() {
  const int width = schema_.width();
  if (!options_.only.empty()) return Observed::some(schema_, options_.only);
  if (options_.subspace <= 0 || options_.subspace >= width) return Observed::all(schema_);
  return Observed::some(schema_, draw_places(width, options_.subspace, random_));
}

int HoeffdingTree::add_leaf(std::vector<double> classes, int node) {
  Leaf leaf(std::move(classes), draw_attributes());
  leaf.node = node;
  bytes_ += leaf.bytes();
  nodes_[node].leaf = static_cast<int32_t>(leaves_.size());
  leaves_.push_back(std::move(leaf));
  return nodes_[node].leaf;
}

HoeffdingTree::Leaf& HoeffdingTree::leaf_of(const double* x) {
  const Node* node = nodes_.data();
  while (node->attribute >= 0) {
    const int branch =
        branch_of(x[node->attribute], node->kind, node->value, node->children, node->usual_child);
    node = nodes_.data() + node->first_child + branch;
  }
  return leaves_[node->leaf];
}

void HoeffdingTree::learn_at(Leaf& leaf, const double* x, int label, double weight, int bayes) {
  leaf.learn(x, label, weight, options_.leaf, bayes);
  weight_ += weight;
  if (!leaf.active || leaf.weight - leaf.looked_at < options_.grace_period) return;
  leaf.looked_at = leaf.weight;
  try_split(static_cast<int>(&leaf - leaves_.data()));
}

void HoeffdingTree::votes(const double* x, double* votes_C) {
  leaf_of(x).votes(x, options_.leaf, scores_, votes_C);
}

void HoeffdingTree::learn(const double* x, int label, double weight) {
  Leaf& leaf = leaf_of(x);
  learn_at(leaf, x, label, weight, leaf.bayes_choice(x, options_.leaf, scores_));
}

void HoeffdingTree::test_then_train(const double* x, int label, double weight, double* votes_C) {
  Leaf& leaf = leaf_of(x);
  const int bayes = leaf.votes(x, options_.leaf, scores_, votes_C);
  if (weight > 0) learn_at(leaf, x, label, weight, bayes);
}

void HoeffdingTree::try_split(int index) {
  const Split chosen = leaves_[index].choose_split(options_);
  if (chosen.kind == SplitKind::none) return;
  split(index, chosen);
  if (bytes_ > options_.max_bytes) rest_least_promising();
}

void HoeffdingTree::split(int index, const Split& chosen) {
  auto branches = branch_classes(leaves_[index].stats, chosen);
  const int at = leaves_[index].node, first = static_cast<int>(nodes_.size());
  Node& node = nodes_[at];
  node.attribute = chosen.attribute;
  node.kind = chosen.kind;
  node.value = chosen.value;
  node.merit = chosen.merit * leaves_[index].weight;
  node.first_child = first;
  node.children = static_cast<int32_t>(branches.size());
  double most = -1;
  for (size_t b = 0; b < branches.size(); ++b) {
    const double weight = std::accumulate(branches[b].begin(), branches[b].end(), 0.0);
    if (weight > most) {
      most = weight;
      node.usual_child = static_cast<int32_t>(b);
    }
  }
  const size_t before = nodes_.capacity();
  if (nodes_.size() + branches.size() > before)  // doubling would leap over the memory bound
    nodes_.reserve(before + before / 8 + branches.size());
  nodes_.resize(nodes_.size() + branches.size());
  bytes_ += (nodes_.capacity() - before) * sizeof(Node);
  // The first child takes the leaf's place in the list.
  bytes_ -= leaves_[index].bytes();
  for (size_t b = 0; b < branches.size(); ++b) add_leaf(std::move(branches[b]), first + static_cast<int>(b));
  leaves_[index] = std::move(leaves_.back());
  leaves_.pop_back();
  nodes_[leaves_[index].node].leaf = index;
}

// Ranks the leaves by the weight that they get wrong; as many of the first as fit stay awake.
void HoeffdingTree::rest_least_promising() {
  std::vector<int> order(leaves_.size());
  std::iota(order.begin(), order.end(), 0);
  std::vector<double> promise;
  for (const Leaf& leaf : leaves_) promise.push_back(leaf.promise());
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return promise[a] > promise[b]; });
  const double asleep = static_cast<double>(sizeof(Leaf) + classes_ * sizeof(double));
  double awake = asleep;
  for (const Leaf& leaf : leaves_)
    if (leaf.active) awake = std::max(awake, static_cast<double>(leaf.bytes()));
  double used =
      static_cast<double>(nodes_.capacity() * sizeof(Node)) + asleep * static_cast<double>(leaves_.size());
  for (const int index : order) {
    Leaf& leaf = leaves_[index];
    const double more =
        leaf.active ? static_cast<double>(leaf.bytes()) - asleep : std::max(0.0, awake - asleep);
    // A tenth stays free, so that this is not done at each split.
    const bool fits = used + more <= 0.9 * static_cast<double>(options_.max_bytes);
    if (fits) used += more;
    if (fits == leaf.active) continue;
    leaf.set_active(fits, fits ? draw_attributes() : Observed{});
  }
  bytes_ = nodes_.capacity() * sizeof(Node);
  for (const Leaf& leaf : leaves_) bytes_ += leaf.bytes();
}

int HoeffdingTree::depth() const {
  std::vector<int> depths(nodes_.size(), 0);
  int deepest = 0;
  for (size_t i = 0; i < nodes_.size(); ++i) {  // children come behind their parent
    for (int c = 0; c < nodes_[i].children; ++c) depths[nodes_[i].first_child + c] = depths[i] + 1;
    deepest = std::max(deepest, depths[i]);
  }
  return deepest;
}

TreeView HoeffdingTree::view() const {
  TreeView view;
  for (const Node& node : nodes_) {
    TreeView::Node copy{node.attribute, node.kind, node.value, node.merit, {}, {}, 0, 0};
    for (int c = 0; c < node.children; ++c) copy.children.push_back(node.first_child + c);
    if (node.attribute < 0) copy.classes = leaves_[node.leaf].classes;
    view.nodes.push_back(std::move(copy));
  }
  return view;
}

void HoeffdingTree::fields(Archive& archive) {
  archive(random_, classes_, weight_, bytes_, nodes_, leaves_);
  if (!archive.loading()) return;
  archive.check(classes_ >= 1 && !nodes_.empty() && !leaves_.empty(), "a tree without a root");
  scores_.assign(classes_, 0.0);
  const auto nodes = static_cast<int32_t>(nodes_.size()), leaves = static_cast<int32_t>(leaves_.size());
  std::vector<uint8_t> has_parent(nodes_.size(), 0);
  for (int32_t i = 0; i < nodes; ++i) {
    const Node& node = nodes_[i];
    if (node.attribute < 0) {
      archive.check(node.leaf >= 0 && node.leaf < leaves && node.children == 0, "a node without its leaf");
      continue;
    }
    archive.check(node.children >= 2 && node.first_child > i && node.children <= nodes - node.first_child,
                  "a node without its children");
    check_split(archive, schema_, node.attribute, node.kind, node.value, static_cast<size_t>(node.children),
                node.usual_child);
    for (int32_t c = 0; c < node.children; ++c)
      archive.check(!std::exchange(has_parent[node.first_child + c], 1), "a node with two parents");
  }
  for (const Leaf& leaf : leaves_) {
    archive.check(leaf.node >= 0 && leaf.node < nodes, "a leaf of another tree");
    leaf.check(archive, classes_, schema_);
  }
}

}  // namespace conclave::stream
