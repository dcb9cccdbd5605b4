/// Choosing the next token of one sequence.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/base/random.h"

namespace conclave {

/// Applied in this order.
struct Sampling {
  double repetition_penalty =
      1;  ///< logits of tokens seen: divided when positive, else multiplied (arXiv 1909.05858)
  double temperature = 0;  ///< 0 takes the most probable token
  int64_t top_k = 0;       ///< 0 keeps all
  double top_p = 1;  ///< smallest set of the most probable tokens that holds this mass (arXiv 1904.09751)
  double min_p = 0;  ///< at least this share of the largest probability (arXiv 2407.01082)

  /// Throws UsageError that names the option.
  void check() const;
};

struct Choice {
  int64_t token;
  double probability;
};

/// Divides or multiplies the logits of tokens that were `seen`, each once.
void penalise(std::span<float> logits, std::span<const int64_t> seen, double penalty);
/// The tokens that may be drawn, by falling probability (ties: the lower id), summing to 1. With temperature
/// 0, the one most probable token. Logits of -infinity are never kept; throws Error when nothing is left.
std::vector<Choice> choices(std::span<const float> logits, const Sampling& sampling);
/// One of them, by one draw from `random`.
int64_t draw(const std::vector<Choice>& choices, Random& random);

}  // namespace conclave
