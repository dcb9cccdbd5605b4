/// Which items a step sees: a fresh permutation each epoch, known from (seed, epoch) alone.
#pragma once

#include <cstdint>
#include <vector>

namespace conclave {

/// Its place is a number; a run that resumes at a place sees what the unbroken run would have seen.
class DataOrder {
 public:
  /// `items` of one epoch; 0 means endless data, and the items are then 0, 1, 2, ...
  DataOrder(uint64_t seed, int64_t items) : seed_(seed), items_(items) {}
  /// The next n items. Batches run on across the end of an epoch.
  std::vector<int64_t> next(int64_t n);
  /// Items given out so far.
  int64_t place() const { return place_; }
  void seek(int64_t place) { place_ = place; }
  /// Epochs done, as a fraction; 0 for endless data.
  double epoch() const { return items_ ? static_cast<double>(place_) / static_cast<double>(items_) : 0; }

 private:
  uint64_t seed_;
  int64_t items_, place_ = 0, epoch_ = -1;
  std::vector<int64_t> order_;  // of epoch_
};

}  // namespace conclave
