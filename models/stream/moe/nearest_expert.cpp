#include <algorithm>

#include "models/stream/moe/expert.h"
#include "models/stream/moe/kernels.h"

namespace conclave::stream {
namespace {

// Squared distances of `rows` rows to z.
CONCLAVE_STREAM_KERNEL void distances(const float* __restrict rows_D, const float* __restrict z,
                                      float* __restrict out, int rows, int width) {
  for (int r = 0; r < rows; ++r) {
    float lanes[8] = {};
    const float* const at = rows_D + static_cast<size_t>(r) * width;
    for (int i = 0; i < width; i += 8) {
      for (int l = 0; l < 8; ++l) {
        const float delta = at[i + l] - z[i + l];
        lanes[l] += delta * delta;
      }
    }
    out[r] =
        ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
  }
}

class NearestExpert final : public Expert {
 public:
  NearestExpert(int width, int used, int classes, int window, int k)
      : width_(width),
        classes_(classes),
        window_(window),
        k_(k),
        epsilon_(1e-3f * static_cast<float>(used)) {}
  void test_then_train(const EncodedRow& row, int label, double weight, double* votes_C) override {
    vote(row.z_D, votes_C);
    if (label < 0 || weight <= 0) return;
    if (static_cast<int>(labels_.size()) < window_) {
      rows_.insert(rows_.end(), row.z_D, row.z_D + width_);
      labels_.push_back(label);
      return;
    }
    std::copy_n(row.z_D, width_, rows_.begin() + static_cast<int64_t>(next_) * width_);
    labels_[next_] = label;
    next_ = (next_ + 1) % window_;
  }
  void grow_classes(int classes) override { classes_ = classes; }
  size_t bytes() const override {
    return sizeof(*this) + (rows_.capacity() + distances_.capacity()) * sizeof(float) +
           labels_.capacity() * sizeof(int32_t);
  }
  void fields(Archive& archive) override {
    archive(classes_, rows_, labels_, next_);
    archive.check(rows_.size() == labels_.size() * width_ && static_cast<int>(labels_.size()) <= window_ &&
                      next_ >= 0 && (next_ == 0 || next_ < static_cast<int>(labels_.size())),
                  "a window of other inputs");
    for (const int32_t label : labels_) archive.check(label >= 0 && label < classes_, "a class that is none");
  }

 private:
  void vote(const float* z_D, double* votes_C) {
    const int n = static_cast<int>(labels_.size());
    std::fill_n(votes_C, classes_, 0.0);
    if (n == 0) return;
    distances_.resize(n);
    distances(rows_.data(), z_D, distances_.data(), n, width_);
    // The k smallest so far, the largest of them first.
    heap_.clear();
    float bar = std::numeric_limits<float>::infinity();
    for (int r = 0; r < n; ++r) {
      if (distances_[r] >= bar) continue;
      if (static_cast<int>(heap_.size()) == k_) {
        std::pop_heap(heap_.begin(), heap_.end());
        heap_.pop_back();
      }
      heap_.emplace_back(distances_[r], labels_[r]);
      std::push_heap(heap_.begin(), heap_.end());
      if (static_cast<int>(heap_.size()) == k_) bar = heap_.front().first;
    }
    double sum = 0;
    for (const auto& [distance, label] : heap_) {
      const double w = 1 / (distance + epsilon_);
      votes_C[label] += w;
      sum += w;
    }
    for (int c = 0; c < classes_; ++c) votes_C[c] /= sum;
  }

  int width_, classes_, window_, k_;
  float epsilon_;
  std::vector<float> rows_, distances_;
  std::vector<int32_t> labels_;
  int32_t next_ = 0;
  std::vector<std::pair<float, int32_t>> heap_;
};

}  // namespace

ExpertPtr make_nearest_expert(int width, int used, int classes, int window, int k) {
  return std::make_unique<NearestExpert>(width, used, classes, window, k);
}

}  // namespace conclave::stream
