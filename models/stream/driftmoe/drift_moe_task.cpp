// MoE-Task: the mask has a one only for the expert of the row's class, so that the router learns to name
// classes by itself; the trees are asked only when they vote.
#include <algorithm>

#include "models/stream/driftmoe/drift_moe.h"
#include "models/stream/driftmoe/router.h"
#include "models/stream/moe/watched_expert.h"
#include "models/stream/neural/kernels.h"
#include "models/stream/neural/numeric_input.h"

namespace conclave::stream {
namespace {

class DriftMoeTask final : public Learner {
 public:
  DriftMoeTask(const DriftMoeOptions& options, const LearnerContext& context)
      : options_(options),
        schema_(context.schema),
        seed_(context.seed),
        input_(context.schema, options.scale),
        router_(input_.width(), input_.used(), std::max(2, context.schema.classes()), options.rate,
                options.dropout, context.seed),
        z_(input_.width()) {
    schema_.label = Attribute::counted("own", 2);
    grow_classes(router_.experts());
  }
  int classes() const override { return static_cast<int>(experts_.size()); }
  void grow_classes(int classes) override {
    WatchOptions watch;
    watch.replace = options_.replace;
    for (int c = this->classes(); c < classes; ++c)
      experts_.emplace_back(
          "tree", [this](uint32_t, int) { return make_tree_expert(schema_, options_.tree, 0, 2); }, watch, 2,
          fnv1a(fmt::format("{} expert {}", seed_, c)));
    if (classes > router_.experts()) router_.grow_experts(classes);
    rows_.resize(experts_.size());
  }

  void test_then_train(const RowBlock& rows, double* votes_TC) override {
    for (size_t i = 0; i < rows.size(); ++i)
      step(rows.row(i).data(), rows.label(i), votes_TC + i * experts_.size());
  }
  void votes(const double* x, double* votes_C) override { step(x, -1, votes_C); }
  void learn(const double* x, int label, double) override {
    unused_.resize(experts_.size());
    step(x, label, unused_.data());
  }

  size_t bytes() const override {
    size_t sum = sizeof(*this) + router_.bytes() + input_.bytes();
    for (const auto& expert : experts_) sum += expert.bytes();
    return sum;
  }
  Json describe() const override {
    Json list = Json::array();
    for (size_t c = 0; c < experts_.size(); ++c)
      list.push_back({{"leaves", experts_[c].tree()->leaves()},
                      {"rows", rows_[c]},
                      {"recent_error", experts_[c].recent_error()},
                      {"drifts", experts_[c].drifts()}});
    return {{"router_steps", router_.steps()}, {"experts", std::move(list)}};
  }
  std::vector<TreeView> trees() const override {
    std::vector<TreeView> list;
    for (const auto& expert : experts_) list.push_back(expert.tree()->view());
    return list;
  }
  void fields(Archive& archive) override {
    archive(rows_);
    archive.check(rows_.size() >= experts_.size(), "another number of classes");
    grow_classes(static_cast<int>(rows_.size()));
    archive(input_, router_);
    for (auto& expert : experts_) archive(expert);
  }

 private:
  void step(const double* x, int label, double* votes_C) {
    const int n = classes();
    input_.encode(x, z_.data());
    logits_.resize(n);
    mask_.assign(n, 0.0f);
    router_.logits(z_.data(), logits_.data(), true);
    std::copy_n(logits_.data(), n, votes_C);
    softmax(votes_C, n);
    double sum = 0;
    for (int c = 0; c < n; ++c) {
      double own[2];
      if (label >= 0)
        experts_[c].test_then_train({x, nullptr}, label == c ? 1 : 0, own);
      else if (options_.vote)
        experts_[c].votes({x, nullptr}, own);
      if (options_.vote) votes_C[c] *= own[0] + own[1] > 0 ? std::max(1e-6, own[1]) : 0.5;
      sum += votes_C[c];
    }
    for (int c = 0; c < n; ++c) votes_C[c] /= sum;
    if (label < 0) return;
    ++rows_[label];
    mask_[label] = 1;
    router_.train_last(z_.data(), mask_.data());
    input_.learn(x);
  }

  DriftMoeOptions options_;
  Schema schema_;  // of the experts: their class, or another
  uint64_t seed_;
  NumericInput input_;
  Router router_;
  std::vector<WatchedExpert> experts_;
  std::vector<int64_t> rows_;  // of each class
  std::vector<float> z_, logits_, mask_;
  std::vector<double> unused_;
};

}  // namespace

LearnerPtr make_drift_moe_task(const DriftMoeOptions& options, const LearnerContext& context) {
  return std::make_unique<DriftMoeTask>(options, context);
}

}  // namespace conclave::stream
