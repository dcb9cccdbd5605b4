/// DriftMoE's neural router: which experts are likely to be right about a row.
#pragma once

#include <vector>

#include "models/stream/neural/dense_layer.h"

namespace conclave::stream {

/// Two hidden layers of 256 and 128 rectified units; a logit per expert, trained by binary cross-entropy
/// against a mask of the experts that were right.
class Router {
 public:
  /// Of `in` numbers per row the first `used` mean something. `dropout`: share of the first layer's units
  /// that is left out of a row.
  Router(int in, int used, int experts, double rate, double dropout, uint64_t seed);

  int experts() const { return out_.out(); }
  /// An expert more, whose logit is 0.
  void grow_experts(int experts) { out_.grow_outputs(experts); }
  /// All units take part unless `drop`. What is dropped changes with each step alone.
  void logits(const float* z_D, float* logits_E, bool drop = false);
  /// One step of Adam for the mean of the cross-entropy over n rows and all experts. Nothing is dropped.
  void train(const float* z_TD, const float* mask_TE, size_t n);
  /// One step for the row that logits() was asked for last.
  void train_last(const float* z_D, const float* mask_E);

  int64_t steps() const { return steps_; }
  size_t bytes() const { return sizeof(*this) + in_.bytes() + middle_.bytes() + out_.bytes(); }
  void fields(Archive& archive);

 private:
  void forward(const float* z_D, bool drop);
  // Slopes of the loss by the three layers' outputs; the loss is divided by `rows` times the experts.
  void backward(const float* mask_E, size_t rows);

  double rate_, dropout_;
  Random random_;  // of the dropout; its place follows from steps_
  int64_t steps_ = 0;
  DenseLayer in_, middle_, out_;
  std::vector<float> kept_, h1_, h2_, logits_, d1_, d2_, d3_;  // of the row at hand
};

}  // namespace conclave::stream
