#include "models/stream/drift/adwin.h"

#include <algorithm>
#include <cmath>

namespace conclave::stream {

bool Adwin::add(double value) {
  insert(value);
  grew_ = false;
  if (++time_ % kClock != 0 || width_ <= 10) return false;
  bool dropped = false;
  const double before = mean();
  while (cut()) dropped = true;
  grew_ = dropped && mean() > before;
  return dropped;
}

void Adwin::insert(double value) {
  if (rows_.empty()) rows_.emplace_back();
  if (width_ > 0) {
    const double mean = total_ / width_;
    variance_ += width_ * (value - mean) * (value - mean) / (width_ + 1);
  }
  width_ += 1;
  total_ += value;
  rows_[0].total[rows_[0].count] = value;
  rows_[0].variance[rows_[0].count++] = 0;
  // Two buckets of a full row become one of the next row.
  for (size_t i = 0; i < rows_.size() && rows_[i].count > kBuckets; ++i) {
    if (i + 1 == rows_.size()) rows_.emplace_back();
    Row &row = rows_[i], &next = rows_[i + 1];
    const double size = std::ldexp(1.0, static_cast<int>(i));
    const double difference = (row.total[0] - row.total[1]) / size;
    next.total[next.count] = row.total[0] + row.total[1];
    next.variance[next.count++] = row.variance[0] + row.variance[1] + difference * difference * size / 2;
    std::copy(row.total + 2, row.total + row.count, row.total);
    std::copy(row.variance + 2, row.variance + row.count, row.variance);
    row.count -= 2;
  }
}

// Tries every border between buckets, from the oldest; drops the oldest bucket when the parts differ.
bool Adwin::cut() {
  double old_width = 0, old_total = 0;
  const double confidence = std::log(2 * std::log(width_) / delta_), spread = variance();
  for (size_t i = rows_.size(); i-- > 0;) {
    const double size = std::ldexp(1.0, static_cast<int>(i));
    for (int b = 0; b < rows_[i].count; ++b) {
      old_width += size;
      old_total += rows_[i].total[b];
      const double new_width = width_ - old_width;
      if (new_width < kShortest) return false;
      if (old_width < kShortest) continue;
      const double difference = old_total / old_width - (total_ - old_total) / new_width;
      const double m = 1 / (old_width - kShortest + 1) + 1 / (new_width - kShortest + 1);
      if (std::fabs(difference) > std::sqrt(2 * m * spread * confidence) + 2.0 / 3 * confidence * m) {
        drop_oldest();
        return true;
      }
    }
  }
  return false;
}

void Adwin::drop_oldest() {
  while (rows_.back().count == 0) rows_.pop_back();
  Row& row = rows_.back();
  const double size = std::ldexp(1.0, static_cast<int>(rows_.size()) - 1);
  const double mean = row.total[0] / size;
  width_ -= size;
  total_ -= row.total[0];
  if (width_ > 0) {
    const double difference = mean - total_ / width_;
    variance_ -= row.variance[0] + size * width_ * difference * difference / (size + width_);
  }
  variance_ = width_ > 0 ? std::max(0.0, variance_) : 0;
  std::copy(row.total + 1, row.total + row.count, row.total);
  std::copy(row.variance + 1, row.variance + row.count, row.variance);
  if (--row.count == 0) rows_.pop_back();
}

void Adwin::fields(Archive& archive) {
  archive(delta_, total_, variance_, width_, time_, grew_, rows_);
  if (!archive.loading()) return;
  archive.check(rows_.size() <= 62, "a window of impossible length");
  double width = 0;
  for (size_t i = 0; i < rows_.size(); ++i) {
    archive.check(rows_[i].count >= 0 && rows_[i].count <= kBuckets, "a window with too many buckets");
    width += rows_[i].count * std::ldexp(1.0, static_cast<int>(i));
  }
  archive.check(width == width_, "a window whose buckets do not add up");
}

}  // namespace conclave::stream
