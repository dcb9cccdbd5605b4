#include <algorithm>

#include "models/stream/moe/expert.h"
#include "models/stream/neural/kernels.h"

namespace conclave::stream {
namespace {

constexpr int kBlock = 32;  // rows that are looked at together

// Squared distances of kBlock rows to z; columns_DW holds a column of the window after the other. Returns the
// least.
CONCLAVE_STREAM_KERNEL float block_distances(const float* columns, int stride, const float* z, int used,
                                             float* __restrict out) {
  for (int r = 0; r < kBlock; ++r) out[r] = 0;
  for (int d = 0; d < used; ++d) {
    const float* __restrict column = columns + static_cast<size_t>(d) * stride;
    const float value = z[d];
    for (int r = 0; r < kBlock; ++r) {
      const float delta = column[r] - value;
      out[r] += delta * delta;
    }
  }
  float least[8];
  for (int l = 0; l < 8; ++l) least[l] = out[l];
  for (int r = 8; r < kBlock; r += 8)
    for (int l = 0; l < 8; ++l) least[l] = out[r + l] < least[l] ? out[r + l] : least[l];
  float smallest = least[0];
  for (const float value : least) smallest = value < smallest ? value : smallest;
  return smallest;
}

class NearestExpert final : public Expert {
 public:
  NearestExpert(int used, int classes, int window, int k)
      : used_(used),
        classes_(classes),
        window_(window),
        stride_((window + kBlock - 1) / kBlock * kBlock),
        k_(k),
        epsilon_(1e-3f * static_cast<float>(used)),
        columns_(static_cast<size_t>(used) * stride_, kFar) {}
  void test_then_train(const EncodedRow& row, int label, double weight, double* votes_C) override {
    vote(row.z_D, votes_C);
    learn(row, label, weight);
  }
  bool learns_alone() const override { return true; }
  void learn(const EncodedRow& row, int label, double weight) override {
    if (label < 0 || weight <= 0) return;
    for (int d = 0; d < used_; ++d) columns_[static_cast<size_t>(d) * stride_ + next_] = row.z_D[d];
    if (static_cast<int>(labels_.size()) < window_)
      labels_.push_back(label);
    else
      labels_[next_] = label;
    next_ = (next_ + 1) % window_;
  }
  void grow_classes(int classes) override { classes_ = classes; }
  size_t bytes() const override {
    return sizeof(*this) + columns_.size() * sizeof(float) + labels_.capacity() * sizeof(int32_t);
  }
  void fields(Archive& archive) override {
    int32_t classes = classes_;
    archive(classes, columns_, labels_, next_);
    archive.check(classes == classes_, "another number of classes");
    const auto rows = static_cast<int>(labels_.size());
    archive.check(columns_.size() == static_cast<size_t>(used_) * stride_ && rows <= window_ &&
                      next_ == (rows < window_ ? rows : next_) && next_ >= 0 && next_ < window_,
                  "a window of other inputs");
    for (const int32_t label : labels_) archive.check(label >= 0 && label < classes_, "a class that is none");
  }

 private:
  static constexpr float kFar = 1e15f;  // where there is no row yet

  void vote(const float* z_D, double* votes_C) {
    std::fill_n(votes_C, classes_, 0.0);
    if (labels_.empty()) return;
    // The k smallest so far, the largest of them first.
    heap_.clear();
    float bar = 1e29f;
    alignas(32) float distances[kBlock];
    const int n = static_cast<int>(labels_.size());
    for (int first = 0; first < n; first += kBlock) {
      if (block_distances(columns_.data() + first, stride_, z_D, used_, distances) >= bar) continue;
      for (int r = 0; r < kBlock; ++r) {
        if (!(distances[r] < bar)) continue;
        if (static_cast<int>(heap_.size()) == k_) {
          std::pop_heap(heap_.begin(), heap_.end());
          heap_.pop_back();
        }
        heap_.emplace_back(distances[r], labels_[first + r]);
        std::push_heap(heap_.begin(), heap_.end());
        if (static_cast<int>(heap_.size()) == k_) bar = heap_.front().first;
      }
    }
    double sum = 0;
    for (const auto& [distance, label] : heap_) {
      const double w = 1 / (distance + epsilon_);
      votes_C[label] += w;
      sum += w;
    }
    for (int c = 0; c < classes_; ++c) votes_C[c] /= sum;
  }

  int used_, classes_, window_, stride_, k_;
  float epsilon_;
  std::vector<float> columns_;  // [used, stride]
  std::vector<int32_t> labels_;
  int32_t next_ = 0;
  std::vector<std::pair<float, int32_t>> heap_;
};

}  // namespace

ExpertPtr make_nearest_expert(int used, int classes, int window, int k) {
  return std::make_unique<NearestExpert>(used, classes, window, k);
}

}  // namespace conclave::stream
