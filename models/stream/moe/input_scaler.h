/// Inputs as numbers that learners of weights can use: numeric ones with mean 0 and variance 1 as of now,
/// nominal ones a number per value.
#pragma once

#include <vector>

#include "models/stream/base/archive.h"
#include "models/stream/schema.h"

namespace conclave::stream {

class InputScaler {
 public:
  InputScaler() = default;
  explicit InputScaler(const Schema& schema);
  /// Numbers per row: a multiple of 8, the last ones 0.
  int width() const { return padded_; }
  /// Numbers that mean something.
  int used() const { return used_; }
  /// z_D from the row's inputs; what is missing becomes 0, what lies far outside is cut at 4 deviations.
  void encode(const double* x, float* z_D) const;
  /// Takes the row into means and variances, which forget with a half-life of 140000 rows.
  void learn(const double* x);
  size_t bytes() const;
  void fields(Archive& archive);

 private:
  std::vector<int32_t> values_;  // by input; 0: numeric
  int used_ = 0, padded_ = 0;
  std::vector<double> weight_, mean_, variance_;  // by input
};

}  // namespace conclave::stream
