#include "models/stream/moe/adaptive_moe.h"

#include <algorithm>

namespace conclave::stream {

AdaptiveMoe::AdaptiveMoe(const MoeOptions& options, const LearnerContext& context)
    : options_(options),
      schema_(context.schema),
      seed_(context.seed),
      classes_(std::max(2, context.schema.classes())),
      scaler_(context.schema),
      router_(options.router, scaler_.width(), scaler_.used()),
      workers_(context.threads) {
  WatchOptions watched{options.drift_delta, options.warning_delta, true, options.lambda};
  TreeOptions tree;
  tree.grace_period = options.grace_period;
  tree.split_confidence = options.split_confidence;
  tree.subspace =
      std::clamp(static_cast<int>(std::lround(options.patch * schema_.width())), 1, schema_.width());
  tree.max_bytes = options.memory / static_cast<size_t>(2 * std::max(1, options.trees));
  for (int i = 0; i < options.trees; ++i) {
    add(
        "tree",
        [this, tree, i](uint32_t birth, int classes) {
          return make_tree_expert(schema_, tree, fnv1a(fmt::format("{} tree {} {}", seed_, i, birth)),
                                  classes);
        },
        watched);
  }
  watched.lambda = 0;
  if (options.bayes) {
    TreeOptions stump;
    stump.leaf = LeafVote::naive_bayes;
    stump.grace_period = 1e300;
    add(
        "bayes",
        [this, stump](uint32_t, int classes) { return make_tree_expert(schema_, stump, 0, classes); },
        watched);
  }
  const int width = scaler_.width();
  if (options.linear) {
    add(
        "linear",
        [=, this](uint32_t, int classes) {
          return make_linear_expert(width, classes, options_.linear_rate, 1e6);
        },
        watched);
    WatchOptions steady = watched;
    steady.replace = false;
    add(
        "quick",
        [=, this](uint32_t, int classes) {
          return make_linear_expert(width, classes, options_.quick_rate, 300);
        },
        steady);
  }
  WatchOptions forgetting = watched;
  forgetting.replace = false;
  if (options.neural)
    add(
        "neural",
        [=, this](uint32_t birth, int classes) {
          return make_neural_expert(width, classes, options_.hidden, options_.neural_rate,
                                    fnv1a(fmt::format("{} neural {}", seed_, birth)));
        },
        forgetting);
  if (options.nearest)
    add(
        "nearest",
        [=, this](uint32_t, int classes) {
          return make_nearest_expert(width, scaler_.used(), classes, options_.window, options_.k);
        },
        forgetting);
  for (size_t e = 0; e < experts_.size(); ++e) router_.add_expert(2.0 / static_cast<double>(experts_.size()));
  weight_sums_.resize(experts_.size());
  told_drifts_.resize(experts_.size());
}

void AdaptiveMoe::add(const std::string& kind, ExpertMaker make, const WatchOptions& watch) {
  experts_.emplace_back(kind, std::move(make), watch, classes_,
                        fnv1a(fmt::format("{} expert {}", seed_, experts_.size())));
}

void AdaptiveMoe::grow_classes(int classes) {
  if (classes <= classes_) return;
  classes_ = classes;
  for (auto& expert : experts_) expert.grow_classes(classes);
}

void AdaptiveMoe::encode(const RowBlock& rows) {
  encoded_.resize(rows.size() * scaler_.width());
  for (size_t i = 0; i < rows.size(); ++i) {
    scaler_.encode(rows.row(i).data(), encoded_.data() + i * scaler_.width());
    if (rows.label(i) >= 0) scaler_.learn(rows.row(i).data());
  }
}

void AdaptiveMoe::test_then_train(const RowBlock& rows, double* votes_TC) {
  const size_t n = rows.size(), stride = n * classes_, width = static_cast<size_t>(scaler_.width());
  encode(rows);
  expert_votes_.resize(experts_.size() * stride);
  // Experts know nothing of one another, so each goes over the block by itself.
  workers_.run(static_cast<int>(experts_.size()), [&](int e) {
    for (size_t i = 0; i < n; ++i)
      experts_[e].test_then_train({rows.row(i).data(), encoded_.data() + i * width}, rows.label(i),
                                  expert_votes_.data() + e * stride + i * classes_);
  });
  row_votes_.resize(experts_.size() * classes_);
  row_weights_.resize(experts_.size());
  for (size_t i = 0; i < n; ++i) {
    for (size_t e = 0; e < experts_.size(); ++e)
      std::copy_n(expert_votes_.data() + e * stride + i * classes_, classes_,
                  row_votes_.data() + e * classes_);
    const float* const z_D = encoded_.data() + i * width;
    router_.mix(row_votes_.data(), z_D, classes_, votes_TC + i * classes_, row_weights_.data());
    for (size_t e = 0; e < experts_.size(); ++e) weight_sums_[e] += row_weights_[e];
    ++rows_;
    if (rows.label(i) >= 0) router_.learn(z_D, rows.label(i));
  }
}

void AdaptiveMoe::votes(const double* x, double* votes_C) {
  encoded_.resize(scaler_.width());
  scaler_.encode(x, encoded_.data());
  row_votes_.resize(experts_.size() * classes_);
  for (size_t e = 0; e < experts_.size(); ++e)
    experts_[e].votes({x, encoded_.data()}, row_votes_.data() + e * classes_);
  router_.mix(row_votes_.data(), encoded_.data(), classes_, votes_C);
}

void AdaptiveMoe::learn(const double* x, int label, double) {
  RowBlock one;
  one.width = schema_.width();
  std::copy_n(x, one.width, one.add());
  one.y[0] = label;
  std::vector<double> unused(classes_);
  test_then_train(one, unused.data());
}

size_t AdaptiveMoe::bytes() const {
  size_t sum = sizeof(*this) + scaler_.bytes() + router_.bytes() +
               (expert_votes_.capacity() + row_votes_.capacity()) * sizeof(double) +
               encoded_.capacity() * sizeof(float);
  for (const auto& expert : experts_) sum += expert.bytes();
  return sum;
}

Json AdaptiveMoe::describe() const {
  Json list = Json::array();
  for (size_t e = 0; e < experts_.size(); ++e)
    list.push_back({{"kind", experts_[e].kind()},
                    {"mean_weight", rows_ > 0 ? weight_sums_[e] / static_cast<double>(rows_) : 0},
                    {"recent_error", experts_[e].recent_error()},
                    {"births", experts_[e].births()},
                    {"drifts", experts_[e].drifts()},
                    {"background", experts_[e].has_background()}});
  return {{"experts", std::move(list)}};
}

std::vector<std::string> AdaptiveMoe::take_events() {
  std::vector<std::string> events;
  for (size_t e = 0; e < experts_.size(); ++e) {
    if (experts_[e].drifts() > told_drifts_[e])
      events.push_back(fmt::format("expert {} ({}) was replaced after a drift", e, experts_[e].kind()));
    told_drifts_[e] = experts_[e].drifts();
  }
  return events;
}

void AdaptiveMoe::fields(Archive& archive) {
  archive(classes_, rows_, weight_sums_, told_drifts_, scaler_, router_);
  archive.check(classes_ >= 2 && weight_sums_.size() == experts_.size() &&
                    told_drifts_.size() == experts_.size() &&
                    router_.experts() == static_cast<int>(experts_.size()),
                "another number of experts");
  for (auto& expert : experts_) archive(expert);
}

LearnerPtr make_adaptive_moe(const MoeOptions& options, const LearnerContext& context) {
  return std::make_unique<AdaptiveMoe>(options, context);
}

}  // namespace conclave::stream
