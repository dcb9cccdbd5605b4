#include "models/stream/eval/regression_metrics.h"

#include <cmath>
#include <limits>

namespace conclave::stream {

Json RegressionScores::to_json() const {
  return {{"mae", mae}, {"rmse", rmse}, {"r2", r2}};
}

void RegressionMetrics::Sums::add(double target, double error) {
  ++rows;
  absolute += std::fabs(error);
  squared += error * error;
  const double delta = target - mean;
  mean += delta / static_cast<double>(rows);
  spread += delta * (target - mean);
}

RegressionScores RegressionMetrics::Sums::scores() const {
  if (rows == 0) {
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    return {kNan, kNan, kNan};
  }
  const auto n = static_cast<double>(rows);
  return {absolute / n, std::sqrt(squared / n), spread > 0 ? 1 - squared / spread : 0};
}

void RegressionMetrics::add(double target, double predicted) {
  const Row row{target, target - predicted};
  all_.add(row.target, row.error);
  if (rows_.size() < window_) {
    rows_.push_back(row);
  } else {
    rows_[next_] = row;
    next_ = (next_ + 1) % window_;
  }
}

RegressionScores RegressionMetrics::windowed() const {
  Sums recent;
  for (const Row& row : rows_) recent.add(row.target, row.error);
  return recent.scores();
}

void RegressionMetrics::fields(Archive& archive) {
  archive(window_, next_, all_, rows_);
  archive.check(all_.rows >= 0 && rows_.size() <= window_ && (next_ == 0 || next_ < rows_.size()),
                "an evaluation that does not fit");
}

}  // namespace conclave::stream
