// MoE-Data: the router's steps are 256 rows apart, so that the logits of all rows up to the next step are
// known before the first of them is learned, and each expert can go over them by itself.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "models/stream/base/fast_math.h"
#include "models/stream/base/workers.h"
#include "models/stream/driftmoe/drift_moe.h"
#include "models/stream/driftmoe/router.h"
#include "models/stream/moe/watched_expert.h"
#include "models/stream/neural/numeric_input.h"

namespace conclave::stream {
namespace {

class DriftMoeData final : public Learner {
 public:
  DriftMoeData(const DriftMoeOptions& options, const LearnerContext& context)
      : options_(options),
        schema_(context.schema),
        classes_(std::max(2, context.schema.classes())),
        input_(context.schema, options.scale),
        router_(input_.width(), input_.used(), options.experts, options.rate, 0, context.seed),
        workers_(std::min(context.threads, options.experts)),
        used_{0, std::vector<uint32_t>(options.experts), std::vector<float>(options.experts)},
        trained_(options.experts),
        told_drifts_(options.experts) {
    WatchOptions watch;
    watch.replace = options.replace;
    for (int e = 0; e < options.experts; ++e) {
      const uint64_t seed = fnv1a(fmt::format("{} expert {}", context.seed, e));
      experts_.emplace_back(
          "tree",
          [this](uint32_t, int classes) { return make_tree_expert(schema_, options_.tree, 0, classes); },
          watch, classes_, seed);
    }
  }
  int classes() const override { return classes_; }
  void grow_classes(int classes) override {
    if (classes <= classes_) return;
    classes_ = classes;
    for (auto& expert : experts_) expert.grow_classes(classes);
  }

  void test_then_train(const RowBlock& rows, double* votes_TC) override {
    for (size_t first = 0; first < rows.size();) {
      const size_t left = options_.batch - pending_rows();
      const size_t n = std::min(left, rows.size() - first);
      take(rows, first, n, votes_TC + first * classes_);
      first += n;
      if (pending_rows() < static_cast<size_t>(options_.batch)) continue;
      router_.train(pending_z_.data(), pending_mask_.data(), pending_rows());
      pending_z_.clear();
      pending_mask_.clear();
    }
  }
  void votes(const double* x, double* votes_C) override {
    z_.resize(input_.width());
    input_.encode(x, z_.data());
    logits_.resize(experts_.size());
    router_.logits(z_.data(), logits_.data());
    expert_votes_.resize(experts_.size() * classes_);
    for (size_t e = 0; e < experts_.size(); ++e) {
      double* const at = expert_votes_.data() + e * classes_;
      experts_[e].votes({x, nullptr}, at);
      even_out(at);
    }
    combine(logits_.data(), expert_votes_.data(), classes_, votes_C);
  }
  void learn(const double* x, int label, double) override { learn_as_block(x, schema_.width(), label); }

  size_t bytes() const override {
    size_t sum = sizeof(*this) + router_.bytes() + input_.bytes() +
                 expert_votes_.capacity() * sizeof(double) +
                 (z_.capacity() + logits_.capacity() + pending_z_.capacity() + pending_mask_.capacity()) *
                     sizeof(float);
    for (const auto& expert : experts_) sum += expert.bytes();
    return sum;
  }
  Json describe() const override {
    Json list = Json::array();
    for (size_t e = 0; e < experts_.size(); ++e)
      list.push_back({{"leaves", experts_[e].tree()->leaves()},
                      {"rows", trained_[e]},
                      {"recent_error", experts_[e].recent_error()},
                      {"drifts", experts_[e].drifts()}});
    return {{"router_steps", router_.steps()}, {"experts", std::move(list)}};
  }
  std::vector<std::string> take_events() override {
    std::vector<std::string> events;
    for (size_t e = 0; e < experts_.size(); ++e) {
      if (experts_[e].drifts() > told_drifts_[e])
        events.push_back(fmt::format("expert {} was replaced after a drift", e));
      told_drifts_[e] = experts_[e].drifts();
    }
    return events;
  }
  ExpertUse take_use() override {
    ExpertUse use{0, std::vector<uint32_t>(experts_.size()), std::vector<float>(experts_.size())};
    std::swap(use, used_);
    return use;
  }
  std::vector<TreeView> trees() const override {
    std::vector<TreeView> list;
    for (const auto& expert : experts_) list.push_back(expert.tree()->view());
    return list;
  }
  void fields(Archive& archive) override {
    archive(classes_, input_, router_, pending_z_, pending_mask_, trained_, told_drifts_);
    archive.check(classes_ >= 2 && classes_ <= 10000 && pending_mask_.size() % experts_.size() == 0 &&
                      pending_rows() < static_cast<size_t>(options_.batch) &&
                      pending_z_.size() == pending_rows() * input_.width() &&
                      trained_.size() == experts_.size() && told_drifts_.size() == experts_.size(),
                  "another number of experts");
    for (auto& expert : experts_) {
      expert.expect_classes(classes_);
      archive(expert);
    }
  }

 private:
  size_t pending_rows() const { return pending_mask_.size() / experts_.size(); }

  // An expert that has learned nothing finds all classes as likely.
  void even_out(double* votes_C) const {
    double sum = 0;
    for (int c = 0; c < classes_; ++c) sum += votes_C[c];
    if (!(sum > 0)) std::fill_n(votes_C, classes_, 1.0 / classes_);
  }

  // votes_EC with `stride` between experts.
  void combine(const float* logits_E, const double* votes_EC, size_t stride, double* votes_C) const {
    const int n = static_cast<int>(experts_.size());
    if (!options_.vote) {
      const auto top = std::max_element(logits_E, logits_E + n) - logits_E;
      std::copy_n(votes_EC + top * stride, classes_, votes_C);
      return;
    }
    // A logit is the log odds of being right; beyond chance it is a weight (Nitzan and Paroush, 1982).
    std::fill_n(votes_C, classes_, 0.0);
    double sum = 0;
    for (int e = 0; e < n; ++e) {
      const double weight = std::max(1e-3, logits_E[e] + std::log(classes_ - 1.0));
      sum += weight;
      for (int c = 0; c < classes_; ++c) votes_C[c] += weight * votes_EC[e * stride + c];
    }
    for (int c = 0; c < classes_; ++c) votes_C[c] /= sum;
  }

  // Rows first to first + n - 1, which the router sees as it is now.
  void take(const RowBlock& rows, size_t first, size_t n, double* votes_TC) {
    const size_t experts = experts_.size(), width = input_.width(), stride = n * classes_;
    z_.resize(n * width);
    logits_.resize(n * experts);
    routed_.assign(n * experts, 0);
    for (size_t i = 0; i < n; ++i) {
      const double* const x = rows.row(first + i).data();
      input_.encode(x, z_.data() + i * width);
      if (rows.label(first + i) >= 0) input_.learn(x);
      router_.logits(z_.data() + i * width, logits_.data() + i * experts);
      route(i);
    }
    expert_votes_.resize(experts * stride);
    workers_.run(static_cast<int>(experts), [&](int e) {
      for (size_t i = 0; i < n; ++i) {
        const EncodedRow row{rows.row(first + i).data(), nullptr};
        const int label = rows.label(first + i);
        double* const at = expert_votes_.data() + e * stride + i * classes_;
        if (label >= 0 && routed_[i * experts + e]) {
          experts_[e].test_then_train(row, label, at);
          ++trained_[e];
        } else {
          experts_[e].votes(row, at);
        }
        even_out(at);
      }
    });
    for (size_t i = 0; i < n; ++i) {
      const float* const logits_E = logits_.data() + i * experts;
      const double* const votes_EC = expert_votes_.data() + i * classes_;
      combine(logits_E, votes_EC, stride, votes_TC + i * classes_);
      ++used_.led[std::max_element(logits_E, logits_E + experts) - logits_E];
      ++used_.rows;
      for (size_t e = 0; e < experts; ++e) used_.weights[e] += routed_[i * experts + e];
      if (const int label = rows.label(first + i); label >= 0) remember(i, votes_EC, stride, label);
    }
  }

  // The experts with the largest logits, the first among equals.
  void route(size_t i) {
    const size_t experts = experts_.size();
    order_.resize(experts);
    std::iota(order_.begin(), order_.end(), 0);
    const float* const logits_E = logits_.data() + i * experts;
    const auto before = [&](int a, int b) {
      return logits_E[a] > logits_E[b] || (logits_E[a] == logits_E[b] && a < b);
    };
    std::partial_sort(order_.begin(), order_.begin() + options_.top_k, order_.end(), before);
    for (int k = 0; k < options_.top_k; ++k) routed_[i * experts + order_[k]] = 1;
  }

  // The mask of the experts that were right; if none was, of the one that came closest.
  void remember(size_t i, const double* votes_EC, size_t stride, int label) {
    const size_t experts = experts_.size(), width = input_.width();
    const size_t at = pending_mask_.size();
    size_t closest = 0;
    bool any = false;
    for (size_t e = 0; e < experts; ++e) {
      const double* const votes_C = votes_EC + e * stride;
      const bool right = arg_max(votes_C, classes_) == label;
      pending_mask_.push_back(right ? 1.0f : 0.0f);
      any |= right;
      if (votes_C[label] > votes_EC[closest * stride + label]) closest = e;
    }
    if (!any) pending_mask_[at + closest] = 1;
    pending_z_.insert(pending_z_.end(), z_.data() + i * width, z_.data() + (i + 1) * width);
  }

  DriftMoeOptions options_;
  Schema schema_;
  int classes_;
  NumericInput input_;
  Router router_;
  Workers workers_;
  std::vector<WatchedExpert> experts_;
  ExpertUse used_;                               // since it was asked for
  std::vector<int64_t> trained_, told_drifts_;   // by expert
  std::vector<float> pending_z_, pending_mask_;  // rows for the router's next step
  // Of the rows at hand.
  std::vector<float> z_, logits_;
  std::vector<uint8_t> routed_;
  std::vector<int> order_;
  std::vector<double> expert_votes_;  // [experts, rows, classes]
};

}  // namespace

LearnerPtr make_drift_moe_data(const DriftMoeOptions& options, const LearnerContext& context) {
  return std::make_unique<DriftMoeData>(options, context);
}

}  // namespace conclave::stream
