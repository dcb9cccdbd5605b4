/// Labels that are wrong at random: a share `noise` of them is taken to be drawn evenly from the classes, so
/// that rows far on the wrong side of a border do not bend it. The share is learned along.
#pragma once

#include <algorithm>

#include "models/stream/base/archive.h"

namespace conclave::stream {

class LabelNoise {
 public:
  /// Factor on the gradient of -log q(label) that makes it the gradient of -log((1 - noise) q(label) + noise
  /// / classes).
  double damp(double q_label, int classes) {
    const double even = 1.0 / classes, p = (1 - noise_) * q_label + noise_ * even;
    const double factor = (1 - noise_) * q_label / p;
    noise_ = std::clamp(noise_ + kRate * (even - q_label) / p, kLeast, kMost);
    return factor;
  }
  /// In place: what is expected of a label.
  void blur(double* shares_C, int classes) const {
    for (int c = 0; c < classes; ++c) shares_C[c] = (1 - noise_) * shares_C[c] + noise_ / classes;
  }
  void fields(Archive& archive) { archive(noise_); }

 private:
  static constexpr double kRate = 5e-4, kLeast = 0.001, kMost = 0.8;
  double noise_ = 0.01;
};

}  // namespace conclave::stream
