/// A fully connected layer on plain spans, with Adam (Kingma and Ba, 2015): a row costs a microsecond, where
/// a tensor library would need hundreds.
#pragma once

#include <vector>

#include "models/stream/base/archive.h"

namespace conclave::stream {

/// y = b + x W. Rows of outputs are padded() long, a multiple of 8; what is behind the last output stays 0.
class DenseLayer {
 public:
  DenseLayer() = default;
  DenseLayer(int in, int out);
  int in() const { return in_; }
  int out() const { return out_; }
  int padded() const { return padded_; }
  /// More outputs, with weights of 0.
  void grow_outputs(int out);
  /// Weights from a normal distribution.
  void draw_normal(Random& random, double deviation);
  /// Evenly from [-bound, bound).
  void draw_uniform(Random& random, double bound);

  void forward(const float* x_I, float* y_O) const;
  /// Slopes by x from those by y.
  void backward(const float* dy_O, float* dx_I) const;
  /// Adds a row's slopes to the gradient.
  void gather(const float* x_I, const float* dy_O);
  /// One step of Adam down the gradient times `scale`; the gradient is 0 afterwards.
  void step(float scale, float rate);
  /// The same for the slopes of one row alone, without a gradient in between.
  void step_row(const float* x_I, const float* dy_O, float rate);

  size_t bytes() const;
  /// The shape is not part of it: the layer must have it when it is loaded.
  void fields(Archive& archive);

 private:
  // [in + 1, padded]: the bias is the last row.
  std::vector<float> weights_, first_, second_, gradient_;
  int in_ = 0, out_ = 0, padded_ = 0;
};

/// `rate` of Adam with the correction for moments that began at 0, at step n >= 1.
float adam_rate(double rate, int64_t n);

}  // namespace conclave::stream
