/// Whether probabilities mean what they say.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace conclave {

/// softmax(logits / temperature).
std::vector<double> tempered_softmax(std::span<const double> logits, double temperature);

/// The temperature in [0.05, 20] with the least mean negative log-likelihood (Guo et al., arXiv 1706.04599).
/// Fit it on validation data alone. 1 when there is nothing to fit.
double fit_temperature(const std::vector<std::vector<double>>& logits, const std::vector<int64_t>& truth);

/// One bin of a reliability plot.
struct ReliabilityBin {
  double low = 0, high = 0;  ///< of the confidence
  int64_t count = 0;
  double confidence = 0, accuracy = 0;  ///< means; 0 in an empty bin
};

/// Bins of equal width over [0,1], or with equally many predictions.
enum class Binning : uint8_t { equal_width, equal_mass };
std::vector<ReliabilityBin> reliability(std::span<const double> confidence, std::span<const uint8_t> right,
                                        Binning binning, size_t bins = 15);

/// Expected calibration error: the bins' gaps between confidence and accuracy, weighed by their counts
/// (Naeini et al., 2015). 0 without predictions.
double expected_calibration_error(std::span<const double> confidence, std::span<const uint8_t> right,
                                  Binning binning, size_t bins = 15);

/// Mean squared distance of a probability from what came (Brier, 1950), for two classes; and its logarithmic
/// counterpart.
double brier_score(std::span<const double> probability, std::span<const uint8_t> positive);
double negative_log_likelihood(std::span<const double> probability, std::span<const uint8_t> positive);

/// The error that chance alone leaves: the mean ECE over `draws` sets of outcomes drawn from the
/// probabilities themselves, which are then perfectly calibrated and rank as they did. `probability` is of
/// the positive class of two; confidence is that of the likelier class.
double perfectly_calibrated_ece(std::span<const double> probability, Binning binning, int draws,
                                uint64_t seed, size_t bins = 15);

/// Error among the predictions that are kept when the least confident ones are put aside.
struct RiskAtCoverage {
  double coverage = 0, risk = 0;
};
std::vector<RiskAtCoverage> risk_coverage(std::span<const double> confidence, std::span<const uint8_t> right);
/// Of the curve, at the smallest coverage that is at least `coverage`.
double risk_at(std::span<const RiskAtCoverage> curve, double coverage);
/// Area under the curve: mean risk over all coverages.
double area_under_risk(std::span<const RiskAtCoverage> curve);

}  // namespace conclave
