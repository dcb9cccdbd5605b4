#include <algorithm>

#include "models/stream/base/fast_math.h"
#include "models/stream/moe/expert.h"
#include "models/stream/neural/kernels.h"

namespace conclave::stream {
namespace {

// Fading in steps of a twentieth of the memory costs nothing and comes to the same.
constexpr double kSteps = 20;

class FadingBayes final : public Expert {
 public:
  FadingBayes(const Schema& schema, int classes, double memory)
      : step_(memory / kSteps), stats_(Observed::all(schema), classes), counts_(classes) {}
  void test_then_train(const EncodedRow& row, int label, double weight, double* votes_C) override {
    const int classes = stats_.classes();
    stats_.log_scores(row.x, counts_.data(), votes_C);
    if (std::isfinite(votes_C[arg_max(votes_C, classes)]))
      softmax(votes_C, classes);
    else
      std::fill_n(votes_C, classes, 0.0);
    if (label < 0 || weight <= 0) return;
    stats_.add(row.x, label, weight);
    counts_[label] += weight;
    learned_ += weight;
    if (learned_ < step_) return;
    learned_ = 0;
    stats_.fade(1 - 1 / kSteps);
    for (double& count : counts_) count *= 1 - 1 / kSteps;
  }
  void grow_classes(int classes) override {
    stats_.grow_classes(classes);
    counts_.resize(classes);
  }
  size_t bytes() const override { return sizeof(*this) + stats_.bytes() + counts_.size() * sizeof(double); }
  void fields(Archive& archive) override {
    const int classes = stats_.classes();
    const Observed made = stats_.observed();
    archive(learned_, stats_, counts_);
    const Observed& loaded = stats_.observed();
    archive.check(
        loaded.numeric == made.numeric && loaded.nominal == made.nominal && loaded.values == made.values,
        "sums of other columns");
    archive.check(stats_.classes() == classes && counts_.size() == static_cast<size_t>(classes),
                  "counts of other classes");
  }

 private:
  double step_, learned_ = 0;
  LeafStats stats_;
  std::vector<double> counts_;
};

}  // namespace

ExpertPtr make_fading_bayes_expert(const Schema& schema, int classes, double memory) {
  return std::make_unique<FadingBayes>(schema, classes, memory);
}

}  // namespace conclave::stream
