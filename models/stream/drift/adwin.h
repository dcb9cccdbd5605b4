/// ADWIN (Bifet and Gavalda, 2007): a window that forgets its older part once the means of two parts differ.
#pragma once

#include <cstdint>
#include <vector>

#include "models/stream/base/archive.h"

namespace conclave::stream {

/// Values in [0, 1]. Buckets of doubling size keep it to a few hundred numbers.
class Adwin {
 public:
  explicit Adwin(double delta = 0.002) : delta_(delta) {}

  /// Adds a value; true when older values were dropped.
  bool add(double value);
  /// Whether the mean grew at the last drop: for errors, that they became more.
  bool grew() const { return grew_; }
  double mean() const { return width_ > 0 ? total_ / width_ : 0; }
  double width() const { return width_; }
  double variance() const { return width_ > 0 ? variance_ / width_ : 0; }
  size_t bytes() const { return sizeof(*this) + rows_.capacity() * sizeof(Row); }
  void fields(Archive& archive);

 private:
  static constexpr int kBuckets = 5;      // of one size, before two are merged
  static constexpr int kClock = 32;       // values between two looks for a cut
  static constexpr double kShortest = 5;  // values in the shorter part
  struct Row {
    double total[kBuckets + 1], variance[kBuckets + 1];
    int32_t count = 0;
    void fields(Archive& a) { a(total, variance, count); }
  };
  void insert(double value);
  bool cut();
  void drop_oldest();

  double delta_, total_ = 0, variance_ = 0, width_ = 0;
  int64_t time_ = 0;
  bool grew_ = false;
  std::vector<Row> rows_;  // row i: buckets of 2^i values, the oldest first
};

}  // namespace conclave::stream
