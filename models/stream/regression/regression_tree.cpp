#include "models/stream/regression/regression_tree.h"

#include <algorithm>
#include <cmath>

#include "models/stream/tree/hoeffding_tree.h"

namespace conclave::stream {
namespace {

constexpr double kLeast = 5;          // rows on either side of a split
constexpr double kLossFading = 0.95;  // of a leaf's two losses

}  // namespace

RegressionTree::RegressionTree(const Schema& schema, const RegressionTreeOptions& options, uint64_t seed)
    : schema_(schema), options_(options), random_(seed, "tree") {
  observed_ = options.only.empty() ? Observed::all(schema_) : Observed::some(schema_, options.only);
  options_.subspace = options.subspace < schema.width() && options.only.empty() ? options.subspace : 0;
  x_.resize(observed_.numeric.size());
  z_.resize(x_.size() + 1);
  nodes_.resize(2);  // the root is alone in its pair
  watches_.resize(2);
  add_leaf(0);
}

int RegressionTree::add_leaf(int node) {
  int at = static_cast<int>(leaves_.size());
  if (free_leaves_.empty()) {
    leaves_.emplace_back();
  } else {
    at = free_leaves_.back();
    free_leaves_.pop_back();
    leaves_[at] = Leaf{};
  }
  Leaf& leaf = leaves_[at];
  leaf.node = node;
  if (options_.subspace > 0)
    leaf.own = Observed::some(schema_, draw_places(schema_.width(), options_.subspace, random_));
  leaf.bins = TargetBins(options_.bins);
  if (options_.leaf != LeafModel::mean) leaf.weights.resize(z_.size());
  nodes_[node] = Node{};
  nodes_[node].leaf = at;
  ++active_;
  return at;
}

int RegressionTree::add_pair() {
  if (!free_pairs_.empty()) {
    const int at = free_pairs_.back();
    free_pairs_.pop_back();
    for (int i = at; i < at + 2; ++i) nodes_[i] = {}, watches_[i] = {};
    return at;
  }
  nodes_.resize(nodes_.size() + 2);
  watches_.resize(nodes_.size());
  return static_cast<int>(nodes_.size()) - 2;
}

int RegressionTree::descend(int at, const double* x, std::vector<int32_t>* path) const {
  const Node* node = nodes_.data() + at;
  while (node->attribute >= 0) {
    if (path) path->push_back(static_cast<int32_t>(node - nodes_.data()));
    const int branch = branch_of(x[node->attribute], node->kind, node->value, 2, node->usual_child);
    node = nodes_.data() + node->first_child + branch;
  }
  return node->leaf;
}

// Inputs by three deviations from their means, then 1; what is missing is 0.
void RegressionTree::normalise(const double* x) {
  for (size_t j = 0; j < x_.size(); ++j) {
    const double value = x[observed_.numeric[j]], deviation = x_[j].deviation();
    z_[j] = deviation > 0 && !std::isnan(value) ? (value - x_[j].mean) / (3 * deviation) : 0;
  }
  z_.back() = 1;
}

double RegressionTree::linear(const Leaf& leaf) const {
  double sum = 0;
  for (size_t j = 0; j < z_.size(); ++j) sum += leaf.weights[j] * z_[j];
  return y_.mean + 3 * y_.deviation() * sum;
}

double RegressionTree::predict_at(const Leaf& leaf, const double* x) {
  if (options_.leaf == LeafModel::mean ||
      (options_.leaf == LeafModel::adaptive && leaf.mean_loss <= leaf.linear_loss))
    return leaf.y.mean;
  normalise(x);
  return linear(leaf);
}

double RegressionTree::predict(const double* x) {
  return predict_at(leaves_[descend(0, x, nullptr)], x);
}

double RegressionTree::learn(const double* x, double y, double weight, double* after) {
  path_.clear();
  int leaf = descend(0, x, options_.watch ? &path_ : nullptr);
  const double before = predict_at(leaves_[leaf], x);
  y_.add(y, weight);
  if (options_.leaf != LeafModel::mean)
    for (size_t j = 0; j < x_.size(); ++j)
      if (const double value = x[observed_.numeric[j]]; !std::isnan(value)) x_[j].add(value, weight);
  bool may_split = true;
  if (!path_.empty()) {
    const int64_t switches = switches_;
    watch_path(x, y, weight, before, may_split);
    if (switches != switches_) leaf = descend(0, x, nullptr);
  }
  learn_at(leaf, x, y, weight, may_split);
  if (after) *after = leaves_[leaf].node >= 0 ? predict_at(leaves_[leaf], x) : predict(x);
  return before;
}

void RegressionTree::learn_at(int index, const double* x, double y, double weight, bool may_split) {
  Leaf& leaf = leaves_[index];
  if (options_.leaf != LeafModel::mean) {
    normalise(x);
    const double spread = 3 * y_.deviation();
    if (spread > 0) {
      const double miss = (y - linear(leaf)) / spread, mean_miss = (y - leaf.y.mean) / spread;
      leaf.linear_loss = kLossFading * leaf.linear_loss + miss * miss;
      leaf.mean_loss = kLossFading * leaf.mean_loss + mean_miss * mean_miss;
      double length = 0;
      for (const double z : z_) length += z * z;
      const double ratio = options_.learning_ratio / (1 + leaf.seen * options_.learning_ratio_decay);
      // At most the whole way to the target.
      const double step = miss * std::min(1.0, weight * ratio * length) / length;
      for (size_t j = 0; j < z_.size(); ++j) leaf.weights[j] += step * z_[j];
    }
  }
  leaf.y.add(y, weight);
  leaf.seen += weight;
  if (!leaf.active) return;
  leaf.bins.add(observed(leaf), x, y, weight);
  if (!may_split || leaf.seen - leaf.looked_at < options_.grace_period) return;
  leaf.looked_at = leaf.seen;
  try_split(index);
}

void RegressionTree::try_split(int index) {
  TargetSplit best, second;
  Leaf& leaf = leaves_[index];
  leaf.bins.best_splits(observed(leaf), kLeast, best, second);
  if (!(best.merit > 0)) return;
  const double bound = std::sqrt(std::log(1 / options_.split_confidence) / (2 * leaf.seen));
  if (second.merit / best.merit >= 1 - bound && bound >= options_.tie_threshold) return;
  const double merit = best.merit * leaf.seen;
  const int at = leaf.node, pair = add_pair();
  for (int b = 0; b < 2; ++b) {
    const int child = add_leaf(pair + b);      // `leaf` may have moved
    leaves_[child].y = {0, best.means[b], 0};  // it begins anew, from there
    leaves_[child].weights = leaves_[index].weights;
    leaves_[child].mean_loss = leaves_[index].mean_loss;
    leaves_[child].linear_loss = leaves_[index].linear_loss;
  }
  leaves_[index] = Leaf{};
  free_leaves_.push_back(index);
  --active_;
  Node& node = nodes_[at];
  node.attribute = best.attribute;
  node.kind = best.kind;
  node.value = best.value;
  node.merit = merit;
  node.first_child = pair;
  node.usual_child = best.weights[0] >= best.weights[1] ? 0 : 1;
  node.leaf = -1;
  watches_[at] = {};
  if (bytes() > options_.max_bytes) rest_least_promising();
}

// From the root down: the first node whose errors grow begins a branch in the background; while there is one,
// nothing below is watched or split.
void RegressionTree::watch_path(const double* x, double y, double weight, double prediction,
                                bool& may_split) {
  const double spread = 3 * y_.deviation();
  const double error = spread > 0 ? std::fabs(y - prediction) / spread : 0;
  for (const int32_t at : path_) {
    Watch& watch = watches_[at];
    watch.weight += weight;
    watch.errors += weight * error;
    if (watch.alternate >= 0) {
      bool settled = false;
      compare(at, x, y, prediction, settled);
      if (settled) return;
      learn_at(descend(watch.alternate, x, nullptr), x, y, weight, true);
      may_split = false;
      return;
    }
    watch.sum += error - watch.errors / watch.weight - options_.page_hinckley_alpha;
    watch.lowest = std::min(watch.lowest, watch.sum);
    if (watch.sum - watch.lowest <= options_.page_hinckley_threshold) continue;
    const int pair = add_pair();  // `watch` may have moved
    const int leaf = add_leaf(pair);
    leaves_[leaf].y = {0, y_.mean, 0};
    watches_[at].alternate = pair;
    watches_[at].rows = watches_[at].compared_at = watches_[at].loss = watches_[at].alternate_loss = 0;
    return;
  }
}

// Compares a branch with the one in the background, which takes over or is given up.
void RegressionTree::compare(int at, const double* x, double y, double prediction, bool& settled) {
  Watch& watch = watches_[at];
  const double other = predict_at(leaves_[descend(watch.alternate, x, nullptr)], x);
  watch.loss = watch.loss * options_.alternate_fading + (y - prediction) * (y - prediction);
  watch.alternate_loss = watch.alternate_loss * options_.alternate_fading + (y - other) * (y - other);
  watch.rows += 1;
  if (watch.rows - watch.compared_at < options_.alternate_t_min) return;
  watch.compared_at = watch.rows;
  const bool better = watch.alternate_loss < watch.loss;
  if (!better && watch.rows < options_.alternate_time) return;
  settled = true;
  const int alternate = watch.alternate;
  watch.alternate = -1;
  if (better) {
    ++switches_;
    remove_below(at);
    nodes_[at] = nodes_[alternate];
    watches_[at] = {};
    if (nodes_[at].attribute < 0) leaves_[nodes_[at].leaf].node = at;
    nodes_[alternate] = {};
    free_pairs_.push_back(alternate);
  } else {
    remove_below(alternate);
    free_pairs_.push_back(alternate);
    watch.sum = watch.lowest = 0;
  }
}

// Frees what hangs below a node: its leaf, or its children and their alternates.
void RegressionTree::remove_below(int at) {
  std::vector<int32_t> open = {at};
  while (!open.empty()) {
    const int node = open.back();
    open.pop_back();
    if (watches_[node].alternate >= 0) {
      open.push_back(watches_[node].alternate);
      free_pairs_.push_back(watches_[node].alternate);
      watches_[node].alternate = -1;
    }
    if (nodes_[node].attribute < 0) {
      Leaf& leaf = leaves_[nodes_[node].leaf];
      active_ -= leaf.active ? 1 : 0;
      leaf = Leaf{};
      free_leaves_.push_back(nodes_[node].leaf);
    } else {
      const int pair = nodes_[node].first_child;
      open.push_back(pair);
      open.push_back(pair + 1);
      free_pairs_.push_back(pair);
    }
    nodes_[node] = {};
  }
}

size_t RegressionTree::bytes() const {
  size_t leaf = TargetBins::bytes(observed_, options_.bins);
  if (options_.subspace > 0) leaf = leaf * options_.subspace / std::max(1, schema_.width()) + 64;
  return sizeof(*this) + nodes_.capacity() * (sizeof(Node) + sizeof(Watch)) +
         leaves_.capacity() *
             (sizeof(Leaf) + (options_.leaf == LeafModel::mean ? 0 : z_.size()) * sizeof(double)) +
         static_cast<size_t>(active_) * leaf;
}

// Ranks the leaves by the squared error that is left in them; as many of the first as fit stay awake.
void RegressionTree::rest_least_promising() {
  std::vector<int> order;
  for (size_t i = 0; i < leaves_.size(); ++i)
    if (leaves_[i].node >= 0) order.push_back(static_cast<int>(i));
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return leaves_[a].y.squares > leaves_[b].y.squares; });
  const int32_t active = active_;
  active_ = 0;
  const size_t asleep = bytes();
  active_ = 1;
  const size_t one = bytes() - asleep;
  active_ = active;
  // A tenth stays free, so that this is not done at each split.
  const auto room = 0.9 * static_cast<double>(options_.max_bytes) - static_cast<double>(asleep);
  const size_t most = room > 0 ? static_cast<size_t>(room / static_cast<double>(one)) : 0;
  for (size_t i = 0; i < order.size(); ++i) {
    Leaf& leaf = leaves_[order[i]];
    const bool awake = i < most;
    if (awake == leaf.active) continue;
    leaf.active = awake;
    leaf.bins = TargetBins(options_.bins);
    leaf.looked_at = leaf.seen;
    active_ += awake ? 1 : -1;
  }
}

TreeView RegressionTree::view() const {
  TreeView view;
  view.numbers = true;
  std::vector<std::pair<int32_t, int32_t>> open = {{0, -1}};  // node, and its parent in the view
  while (!open.empty()) {
    const auto [at, parent] = open.back();
    open.pop_back();
    const Node& node = nodes_[at];
    const auto place = static_cast<int32_t>(view.nodes.size());
    if (parent >= 0) view.nodes[parent].children.push_back(place);
    view.nodes.push_back({node.attribute, node.kind, node.value, node.merit, {}, {}, 0, 0});
    if (node.attribute < 0) {
      view.nodes[place].weight = leaves_[node.leaf].seen;
      view.nodes[place].mean = leaves_[node.leaf].y.mean;
    } else {
      open.emplace_back(node.first_child + 1, place);
      open.emplace_back(node.first_child, place);
    }
  }
  return view;
}

int RegressionTree::depth() const {
  std::vector<std::pair<int32_t, int>> open = {{0, 0}};
  int deepest = 0;
  while (!open.empty()) {
    const auto [at, depth] = open.back();
    open.pop_back();
    deepest = std::max(deepest, depth);
    if (nodes_[at].attribute < 0) continue;
    for (int b = 0; b < 2; ++b) open.emplace_back(nodes_[at].first_child + b, depth + 1);
  }
  return deepest;
}

void RegressionTree::fields(Archive& archive) {
  auto count = static_cast<uint32_t>(leaves_.size());
  archive(random_, y_, x_, switches_, nodes_, watches_, free_pairs_, free_leaves_, active_, count);
  archive.check(nodes_.size() == watches_.size() && nodes_.size() % 2 == 0 && count <= nodes_.size() &&
                    x_.size() == observed_.numeric.size(),
                "a tree of another stream");
  if (archive.loading()) leaves_.assign(count, Leaf{});
  for (Leaf& leaf : leaves_) {
    archive(leaf.y, leaf.seen, leaf.looked_at, leaf.mean_loss, leaf.linear_loss, leaf.node, leaf.active,
            leaf.own, leaf.weights);
    archive.check(leaf.own.nominal.size() == leaf.own.values.size(), "a leaf's columns do not fit");
    for (const auto* places : {&leaf.own.numeric, &leaf.own.nominal})
      for (const int32_t place : *places)
        archive.check(place >= 0 && place < schema_.width(), "a leaf of another stream");
    for (size_t k = 0; k < leaf.own.nominal.size(); ++k)
      archive.check(
          leaf.own.values[k] == static_cast<int32_t>(schema_.inputs[leaf.own.nominal[k]].values.size()),
          "a leaf's values do not fit");
    archive.check(leaf.weights.size() == (options_.leaf == LeafModel::mean || leaf.node < 0 ? 0 : z_.size()),
                  "a leaf's model does not fit");
    leaf.bins.fields(archive, observed(leaf), leaf.node < 0 ? 0 : options_.bins);
  }
  if (archive.loading()) check_shape(archive);
}

// Each node and leaf must be reached once at most, so that no way goes round in a circle.
void RegressionTree::check_shape(Archive& archive) const {
  const auto nodes = static_cast<int32_t>(nodes_.size()), leaves = static_cast<int32_t>(leaves_.size());
  std::vector<uint8_t> reached(nodes_.size(), 0);
  std::vector<int32_t> open = {0};
  const auto open_pair = [&](int32_t pair) {
    archive.check(pair > 0 && pair % 2 == 0 && pair + 1 < nodes && !reached[pair], "a tree that is none");
    reached[pair] = 1;
  };
  while (!open.empty()) {
    const Node& node = nodes_[open.back()];
    const Watch& watch = watches_[open.back()];
    const int32_t at = open.back();
    open.pop_back();
    if (watch.alternate >= 0) {
      open_pair(watch.alternate);
      open.push_back(watch.alternate);
    }
    if (node.attribute < 0) {
      archive.check(node.leaf >= 0 && node.leaf < leaves && leaves_[node.leaf].node == at,
                    "a node without its leaf");
      continue;
    }
    check_split(archive, schema_, node.attribute, node.kind, node.value, 2, node.usual_child);
    open_pair(node.first_child);
    open.push_back(node.first_child);
    open.push_back(node.first_child + 1);
  }
  std::vector<uint8_t> free_leaf(leaves_.size(), 0);
  for (const int32_t pair : free_pairs_) open_pair(pair);
  for (const int32_t leaf : free_leaves_) {
    archive.check(leaf >= 0 && leaf < leaves && leaves_[leaf].node < 0 && !free_leaf[leaf],
                  "a leaf freed twice");
    free_leaf[leaf] = 1;
  }
}

}  // namespace conclave::stream
