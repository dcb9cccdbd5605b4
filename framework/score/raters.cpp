#include "framework/score/raters.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "framework/base/error.h"
#include "framework/base/random.h"

namespace conclave {
namespace {

// Of the Gamma distribution with a whole-numbered shape: a sum of exponentials.
double gamma(int64_t shape, Random& random) {
  double sum = 0;
  for (int64_t i = 0; i < shape; ++i) sum -= std::log(1 - random.uniform());
  return sum;
}

}  // namespace

std::vector<double> plausible_truths(const std::vector<int64_t>& votes, int64_t draws, uint64_t seed) {
  require(draws >= 1, "plausible truths: {} draws", draws);
  require(std::ranges::all_of(votes, [](int64_t n) { return n >= 0; }), "plausible truths: a count below 0");
  std::vector<double> share(votes.size());
  if (std::accumulate(votes.begin(), votes.end(), int64_t{0}) == 0) return share;
  Random random(seed, "plausible truths");
  std::vector<double> drawn(votes.size());
  for (int64_t d = 0; d < draws; ++d) {
    // A Dirichlet's shares are Gammas over their sum, which changes no order.
    for (size_t v = 0; v < votes.size(); ++v) drawn[v] = gamma(votes[v], random);
    const auto largest = std::ranges::max_element(drawn) - drawn.begin();
    share[static_cast<size_t>(largest)] += 1 / static_cast<double>(draws);
  }
  return share;
}

RaterFigures rater_figures(const std::vector<RatedCase>& cases, int64_t draws, uint64_t seed) {
  RaterFigures figures;
  int64_t pairs = 0, alike = 0;
  for (const auto& [votes, told] : cases) {
    const auto all = std::accumulate(votes.begin(), votes.end(), int64_t{0});
    pairs += all * (all - 1) / 2;
    for (const int64_t n : votes) alike += n * (n - 1) / 2;
    if (all == 0 || told < 0) continue;
    const auto truth = plausible_truths(votes, draws, seed + static_cast<uint64_t>(figures.cases));
    figures.plausible_accuracy += truth.at(static_cast<size_t>(told));
    figures.certainty += std::ranges::max(truth);
    figures.told_agreement +=
        static_cast<double>(votes[static_cast<size_t>(told)]) / static_cast<double>(all);
    ++figures.cases;
  }
  const auto count = static_cast<double>(std::max<int64_t>(figures.cases, 1));
  figures.plausible_accuracy /= count;
  figures.certainty /= count;
  figures.told_agreement /= count;
  figures.rater_agreement = pairs > 0 ? static_cast<double>(alike) / static_cast<double>(pairs)
                                      : std::numeric_limits<double>::quiet_NaN();
  return figures;
}

}  // namespace conclave
