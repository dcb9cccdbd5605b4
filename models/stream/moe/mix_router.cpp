#include "models/stream/moe/mix_router.h"

#include <algorithm>

#include "models/stream/neural/kernels.h"

namespace conclave::stream {
namespace {

constexpr double kSquareRate = 2e-4, kLeastSlope = 0.01;

// Logarithms of shares, mean 0 over the classes; all 0 when there is no vote.
CONCLAVE_STREAM_KERNEL void centred_logs(const double* votes, double floor, double* logs, int n) {
  double lowest = floor / n, sum = 0, all = 0;
  for (int c = 0; c < n; ++c) {
    all += votes[c];
    logs[c] = fast_log((1 - floor) * votes[c] + lowest);
  }
  for (int c = 0; c < n; ++c) sum += logs[c];
  const double mean = sum / n, keep = all > 0 ? 1 : 0;
  for (int c = 0; c < n; ++c) logs[c] = keep * (logs[c] - mean);
}

}  // namespace

MixRouter::MixRouter(const RouterOptions& options, int width, int used)
    : options_(options), width_(width), scale_(1 / std::sqrt(std::max(1, used))) {}

void MixRouter::add_expert(double weight) {
  shared_.push_back(weight);
  squares_.push_back(1);
  gate_.resize(gate_.size() + width_);
  classes_ = 0;
}

void MixRouter::remove_expert(int expert) {
  shared_.erase(shared_.begin() + expert);
  squares_.erase(squares_.begin() + expert);
  gate_.erase(gate_.begin() + static_cast<int64_t>(expert) * width_,
              gate_.begin() + static_cast<int64_t>(expert + 1) * width_);
  classes_ = 0;
}

void MixRouter::mix(const double* votes_EC, const float* z_D, int classes, double* mixed_C,
                    double* weight_E) {
  const int n = experts();
  classes_ = classes;
  logs_.resize(static_cast<size_t>(n) * classes);
  mixed_.assign(classes, 0.0);
  weights_.resize(n);
  for (int e = 0; e < n; ++e) {
    double* const logs = logs_.data() + static_cast<size_t>(e) * classes;
    centred_logs(votes_EC + static_cast<size_t>(e) * classes, options_.floor, logs, classes);
    weights_[e] = shared_[e];
    if (options_.gate_rate > 0)
      weights_[e] += scale_ * dot(gate_.data() + static_cast<size_t>(e) * width_, z_D, width_);
    for (int c = 0; c < classes; ++c) mixed_[c] += weights_[e] * logs[c];
  }
  scores_ = mixed_;
  softmax(mixed_.data(), classes);
  std::copy(mixed_.begin(), mixed_.end(), mixed_C);
  noise_.blur(mixed_C, classes);
  if (weight_E) std::copy(weights_.begin(), weights_.end(), weight_E);
}

double MixRouter::worth(int expert, int label) const {
  const double* const logs = logs_.data() + static_cast<size_t>(expert) * classes_;
  double with = 0, without = 0, shift = -1e300, top = -1e300;
  for (int c = 0; c < classes_; ++c) {
    top = std::max(top, scores_[c]);
    shift = std::max(shift, scores_[c] - weights_[expert] * logs[c]);
  }
  for (int c = 0; c < classes_; ++c) {
    with += fast_exp(scores_[c] - top);
    without += fast_exp(scores_[c] - weights_[expert] * logs[c] - shift);
  }
  // -log p = log of the sum - score.
  return (fast_log(without) + shift + weights_[expert] * logs[label]) - (fast_log(with) + top);
}

void MixRouter::learn(const float* z_D, int label) {
  const double believed = noise_.damp(mixed_[label], classes_);
  for (int e = 0; e < experts(); ++e) {
    const double* const logs = logs_.data() + static_cast<size_t>(e) * classes_;
    double slope = logs[label];
    for (int c = 0; c < classes_; ++c) slope -= mixed_[c] * logs[c];
    slope *= believed;
    squares_[e] += kSquareRate * (slope * slope - squares_[e]);
    slope /= std::sqrt(squares_[e]) + kLeastSlope;
    shared_[e] += options_.rate * slope;
    if (options_.gate_rate > 0)
      add_scaled(gate_.data() + static_cast<size_t>(e) * width_, z_D,
                 static_cast<float>(options_.gate_rate * scale_ * slope), width_);
  }
}

size_t MixRouter::bytes() const {
  return sizeof(*this) + (shared_.size() + weights_.size() + logs_.size() + mixed_.size()) * sizeof(double) +
         gate_.size() * sizeof(float);
}

void MixRouter::fields(Archive& archive) {
  archive(shared_, squares_, gate_, noise_);
  archive.check(gate_.size() == shared_.size() * width_ && squares_.size() == shared_.size(),
                "a router of other experts");
}

}  // namespace conclave::stream
