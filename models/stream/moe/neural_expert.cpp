#include "models/stream/moe/expert.h"
#include "models/stream/moe/kernels.h"
#include "models/stream/moe/label_noise.h"

namespace conclave::stream {
namespace {

class NeuralExpert final : public Expert {
 public:
  NeuralExpert(int width, int classes, int hidden, double rate, uint64_t seed)
      : width_(width),
        hidden_((hidden + 7) / 8 * 8),
        rate_(rate),
        in_(hidden_ * width),
        in_bias_(hidden_),
        h_(hidden_),
        dh_(hidden_) {
    Random random(seed, "neural");
    const double spread = std::sqrt(2.0 / width);  // He et al., 2015
    for (float& weight : in_.value) weight = static_cast<float>(spread * random.normal());
    grow_classes(classes);
  }
  void test_then_train(const EncodedRow& row, int label, double weight, double* votes_C) override {
    for (int j = 0; j < hidden_; ++j) {
      const float sum =
          in_bias_.value[j] + dot(in_.value.data() + static_cast<size_t>(j) * width_, row.z_D, width_);
      h_[j] = sum > 0 ? sum : 0;
    }
    for (int c = 0; c < classes_; ++c)
      votes_C[c] =
          out_bias_.value[c] + dot(out_.value.data() + static_cast<size_t>(c) * hidden_, h_.data(), hidden_);
    softmax(votes_C, classes_);
    shares_.assign(votes_C, votes_C + classes_);
    noise_.blur(votes_C, classes_);
    if (label >= 0 && weight > 0) learn(row.z_D, label, weight);
  }
  void grow_classes(int classes) override {
    classes_ = classes;
    out_.resize(static_cast<size_t>(classes) * hidden_);
    out_bias_.resize(classes);
  }
  size_t bytes() const override {
    return sizeof(*this) +
           3 * sizeof(float) *
               (in_.value.size() + in_bias_.value.size() + out_.value.size() + out_bias_.value.size());
  }
  void fields(Archive& archive) override {
    archive(classes_, steps_, noise_, in_, in_bias_, out_, out_bias_);
    const auto fits = [](const Weights& w, size_t n) {
      return w.value.size() == n && w.first.size() == n && w.second.size() == n;
    };
    const size_t n = static_cast<size_t>(std::max(classes_, 0));
    archive.check(fits(in_, static_cast<size_t>(hidden_) * width_) && fits(in_bias_, hidden_) &&
                      fits(out_, n * hidden_) && fits(out_bias_, n),
                  "weights of other inputs");
  }

 private:
  // Weights with Adam's two moments.
  struct Weights {
    explicit Weights(size_t n = 0) { resize(n); }
    void resize(size_t n) {
      value.resize(n);
      first.resize(n);
      second.resize(n);
    }
    void step(size_t at, const float* z, float scale, float rate, int n) {
      adam_step(value.data() + at, first.data() + at, second.data() + at, z, scale, rate, n);
    }
    void fields(Archive& archive) { archive(value, first, second); }
    std::vector<float> value, first, second;
  };

  void learn(const float* z_D, int label, double weight) {
    weight *= noise_.damp(shares_[label], classes_);
    steps_ = std::min<int64_t>(steps_ + 1, 10000);  // from there on the correction is 1
    const double n = static_cast<double>(steps_);
    const auto rate = static_cast<float>(rate_ * std::sqrt(1 - std::pow(0.999, n)) / (1 - std::pow(0.9, n)));
    std::fill(dh_.begin(), dh_.end(), 0.0f);
    const float one = 1;
    for (int c = 0; c < classes_; ++c) {
      const auto error = static_cast<float>(weight * (shares_[c] - (c == label ? 1 : 0)));
      const size_t at = static_cast<size_t>(c) * hidden_;
      add_scaled(dh_.data(), out_.value.data() + at, error, hidden_);
      out_.step(at, h_.data(), error, rate, hidden_);
      out_bias_.step(c, &one, error, rate, 1);
    }
    for (int j = 0; j < hidden_; ++j) {
      const float error = h_[j] > 0 ? dh_[j] : 0.0f;
      in_.step(static_cast<size_t>(j) * width_, z_D, error, rate, width_);
      in_bias_.step(j, &one, error, rate, 1);
    }
  }

  int width_, hidden_, classes_ = 0;
  double rate_;
  int64_t steps_ = 0;
  LabelNoise noise_;
  std::vector<double> shares_;  // of the row at hand
  Weights in_, in_bias_, out_, out_bias_;
  std::vector<float> h_, dh_;
};

}  // namespace

ExpertPtr make_neural_expert(int width, int classes, int hidden, double rate, uint64_t seed) {
  return std::make_unique<NeuralExpert>(width, classes, hidden, rate, seed);
}

}  // namespace conclave::stream
