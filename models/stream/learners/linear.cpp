#include "models/stream/learners/linear.h"

#include <algorithm>
#include <functional>

#include "models/stream/base/fast_math.h"
#include "models/stream/base/settings.h"
#include "models/stream/moe/expert.h"
#include "models/stream/neural/kernels.h"
#include "models/stream/neural/numeric_input.h"

namespace conclave::stream {
namespace {

// A sigmoid unit per class. Weights begin at random within 0.1 of 0.
class PerceptronExpert final : public Expert {
 public:
  PerceptronExpert(int width, int used, int classes, double ratio, uint64_t seed)
      : width_(width), used_(used), ratio_(ratio), random_(seed, "perceptron") {
    grow_classes(classes);
  }
  void test_then_train(const EncodedRow& row, int label, double weight, double* votes_C) override {
    double sum = 0;
    for (int c = 0; c < classes_; ++c) {
      const double s = bias_[c] + dot(weights_.data() + static_cast<size_t>(c) * width_, row.z_D, width_);
      votes_C[c] = 1 / (1 + fast_exp(-s));
      sum += votes_C[c];
    }
    if (label >= 0 && weight > 0) {
      for (int c = 0; c < classes_; ++c) {
        const double out = votes_C[c];
        const auto step =
            static_cast<float>(weight * ratio_ * ((c == label ? 1 : 0) - out) * out * (1 - out));
        add_scaled(weights_.data() + static_cast<size_t>(c) * width_, row.z_D, step, width_);
        bias_[c] += step;
      }
    }
    for (int c = 0; c < classes_; ++c) votes_C[c] = sum > 0 ? votes_C[c] / sum : 1.0 / classes_;
  }
  void grow_classes(int classes) override {
    weights_.resize(static_cast<size_t>(classes) * width_);
    bias_.resize(classes);
    const auto draw = [&] { return static_cast<float>(0.2 * random_.uniform() - 0.1); };
    for (; classes_ < classes; ++classes_) {
      for (int j = 0; j < used_; ++j) weights_[static_cast<size_t>(classes_) * width_ + j] = draw();
      bias_[classes_] = draw();
    }
  }
  size_t bytes() const override { return sizeof(*this) + (weights_.size() + bias_.size()) * sizeof(float); }
  void fields(Archive& archive) override {
    archive(random_, weights_, bias_);
    const auto n = static_cast<size_t>(classes_);
    archive.check(weights_.size() == n * width_ && bias_.size() == n, "weights of other inputs");
  }

 private:
  int width_, used_, classes_ = 0;
  double ratio_;
  Random random_;
  std::vector<float> weights_, bias_;  // [classes, width], [classes]
};

using MakeExpert = std::function<ExpertPtr(int classes)>;

// An expert that learns from rows as numbers, alone.
class NumericLearner final : public Learner {
 public:
  NumericLearner(NumericInput input, MakeExpert make, const LearnerContext& context)
      : input_(std::move(input)),
        make_(std::move(make)),
        classes_(std::max(2, context.schema.classes())),
        expert_(make_(classes_)),
        z_(input_.width()) {}
  int classes() const override { return classes_; }
  void grow_classes(int classes) override {
    if (classes <= classes_) return;
    classes_ = classes;
    expert_->grow_classes(classes);
  }
  void votes(const double* x, double* votes_C) override { step(x, -1, 0, votes_C); }
  void learn(const double* x, int label, double weight) override {
    unused_.resize(classes_);
    step(x, label, weight, unused_.data());
  }
  void test_then_train(const RowBlock& rows, double* votes_TC) override {
    for (size_t i = 0; i < rows.size(); ++i)
      step(rows.row(i).data(), rows.label(i), 1, votes_TC + i * classes_);
  }
  size_t bytes() const override { return sizeof(*this) + input_.bytes() + expert_->bytes(); }
  void fields(Archive& archive) override {
    std::vector<uint8_t> classes(classes_);  // as many as there are: its length is checked when it is read
    archive(classes, input_);
    archive.check(classes.size() >= 2, "no classes");
    if (archive.loading()) {
      classes_ = static_cast<int>(classes.size());
      expert_ = make_(classes_);
    }
    archive(*expert_);
  }

 private:
  void step(const double* x, int label, double weight, double* votes_C) {
    input_.encode(x, z_.data());
    expert_->test_then_train({x, z_.data()}, label, label < 0 ? 0 : weight, votes_C);
    if (label >= 0 && weight > 0) input_.learn(x);
  }

  NumericInput input_;
  MakeExpert make_;
  int classes_;
  ExpertPtr expert_;
  std::vector<float> z_;
  std::vector<double> unused_;
};

}  // namespace

LearnerPtr make_linear(ConfigObject& c, const LearnerContext& context) {
  const double rate = positive(c, "rate", 0.1, 1000), memory = positive(c, "memory_rows", 1e6, 1e15);
  const bool robust = c.get("robust", true);
  const NumericInput input(context.schema, c.get("scale", true));
  const int width = input.width();
  return std::make_unique<NumericLearner>(
      input, [=](int classes) { return make_linear_expert(width, classes, rate, memory, robust); }, context);
}

LearnerPtr make_perceptron(ConfigObject& c, const LearnerContext& context) {
  const double ratio = positive(c, "learning_ratio", 1, 1000);
  const NumericInput input(context.schema, c.get("scale", true));
  const int width = input.width(), used = input.used();
  const uint64_t seed = context.seed;
  return std::make_unique<NumericLearner>(
      input,
      [=](int classes) -> ExpertPtr {
        return std::make_unique<PerceptronExpert>(width, used, classes, ratio, seed);
      },
      context);
}

}  // namespace conclave::stream
