#include "models/stream/moe/adaptive_moe.h"

#include <algorithm>

#include "models/stream/base/fast_math.h"

namespace conclave::stream {
namespace {

constexpr int64_t kTerm = 1000;       // rows
constexpr int32_t kNap = 19;          // terms
constexpr int kMostClasses = 10'000;  // as many as readers give
constexpr double kLeastWorth = 2e-3;  // nats a row

}  // namespace

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
  const int drawn =
      std::clamp(static_cast<int>(std::lround(options.patch * schema_.width())), 1, schema_.width());
  tree.max_bytes = options.memory / static_cast<size_t>(2 * std::max(1, options.trees));
  for (int i = 0; i < options.trees; ++i) {
    tree.subspace = i % 2 == 0 ? 0 : drawn;  // the ones learn more, the others differ more
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
  WatchOptions forgetting = watched;
  forgetting.replace = false;
  if (options.bayes) {
    for (const double memory : {3000.0, 20000.0})
      add(
          "fading",
          [=, this](uint32_t, int classes) { return make_fading_bayes_expert(schema_, classes, memory); },
          forgetting);
  }
  const int width = scaler_.width();
  if (options.linear)
    add(
        "linear",
        [=, this](uint32_t, int classes) {
          return make_linear_expert(width, classes, options_.linear_rate, 1e6, true);
        },
        watched);
  if (options.quick)
    add(
        "quick",
        [=, this](uint32_t, int classes) {
          return make_linear_expert(width, classes, options_.quick_rate, 300, false);
        },
        forgetting);
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
          return make_nearest_expert(scaler_.used(), classes, options_.window, options_.k);
        },
        forgetting);
  for (size_t e = 0; e < experts_.size(); ++e) router_.add_expert(2.0 / static_cast<double>(experts_.size()));
  weight_sums_.resize(experts_.size());
  told_drifts_.resize(experts_.size());
  noted_drifts_.resize(experts_.size());
  worth_.resize(experts_.size());
  resting_.resize(experts_.size());
  take_use();
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

void AdaptiveMoe::encode(const RowBlock& rows, size_t first, size_t n) {
  encoded_.resize(n * scaler_.width());
  for (size_t i = 0; i < n; ++i) {
    const double* const x = rows.row(first + i).data();
    scaler_.encode(x, encoded_.data() + i * scaler_.width());
    if (rows.label(first + i) >= 0) scaler_.learn(x);
  }
}

void AdaptiveMoe::test_then_train(const RowBlock& rows, double* votes_TC) {
  // Who rests is decided every kTerm rows, wherever the blocks end.
  for (size_t first = 0; first < rows.size();) {
    const auto left = static_cast<size_t>(kTerm - rows_ % kTerm);
    const size_t n = std::min(left, rows.size() - first);
    take(rows, first, n, votes_TC + first * classes_);
    first += n;
    if (rows_ % kTerm == 0) end_term();
  }
}

// Rows first to first + n - 1.
void AdaptiveMoe::take(const RowBlock& rows, size_t first, size_t n, double* votes_TC) {
  const size_t stride = n * classes_, width = static_cast<size_t>(scaler_.width());
  encode(rows, first, n);
  expert_votes_.resize(experts_.size() * stride);
  // Experts know nothing of one another, so each goes over the rows by itself.
  workers_.run(static_cast<int>(experts_.size()), [&](int e) {
    double* const votes = expert_votes_.data() + e * stride;
    if (resting_[e]) std::fill_n(votes, stride, 0.0);
    for (size_t i = 0; i < n; ++i) {
      const EncodedRow row{rows.row(first + i).data(), encoded_.data() + i * width};
      if (resting_[e])
        experts_[e].learn_at_rest(row, rows.label(first + i));
      else
        experts_[e].test_then_train(row, rows.label(first + i), votes + i * classes_);
    }
  });
  row_votes_.resize(experts_.size() * classes_);
  row_weights_.resize(experts_.size());
  for (size_t i = 0; i < n; ++i) {
    for (size_t e = 0; e < experts_.size(); ++e)
      std::copy_n(expert_votes_.data() + e * stride + i * classes_, classes_,
                  row_votes_.data() + e * classes_);
    const float* const z_D = encoded_.data() + i * width;
    router_.mix(row_votes_.data(), z_D, classes_, votes_TC + i * classes_, row_weights_.data());
    for (size_t e = 0; e < experts_.size(); ++e) {
      weight_sums_[e] += row_weights_[e];
      use_.weights[e] += std::max(0.0f, static_cast<float>(row_weights_[e]));
    }
    ++use_.led[arg_max(row_weights_.data(), static_cast<int>(experts_.size()))];
    ++use_.rows;
    ++rows_;
    const int label = rows.label(first + i);
    if (label < 0) continue;
    for (size_t e = 0; e < experts_.size(); ++e)
      if (!resting_[e] && experts_[e].can_rest()) worth_[e] += router_.worth(static_cast<int>(e), label);
    router_.learn(z_D, label);
  }
}

// An expert without which the loss would have been the same is at rest for the next kNap terms, unless
// another one meets a drift meanwhile.
void AdaptiveMoe::end_term() {
  bool drift = false;
  for (size_t e = 0; e < experts_.size(); ++e) {
    drift |= experts_[e].drifts() > noted_drifts_[e];
    noted_drifts_[e] = experts_[e].drifts();
  }
  for (size_t e = 0; e < experts_.size(); ++e) {
    if (!experts_[e].can_rest()) continue;
    if (resting_[e] > 0)
      resting_[e] = drift ? 0 : resting_[e] - 1;
    else if (worth_[e] < kLeastWorth * kTerm)
      resting_[e] = kNap;
    worth_[e] = 0;
  }
}

void AdaptiveMoe::votes(const double* x, double* votes_C) {
  encoded_.resize(scaler_.width());
  scaler_.encode(x, encoded_.data());
  row_votes_.resize(experts_.size() * classes_);
  for (size_t e = 0; e < experts_.size(); ++e) {
    double* const at = row_votes_.data() + e * classes_;
    if (resting_[e])
      std::fill_n(at, classes_, 0.0);
    else
      experts_[e].votes({x, encoded_.data()}, at);
  }
  router_.mix(row_votes_.data(), encoded_.data(), classes_, votes_C);
}

void AdaptiveMoe::learn(const double* x, int label, double) {
  learn_as_block(x, schema_.width(), label);
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
                    {"background", experts_[e].has_background()},
                    {"resting", resting_[e] > 0}});
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

ExpertUse AdaptiveMoe::take_use() {
  ExpertUse use{0, std::vector<uint32_t>(experts_.size()), std::vector<float>(experts_.size())};
  std::swap(use, use_);
  return use;
}

std::vector<TreeView> AdaptiveMoe::trees() const {
  std::vector<TreeView> list;
  for (const auto& expert : experts_)
    if (expert.kind() == "tree") list.push_back(expert.tree()->view());
  return list;
}

void AdaptiveMoe::fields(Archive& archive) {
  archive(classes_, rows_, weight_sums_, told_drifts_, noted_drifts_, worth_, resting_, scaler_, router_);
  archive.check(classes_ >= 2 && classes_ <= kMostClasses && weight_sums_.size() == experts_.size() &&
                    told_drifts_.size() == experts_.size() && noted_drifts_.size() == experts_.size() &&
                    worth_.size() == experts_.size() && resting_.size() == experts_.size() &&
                    router_.experts() == static_cast<int>(experts_.size()),
                "another number of experts");
  for (auto& expert : experts_) {
    expert.expect_classes(classes_);
    archive(expert);
  }
}

LearnerPtr make_adaptive_moe(const MoeOptions& options, const LearnerContext& context) {
  return std::make_unique<AdaptiveMoe>(options, context);
}

}  // namespace conclave::stream
