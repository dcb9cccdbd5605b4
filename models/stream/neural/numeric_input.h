/// A row as numbers: scaled online, or as it comes.
#pragma once

#include <algorithm>
#include <cmath>

#include "models/stream/moe/input_scaler.h"

namespace conclave::stream {

/// `scale`: by InputScaler. Otherwise nominal values are their index, and 0 is what is missing.
class NumericInput {
 public:
  NumericInput(const Schema& schema, bool scale)
      : scaler_(schema),
        used_(scale ? scaler_.used() : schema.width()),
        width_(scale ? scaler_.width() : (used_ + 7) / 8 * 8),
        scale_(scale) {}
  /// Numbers per row: a multiple of 8, the last ones 0.
  int width() const { return width_; }
  /// Numbers that mean something.
  int used() const { return used_; }
  void encode(const double* x, float* z_D) const {
    if (scale_) return scaler_.encode(x, z_D);
    std::fill_n(z_D, width_, 0.0f);
    for (int j = 0; j < used_; ++j)
      z_D[j] = std::isnan(x[j]) ? 0.0f : static_cast<float>(std::clamp(x[j], -1e9, 1e9));
  }
  void learn(const double* x) {
    if (scale_) scaler_.learn(x);
  }
  size_t bytes() const { return scaler_.bytes(); }
  void fields(Archive& archive) { archive(scaler_); }

 private:
  InputScaler scaler_;
  int used_, width_;
  bool scale_;
};

}  // namespace conclave::stream
