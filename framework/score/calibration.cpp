#include "framework/score/calibration.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/base/error.h"
#include "framework/base/random.h"

namespace conclave {
namespace {

constexpr double kLeast = 0.05, kMost = 20, kTiny = 1e-12;

double mean_loss(const std::vector<std::vector<double>>& logits, const std::vector<int64_t>& truth,
                 double t) {
  double sum = 0;
  for (size_t i = 0; i < truth.size(); ++i)
    sum -= std::log(std::max(tempered_softmax(logits[i], t)[static_cast<size_t>(truth[i])], kTiny));
  return sum / static_cast<double>(truth.size());
}

std::vector<size_t> by_value(std::span<const double> values, bool falling) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(
      order, [&](size_t a, size_t b) { return falling ? values[a] > values[b] : values[a] < values[b]; });
  return order;
}

void finish(ReliabilityBin& bin) {
  if (bin.count == 0) return;
  bin.confidence /= static_cast<double>(bin.count);
  bin.accuracy /= static_cast<double>(bin.count);
}

}  // namespace

std::vector<double> tempered_softmax(std::span<const double> logits, double temperature) {
  require<Error>(!logits.empty() && temperature > 0, "[calibration] {} logits at temperature {}",
                 logits.size(), temperature);
  const double top = *std::ranges::max_element(logits);
  std::vector<double> p;
  double sum = 0;
  for (const double logit : logits) sum += p.emplace_back(std::exp((logit - top) / temperature));
  for (double& value : p) value /= sum;
  return p;
}

double fit_temperature(const std::vector<std::vector<double>>& logits, const std::vector<int64_t>& truth) {
  require<Error>(logits.size() == truth.size(), "[calibration] {} predictions for {} labels", logits.size(),
                 truth.size());
  if (truth.empty()) return 1;
  // Golden section over log t: the loss is convex in 1/t, so it has one valley there too.
  double low = std::log(kLeast), high = std::log(kMost);
  const double ratio = (std::sqrt(5.0) - 1) / 2;
  for (int i = 0; i < 60; ++i) {
    const double a = high - ratio * (high - low), b = low + ratio * (high - low);
    if (mean_loss(logits, truth, std::exp(a)) <= mean_loss(logits, truth, std::exp(b)))
      high = b;
    else
      low = a;
  }
  return std::exp((low + high) / 2);
}

std::vector<ReliabilityBin> reliability(std::span<const double> confidence, std::span<const uint8_t> right,
                                        Binning binning, size_t bins) {
  require<Error>(confidence.size() == right.size() && bins > 0, "[calibration] {} confidences, {} outcomes",
                 confidence.size(), right.size());
  std::vector<ReliabilityBin> all(bins);
  const auto add = [&](size_t bin, size_t i) {
    ++all[bin].count;
    all[bin].confidence += confidence[i];
    all[bin].accuracy += right[i] ? 1 : 0;
  };
  const auto wide = static_cast<double>(bins);
  if (binning == Binning::equal_width) {
    for (size_t b = 0; b < bins; ++b) {
      all[b].low = static_cast<double>(b) / wide;
      all[b].high = static_cast<double>(b + 1) / wide;
    }
    // A bin holds its upper end, as the usual definition has it.
    for (size_t i = 0; i < confidence.size(); ++i)
      add(static_cast<size_t>(std::clamp(std::ceil(confidence[i] * wide) - 1, 0.0, wide - 1)), i);
  } else {
    const auto order = by_value(confidence, false);
    for (size_t b = 0; b < bins; ++b) {
      const size_t first = b * order.size() / bins, end = (b + 1) * order.size() / bins;
      for (size_t i = first; i < end; ++i) add(b, order[i]);
      if (end > first) all[b].low = confidence[order[first]], all[b].high = confidence[order[end - 1]];
    }
  }
  for (auto& bin : all) finish(bin);
  return all;
}

double expected_calibration_error(std::span<const double> confidence, std::span<const uint8_t> right,
                                  Binning binning, size_t bins) {
  if (confidence.empty()) return 0;
  double sum = 0;
  for (const auto& bin : reliability(confidence, right, binning, bins))
    sum += static_cast<double>(bin.count) * std::abs(bin.confidence - bin.accuracy);
  return sum / static_cast<double>(confidence.size());
}

double brier_score(std::span<const double> probability, std::span<const uint8_t> positive) {
  double sum = 0;
  for (size_t i = 0; i < probability.size(); ++i) {
    const double miss = probability[i] - (positive[i] ? 1 : 0);
    sum += miss * miss;
  }
  return sum / static_cast<double>(probability.size());
}

double negative_log_likelihood(std::span<const double> probability, std::span<const uint8_t> positive) {
  double sum = 0;
  for (size_t i = 0; i < probability.size(); ++i)
    sum -= std::log(std::max(positive[i] ? probability[i] : 1 - probability[i], kTiny));
  return sum / static_cast<double>(probability.size());
}

double perfectly_calibrated_ece(std::span<const double> probability, Binning binning, int draws,
                                uint64_t seed, size_t bins) {
  require<Error>(draws >= 1, "[calibration] {} draws", draws);
  Random random(seed, "perfectly calibrated");
  std::vector<double> confidence;
  for (const double p : probability) confidence.push_back(std::max(p, 1 - p));
  double sum = 0;
  std::vector<uint8_t> right(probability.size());
  for (int draw = 0; draw < draws; ++draw) {
    for (size_t i = 0; i < right.size(); ++i) right[i] = random.chance(confidence[i]);
    sum += expected_calibration_error(confidence, right, binning, bins);
  }
  return sum / draws;
}

std::vector<RiskAtCoverage> risk_coverage(std::span<const double> confidence,
                                          std::span<const uint8_t> right) {
  std::vector<RiskAtCoverage> curve;
  double wrong = 0;
  const auto order = by_value(confidence, true);
  for (size_t i = 0; i < order.size(); ++i) {
    wrong += right[order[i]] ? 0 : 1;
    // Predictions of equal confidence are kept or put aside together.
    if (i + 1 < order.size() && confidence[order[i + 1]] == confidence[order[i]]) continue;
    const auto kept = static_cast<double>(i + 1);
    curve.push_back({kept / static_cast<double>(order.size()), wrong / kept});
  }
  return curve;
}

double risk_at(std::span<const RiskAtCoverage> curve, double coverage) {
  for (const auto& point : curve)
    if (point.coverage >= coverage - 1e-12) return point.risk;
  return std::nan("");
}

double area_under_risk(std::span<const RiskAtCoverage> curve) {
  double area = 0, before = 0;
  for (const auto& point : curve) {
    area += point.risk * (point.coverage - before);
    before = point.coverage;
  }
  return area;
}

}  // namespace conclave
