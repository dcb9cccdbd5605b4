#include "framework/generate/sampling.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "framework/base/error.h"

namespace conclave {

void Sampling::check() const {
  require<UsageError>(temperature >= 0, "temperature = {}: must be 0 or more", temperature);
  require<UsageError>(top_k >= 0, "top_k = {}: must be 0 or more", top_k);
  require<UsageError>(top_p > 0 && top_p <= 1, "top_p = {}: must be above 0 and at most 1", top_p);
  require<UsageError>(min_p >= 0 && min_p <= 1, "min_p = {}: must be between 0 and 1", min_p);
  require<UsageError>(repetition_penalty > 0, "repetition_penalty = {}: must be above 0", repetition_penalty);
}

void penalise(std::span<float> logits, std::span<const int64_t> seen, double penalty) {
  if (penalty == 1) return;
  for (const int64_t token : std::set<int64_t>(seen.begin(), seen.end())) {
    if (token < 0 || token >= static_cast<int64_t>(logits.size())) continue;
    float& logit = logits[static_cast<size_t>(token)];
    logit = static_cast<float>(logit > 0 ? logit / penalty : logit * penalty);
  }
}

std::vector<Choice> choices(std::span<const float> logits, const Sampling& sampling) {
  const auto best = std::max_element(logits.begin(), logits.end());
  require(best != logits.end() && std::isfinite(*best), "[sampling] no token is possible");
  if (sampling.temperature == 0) return {{best - logits.begin(), 1}};

  std::vector<Choice> kept;
  for (size_t i = 0; i < logits.size(); ++i) {
    const double weight = std::exp((static_cast<double>(logits[i]) - *best) / sampling.temperature);
    if (weight > 0) kept.push_back({static_cast<int64_t>(i), weight});
  }
  const auto before = [](const Choice& a, const Choice& b) {
    return a.probability != b.probability ? a.probability > b.probability : a.token < b.token;
  };
  if (sampling.top_k > 0 && sampling.top_k < static_cast<int64_t>(kept.size())) {
    std::nth_element(kept.begin(), kept.begin() + sampling.top_k, kept.end(), before);
    kept.resize(static_cast<size_t>(sampling.top_k));
  }
  std::sort(kept.begin(), kept.end(), before);

  double total = 0;
  for (const auto& c : kept) total += c.probability;
  size_t count = 0;
  double mass = 0;
  for (; count < kept.size(); ++count) {
    const bool enough = count > 0 && mass >= sampling.top_p * total;
    // The weight of the most probable token is 1.
    if (enough || kept[count].probability < sampling.min_p) break;
    mass += kept[count].probability;
  }
  kept.resize(count);
  for (auto& c : kept) c.probability /= mass;
  return kept;
}

int64_t draw(const std::vector<Choice>& choices, Random& random) {
  double left = random.uniform();
  for (const auto& c : choices) {
    left -= c.probability;
    if (left < 0) return c.token;
  }
  return choices.back().token;  // rounding
}

}  // namespace conclave
