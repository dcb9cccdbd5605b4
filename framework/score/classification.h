/// How well predicted classes and probabilities agree with what is true.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace conclave {

/// Area under the ROC curve: the chance that a positive scores above a negative, ties counted half
/// (Mann-Whitney). NaN unless both kinds are there.
double roc_auc(std::span<const double> score, std::span<const uint8_t> positive);

/// counts[truth][guess].
class Confusion {
 public:
  explicit Confusion(size_t classes) : counts_(classes, std::vector<int64_t>(classes)) {}
  void add(size_t truth, size_t guess) { ++counts_.at(truth).at(guess); }

  int64_t total() const;
  double accuracy() const;
  /// Share whose guess is at most `distance` classes away, for classes in an order.
  double within(int64_t distance) const;
  /// Mean of the classes' F1; a class that is neither there nor guessed does not count.
  double macro_f1() const;
  /// F1 of all decisions together; with one guess each it is the accuracy.
  double micro_f1() const { return accuracy(); }
  /// Cohen's kappa with quadratic weights, for classes in an order; NaN when chance alone agrees fully.
  double quadratic_kappa() const;
  const std::vector<std::vector<int64_t>>& counts() const { return counts_; }

 private:
  std::vector<std::vector<int64_t>> counts_;
};

/// Sensitivity and specificity at `score` >= threshold; NaN without positives or negatives.
struct OperatingPoint {
  double threshold = 0, sensitivity = 0, specificity = 0;
};
OperatingPoint at_threshold(std::span<const double> score, std::span<const uint8_t> positive,
                            double threshold);

}  // namespace conclave
