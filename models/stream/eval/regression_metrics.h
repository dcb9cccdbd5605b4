/// How good predicted numbers are.
#pragma once

#include <cstdint>
#include <vector>

#include "framework/base/json.h"
#include "models/stream/base/archive.h"

namespace conclave::stream {

/// NaN before the first row.
struct RegressionScores {
  double mae, rmse;
  double r2;  ///< share of the targets' variance that is explained; 0 when they do not vary
  Json to_json() const;
};

/// Test-then-train evaluation of numbers: over all rows and over the newest.
class RegressionMetrics {
 public:
  explicit RegressionMetrics(size_t window = 1000) : window_(window) {}
  void add(double target, double predicted);
  int64_t rows() const { return all_.rows; }
  RegressionScores cumulative() const { return all_.scores(); }
  /// Of the newest `window` rows.
  RegressionScores windowed() const;
  void fields(Archive& archive);

 private:
  struct Sums {
    int64_t rows = 0;
    double absolute = 0, squared = 0, mean = 0, spread = 0;  // spread: squared differences from the mean
    void add(double target, double error);
    RegressionScores scores() const;
    void fields(Archive& archive) { archive(rows, absolute, squared, mean, spread); }
  };
  struct Row {
    double target, error;
    void fields(Archive& archive) { archive(target, error); }
  };
  size_t window_, next_ = 0;
  Sums all_;
  std::vector<Row> rows_;  // a ring
};

}  // namespace conclave::stream
