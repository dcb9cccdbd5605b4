/// Figures against several raters who need not agree: no truth is made of a vote.
#pragma once

#include <cstdint>
#include <vector>

namespace conclave {

/// What raters said of one case, and what is compared with them.
struct RatedCase {
  std::vector<int64_t> votes;  ///< how many raters named each value
  int64_t told = -1;           ///< place of the value that was told; -1: none was
};

struct RaterFigures {
  int64_t cases = 0;              ///< with a vote and a told value
  double plausible_accuracy = 0;  ///< mean probability that the told value is the truth
  double certainty = 0;           ///< the same of the likeliest value: no answer can do better
  double told_agreement = 0;      ///< share of the votes that name the told value
  double rater_agreement = 0;     ///< of all pairs of votes on one case those that agree; NaN without a pair
};

/// How likely each value is to be the truth when the shares of all raters that would name it are only known
/// from `votes`: shares are drawn from Dirichlet(votes), the truth is the largest (arXiv 2307.02191). Sums to
/// 1; zeros without votes. Throws Error unless draws is at least 1 and no count is below 0.
std::vector<double> plausible_truths(const std::vector<int64_t>& votes, int64_t draws, uint64_t seed);

/// Cases without votes or without a told value do not count.
RaterFigures rater_figures(const std::vector<RatedCase>& cases, int64_t draws, uint64_t seed);

}  // namespace conclave
