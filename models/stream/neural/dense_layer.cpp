#include "models/stream/neural/dense_layer.h"

#include <algorithm>
#include <cmath>

#include "models/stream/neural/kernels.h"

namespace conclave::stream {

DenseLayer::DenseLayer(int in, int out) : in_(in) {
  grow_outputs(out);
}

void DenseLayer::grow_outputs(int out) {
  const int before = out_, stride = padded_;
  out_ = out;
  padded_ = (out + 7) / 8 * 8;
  if (padded_ == stride) return;
  for (auto* table : {&weights_, &first_, &second_, &gradient_}) {
    if (table == &gradient_ && table->empty()) continue;  // it comes with the first row
    std::vector<float> wide(static_cast<size_t>(in_ + 1) * padded_);
    for (int i = 0; before > 0 && i <= in_; ++i)
      std::copy_n(table->data() + static_cast<size_t>(i) * stride, before,
                  wide.data() + static_cast<size_t>(i) * padded_);
    table->swap(wide);
  }
}

void DenseLayer::draw_normal(Random& random, double deviation) {
  for (int i = 0; i < in_; ++i)
    for (int o = 0; o < out_; ++o)
      weights_[static_cast<size_t>(i) * padded_ + o] = static_cast<float>(deviation * random.normal());
}

void DenseLayer::draw_uniform(Random& random, double bound) {
  for (int i = 0; i < in_; ++i)
    for (int o = 0; o < out_; ++o)
      weights_[static_cast<size_t>(i) * padded_ + o] = static_cast<float>(bound * (2 * random.uniform() - 1));
}

void DenseLayer::forward(const float* x, float* y) const {
  std::copy_n(weights_.data() + static_cast<size_t>(in_) * padded_, padded_, y);
  add_product(x, weights_.data(), y, in_, padded_);
}

void DenseLayer::backward(const float* dy, float* dx) const {
  for (int i = 0; i < in_; ++i) dx[i] = dot(weights_.data() + static_cast<size_t>(i) * padded_, dy, padded_);
}

void DenseLayer::gather(const float* x, const float* dy) {
  gradient_.resize(weights_.size());
  for (int i = 0; i < in_; ++i)
    if (x[i] != 0) add_scaled(gradient_.data() + static_cast<size_t>(i) * padded_, dy, x[i], padded_);
  add_scaled(gradient_.data() + static_cast<size_t>(in_) * padded_, dy, 1, padded_);
}

void DenseLayer::step(float scale, float rate) {
  gradient_.resize(weights_.size());
  adam_step(weights_.data(), first_.data(), second_.data(), gradient_.data(), scale, rate,
            static_cast<int>(weights_.size()));
  std::fill(gradient_.begin(), gradient_.end(), 0.0f);
}

void DenseLayer::step_row(const float* x, const float* dy, float rate) {
  for (int i = 0; i <= in_; ++i) {
    const size_t at = static_cast<size_t>(i) * padded_;
    adam_step(weights_.data() + at, first_.data() + at, second_.data() + at, dy, i < in_ ? x[i] : 1.0f, rate,
              padded_);
  }
}

size_t DenseLayer::bytes() const {
  return sizeof(*this) +
         sizeof(float) * (weights_.size() + first_.size() + second_.size() + gradient_.size());
}

void DenseLayer::fields(Archive& archive) {
  archive(weights_, first_, second_, gradient_);
  const size_t n = static_cast<size_t>(in_ + 1) * padded_;
  archive.check(weights_.size() == n && first_.size() == n && second_.size() == n &&
                    (gradient_.empty() || gradient_.size() == n),
                "weights of other inputs");
}

float adam_rate(double rate, int64_t n) {
  const auto steps = static_cast<double>(std::min<int64_t>(n, 10000));  // from there on the correction is 1
  return static_cast<float>(rate * std::sqrt(1 - std::pow(0.999, steps)) / (1 - std::pow(0.9, steps)));
}

}  // namespace conclave::stream
