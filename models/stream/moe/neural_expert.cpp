#include <algorithm>

#include "models/stream/moe/expert.h"
#include "models/stream/moe/label_noise.h"
#include "models/stream/neural/dense_layer.h"
#include "models/stream/neural/kernels.h"

namespace conclave::stream {
namespace {

class NeuralExpert final : public Expert {
 public:
  NeuralExpert(int width, int classes, int hidden, double rate, uint64_t seed)
      : rate_(rate), in_(width, (hidden + 7) / 8 * 8), h_(in_.padded()), dh_(in_.padded()) {
    Random random(seed, "neural");
    in_.draw_normal(random, std::sqrt(2.0 / width));  // He et al., 2015
    grow_classes(classes);
  }
  void test_then_train(const EncodedRow& row, int label, double weight, double* votes_C) override {
    in_.forward(row.z_D, h_.data());
    for (float& h : h_) h = h > 0 ? h : 0;
    out_.forward(h_.data(), logits_.data());
    std::copy_n(logits_.data(), classes_, votes_C);
    softmax(votes_C, classes_);
    shares_.assign(votes_C, votes_C + classes_);
    noise_.blur(votes_C, classes_);
    if (label >= 0 && weight > 0) learn(row.z_D, label, weight);
  }
  void grow_classes(int classes) override {
    if (classes_ == 0)
      out_ = DenseLayer(in_.out(), classes);
    else
      out_.grow_outputs(classes);
    classes_ = classes;
    logits_.resize(out_.padded());
  }
  size_t bytes() const override { return sizeof(*this) + in_.bytes() + out_.bytes(); }
  void fields(Archive& archive) override {
    int32_t classes = classes_;
    archive(classes, steps_, noise_, in_);
    archive.check(classes == classes_, "another number of classes");
    archive(out_);
  }

 private:
  void learn(const float* z_D, int label, double weight) {
    weight *= noise_.damp(shares_[label], classes_);
    const float rate = adam_rate(rate_, ++steps_);
    for (int c = 0; c < classes_; ++c)  // logits become their slopes
      logits_[c] = static_cast<float>(weight * (shares_[c] - (c == label ? 1 : 0)));
    out_.backward(logits_.data(), dh_.data());
    for (size_t j = 0; j < h_.size(); ++j) dh_[j] = h_[j] > 0 ? dh_[j] : 0.0f;
    out_.step_row(h_.data(), logits_.data(), rate);
    in_.step_row(z_D, dh_.data(), rate);
  }

  int classes_ = 0;
  double rate_;
  int64_t steps_ = 0;
  LabelNoise noise_;
  std::vector<double> shares_;  // of the row at hand
  DenseLayer in_, out_;
  std::vector<float> h_, dh_, logits_;
};

}  // namespace

ExpertPtr make_neural_expert(int width, int classes, int hidden, double rate, uint64_t seed) {
  return std::make_unique<NeuralExpert>(width, classes, hidden, rate, seed);
}

}  // namespace conclave::stream
