/// What DriftMoE's router sees of a row.
#pragma once

#include <algorithm>
#include <cmath>

#include "models/stream/moe/input_scaler.h"

namespace conclave::stream {

/// Scaled online, or as published: the numbers as they come, nominal values by their index, 0 for what is
/// missing.
class RouterInput {
 public:
  RouterInput(const Schema& schema, bool scale)
      : scaler_(schema), width_(scale ? scaler_.width() : schema.width()), scale_(scale) {}
  int width() const { return width_; }
  void encode(const double* x, float* z_D) const {
    if (scale_) return scaler_.encode(x, z_D);
    for (int j = 0; j < width_; ++j)
      z_D[j] = std::isnan(x[j]) ? 0.0f : static_cast<float>(std::clamp(x[j], -1e9, 1e9));
  }
  void learn(const double* x) {
    if (scale_) scaler_.learn(x);
  }
  size_t bytes() const { return scaler_.bytes(); }
  void fields(Archive& archive) { archive(scaler_); }

 private:
  InputScaler scaler_;
  int width_;
  bool scale_;
};

}  // namespace conclave::stream
