/// Rows of a stream in blocks: one virtual call serves hundreds of rows.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "models/stream/schema.h"

namespace conclave::stream {

/// A missing value, and the label of an unlabelled row.
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// Rows side by side: x [size, width], y [size] (class index, or the target of a regression).
struct RowBlock {
  int width = 0;
  std::vector<double> x, y;

  size_t size() const { return y.size(); }
  std::span<const double> row(size_t i) const { return {x.data() + i * width, static_cast<size_t>(width)}; }
  /// Class index; -1 when unlabelled.
  int label(size_t i) const { return std::isnan(y[i]) ? -1 : static_cast<int>(y[i]); }
  void clear() {
    x.clear();
    y.clear();
  }
  /// Room for one more row; its place in x. Its label is missing so far.
  double* add() {
    x.resize(x.size() + width);
    y.push_back(kMissing);
    return x.data() + x.size() - width;
  }
};

/// Where rows come from. Not thread-safe.
class Source {
 public:
  virtual ~Source() = default;
  /// Class values may be added by read().
  virtual const Schema& schema() const = 0;
  /// Puts up to `most` rows into `block`, in place of what it held; none at the end of the stream. May give
  /// fewer than `most` before the end.
  virtual size_t read(RowBlock& block, size_t most) = 0;
  /// Whether read() need not wait.
  virtual bool ready() { return true; }
};

using SourcePtr = std::unique_ptr<Source>;

}  // namespace conclave::stream
