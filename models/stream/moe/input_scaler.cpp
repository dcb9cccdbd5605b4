#include "models/stream/moe/input_scaler.h"

#include <algorithm>
#include <cmath>

namespace conclave::stream {
namespace {

constexpr double kMemory = 200000;  // rows
constexpr double kFarthest = 4;

}  // namespace

InputScaler::InputScaler(const Schema& schema) {
  for (const auto& input : schema.inputs) {
    const auto values = input.nominal ? static_cast<int32_t>(std::max<size_t>(1, input.values.size())) : 0;
    values_.push_back(values);
    used_ += values <= 2 ? 1 : values;
  }
  padded_ = (used_ + 7) / 8 * 8;
  weight_.resize(values_.size());
  mean_.resize(values_.size());
  variance_.resize(values_.size());
}

void InputScaler::encode(const double* x, float* z_D) const {
  std::fill_n(z_D, padded_, 0.0f);
  int at = 0;
  for (size_t j = 0; j < values_.size(); ++j) {
    const int values = values_[j];
    if (values > 2) {
      if (x[j] >= 0 && x[j] < values) z_D[at + static_cast<int>(x[j])] = 1;
      at += values;
    } else if (values > 0) {
      z_D[at++] = std::isnan(x[j]) ? 0.0f : x[j] > 0 ? 1.0f : -1.0f;
    } else {
      const double spread = variance_[j] > 1e-30 ? std::sqrt(variance_[j]) : 1;
      z_D[at++] = std::isnan(x[j])
                      ? 0.0f
                      : static_cast<float>(std::clamp((x[j] - mean_[j]) / spread, -kFarthest, kFarthest));
    }
  }
}

void InputScaler::learn(const double* x) {
  for (size_t j = 0; j < values_.size(); ++j) {
    if (values_[j] > 0 || std::isnan(x[j])) continue;
    weight_[j] = std::min(weight_[j] + 1, kMemory);
    const double delta = x[j] - mean_[j], share = 1 / weight_[j];
    mean_[j] += share * delta;
    variance_[j] = (1 - share) * (variance_[j] + share * delta * delta);
  }
}

size_t InputScaler::bytes() const {
  return sizeof(*this) + values_.size() * (sizeof(int32_t) + 3 * sizeof(double));
}

void InputScaler::fields(Archive& archive) {
  const size_t inputs = values_.size();
  archive(weight_, mean_, variance_);
  archive.check(weight_.size() == inputs && mean_.size() == inputs && variance_.size() == inputs,
                "scales of other inputs");
}

}  // namespace conclave::stream
