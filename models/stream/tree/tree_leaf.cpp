#include "models/stream/tree/tree_leaf.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "models/stream/base/fast_math.h"

namespace conclave::stream {
namespace {

CONCLAVE_STREAM_KERNEL void exponentials(const double* scores, double top, double* out, int n) {
  for (int c = 0; c < n; ++c) out[c] = fast_exp(scores[c] - top);
}

// To a sum of 1, if there is any.
void normalise(double* votes, int n) {
  double sum = 0;
  for (int c = 0; c < n; ++c) sum += votes[c];
  if (sum > 0)
    for (int c = 0; c < n; ++c) votes[c] *= 1 / sum;
}

}  // namespace

TreeLeaf::TreeLeaf(std::vector<double> from_split, Observed observed) : classes(std::move(from_split)) {
  weight = looked_at = std::accumulate(classes.begin(), classes.end(), 0.0);
  stats = LeafStats(std::move(observed), static_cast<int>(classes.size()));
}

int TreeLeaf::bayes_choice(const double* x, LeafVote how, std::vector<double>& scores) const {
  if (how == LeafVote::majority || !active || !(weight > 0)) return -1;
  const int n = static_cast<int>(classes.size());
  stats.log_scores(x, classes.data(), scores.data());
  const int best = arg_max(scores.data(), n);
  return std::isfinite(scores[best]) ? best : -1;
}

int TreeLeaf::votes(const double* x, LeafVote how, std::vector<double>& scores, double* votes_C) const {
  const int n = static_cast<int>(classes.size());
  const int bayes = bayes_choice(x, how, scores);
  if (bayes >= 0 && (how == LeafVote::naive_bayes || majority_right <= bayes_right))
    exponentials(scores.data(), scores[bayes], votes_C, n);
  else
    std::copy(classes.begin(), classes.end(), votes_C);
  normalise(votes_C, n);
  return bayes;
}

void TreeLeaf::learn(const double* x, int label, double more, LeafVote how, int bayes) {
  if (active && how == LeafVote::nb_adaptive) {
    if (arg_max(classes.data(), static_cast<int>(classes.size())) == label) majority_right += more;
    if (bayes == label) bayes_right += more;
  }
  classes[label] += more;
  weight += more;
  if (active) stats.add(x, label, more);
}

double TreeLeaf::bound(const TreeOptions& options) const {
  const auto present = std::count_if(classes.begin(), classes.end(), [](double w) { return w > 0; });
  const double range = std::log2(std::max<double>(2, static_cast<double>(present)));
  return std::sqrt(range * range * std::log(1 / options.split_confidence) / (2 * weight));
}

Split TreeLeaf::choose_split(const TreeOptions& options) const {
  const auto present = std::count_if(classes.begin(), classes.end(), [](double w) { return w > 0; });
  if (present < 2) return {};
  const auto found =
      best_splits(stats, classes.data(), options.pre_prune, options.binary_splits, options.split_points);
  if (!std::isfinite(found.best.merit)) return {};
  const double least = bound(options);
  // Not splitting may win, too; more rows may show otherwise.
  return found.best.merit - found.second.merit > least || least < options.tie_threshold ? found.best
                                                                                        : Split{};
}

void TreeLeaf::set_active(bool on, Observed observed) {
  active = on;
  stats = on ? LeafStats(std::move(observed), static_cast<int>(classes.size())) : LeafStats();
  looked_at = weight;
}

void TreeLeaf::grow_classes(int n) {
  classes.resize(n);
  if (active) stats.grow_classes(n);
}

double TreeLeaf::promise() const {
  return weight - *std::max_element(classes.begin(), classes.end());
}

void TreeLeaf::check(Archive& archive, int n, const Schema& schema) const {
  archive.check(classes.size() == static_cast<size_t>(n) && (!active || stats.classes() == n),
                "a leaf of another tree");
  const auto& observed = stats.observed();
  for (const auto* places : {&observed.numeric, &observed.nominal})
    for (const int32_t place : *places)
      archive.check(place >= 0 && place < schema.width(), "a leaf of another stream");
  for (size_t k = 0; k < observed.nominal.size(); ++k)
    archive.check(
        observed.values[k] == static_cast<int32_t>(schema.inputs[observed.nominal[k]].values.size()),
        "a leaf's values do not fit");
}

}  // namespace conclave::stream
