#include "models/stream/moe/expert.h"
#include "models/stream/moe/label_noise.h"
#include "models/stream/neural/kernels.h"

namespace conclave::stream {
namespace {

class LinearExpert final : public Expert {
 public:
  LinearExpert(int width, int classes, double rate, double memory, bool robust)
      : width_(width),
        rate_(static_cast<float>(rate)),
        keep_(static_cast<float>(1 - 1 / memory)),
        robust_(robust) {
    grow_classes(classes);
  }
  void test_then_train(const EncodedRow& row, int label, double weight, double* votes_C) override {
    for (int c = 0; c < classes_; ++c)
      votes_C[c] = bias_[c] + dot(weights_.data() + static_cast<size_t>(c) * width_, row.z_D, width_);
    softmax(votes_C, classes_);
    shares_.assign(votes_C, votes_C + classes_);
    if (robust_) noise_.blur(votes_C, classes_);
    if (label >= 0 && weight > 0) learn(row.z_D, label, weight);
  }
  void grow_classes(int classes) override {
    classes_ = classes;
    weights_.resize(static_cast<size_t>(classes) * width_);
    sums_.resize(weights_.size());
    bias_.resize(classes);
    bias_sums_.resize(classes);
  }
  size_t bytes() const override {
    return sizeof(*this) + (weights_.size() + bias_.size()) * 2 * sizeof(float);
  }
  void fields(Archive& archive) override {
    int32_t classes = classes_;
    archive(classes, weights_, sums_, bias_, bias_sums_, noise_);
    const auto n = static_cast<size_t>(classes_);
    archive.check(classes == classes_ && weights_.size() == n * width_ && sums_.size() == n * width_ &&
                      bias_.size() == n && bias_sums_.size() == n,
                  "weights of other inputs");
  }

 private:
  void learn(const float* z_D, int label, double weight) {
    if (robust_) weight *= noise_.damp(shares_[label], classes_);
    for (int c = 0; c < classes_; ++c) {
      const auto error = static_cast<float>(weight * (shares_[c] - (c == label ? 1 : 0)));
      const size_t at = static_cast<size_t>(c) * width_;
      adagrad_step(weights_.data() + at, sums_.data() + at, z_D, error, rate_, keep_, width_);
      const float one = 1;
      adagrad_step(bias_.data() + c, bias_sums_.data() + c, &one, error, rate_, keep_, 1);
    }
  }

  int width_, classes_ = 0;
  float rate_, keep_;
  bool robust_;
  LabelNoise noise_;
  std::vector<double> shares_;                            // of the row at hand
  std::vector<float> weights_, sums_, bias_, bias_sums_;  // [classes, width], [classes]
};

}  // namespace

ExpertPtr make_linear_expert(int width, int classes, double rate, double memory, bool robust) {
  return std::make_unique<LinearExpert>(width, classes, rate, memory, robust);
}

}  // namespace conclave::stream
