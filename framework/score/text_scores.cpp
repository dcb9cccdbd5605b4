#include "framework/score/text_scores.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <span>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr size_t kLongest = 4;  // n-grams of BLEU and CIDEr
using Ngrams = std::map<std::vector<std::string>, int64_t>;

Ngrams ngrams(const Words& words, size_t n) {
  Ngrams all;
  for (size_t i = 0; i + n <= words.size(); ++i)
    ++all[{words.begin() + static_cast<std::ptrdiff_t>(i),
           words.begin() + static_cast<std::ptrdiff_t>(i + n)}];
  return all;
}

int64_t total(const Ngrams& all) {
  int64_t sum = 0;
  for (const auto& [ngram, count] : all) sum += count;
  return sum;
}

void check(const ScoredText& text) {
  require<UsageError>(!text.references.empty(), "[score] a text has no reference");
}

int64_t closest_length(const ScoredText& text) {
  const auto length = static_cast<int64_t>(text.text.size());
  int64_t best = -1;
  for (const auto& reference : text.references) {
    const auto other = static_cast<int64_t>(reference.size());
    const int64_t gap = std::abs(other - length), best_gap = std::abs(best - length);
    if (best < 0 || gap < best_gap || (gap == best_gap && other < best)) best = other;
  }
  return best;
}

double f1(double precision, double recall) {
  return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
}

size_t common_subsequence(const Words& a, const Words& b) {
  std::vector<size_t> row(b.size() + 1);
  for (const auto& word : a) {
    size_t diagonal = 0;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = word == b[j - 1] ? diagonal + 1 : std::max(above, row[j - 1]);
      diagonal = above;
    }
  }
  return row.back();
}

double share(size_t part, size_t all) {
  return all > 0 ? static_cast<double>(part) / static_cast<double>(all) : 0;
}

// Weights of one text's n-grams: count times the logarithm of how rare each is.
struct Weighted {
  std::map<std::vector<std::string>, double> weight;
  std::array<double, kLongest> norm{};
  int64_t length = 0;  // its pairs of words, as the original has it
};

struct Rarity {
  std::map<std::vector<std::string>, int64_t> texts;  // in whose references an n-gram is
  double log_count = 0;

  double operator()(const std::vector<std::string>& ngram) const {
    const auto found = texts.find(ngram);
    return log_count -
           std::log(std::max(1.0, found == texts.end() ? 0.0 : static_cast<double>(found->second)));
  }
};

Weighted weigh(const Words& words, const Rarity& rarity) {
  Weighted all;
  for (size_t n = 1; n <= kLongest; ++n) {
    for (const auto& [ngram, count] : ngrams(words, n)) {
      const double weight = static_cast<double>(count) * rarity(ngram);
      all.weight[ngram] = weight;
      all.norm[n - 1] += weight * weight;
      if (n == 2) all.length += count;
    }
  }
  for (double& norm : all.norm) norm = std::sqrt(norm);
  return all;
}

double cider_of(const Weighted& text, const Weighted& reference) {
  constexpr double kSigma = 6;
  std::array<double, kLongest> value{};
  for (const auto& [ngram, weight] : text.weight) {
    const auto found = reference.weight.find(ngram);
    if (found != reference.weight.end())
      value[ngram.size() - 1] += std::min(weight, found->second) * found->second;
  }
  const auto gap = static_cast<double>(text.length - reference.length);
  double sum = 0;
  for (size_t n = 0; n < kLongest; ++n) {
    const double norms = text.norm[n] * reference.norm[n];
    sum += (norms != 0 ? value[n] / norms : value[n]) * std::exp(-gap * gap / (2 * kSigma * kSigma));
  }
  return sum / kLongest;
}

// Matches and the runs they form when each word takes, if it can, the place behind its neighbour's.
std::pair<size_t, size_t> aligned(const Words& text, const Words& reference) {
  std::vector<bool> taken(reference.size());
  size_t matches = 0, chunks = 0, next = reference.size();
  for (const auto& word : text) {
    size_t place = reference.size();
    if (next < reference.size() && !taken[next] && reference[next] == word) {
      place = next;
    } else {
      for (size_t j = 0; j < reference.size() && place == reference.size(); ++j)
        if (!taken[j] && reference[j] == word) place = j;
      if (place < reference.size()) ++chunks;
    }
    next = place < reference.size() ? place + 1 : reference.size();
    if (place == reference.size()) continue;
    taken[place] = true;
    ++matches;
  }
  return {matches, chunks};
}

}  // namespace

BleuCounts& BleuCounts::operator+=(const BleuCounts& other) {
  for (size_t n = 0; n < right.size(); ++n) right[n] += other.right[n], all[n] += other.all[n];
  length += other.length;
  reference_length += other.reference_length;
  return *this;
}

BleuCounts bleu_counts(const ScoredText& text) {
  check(text);
  BleuCounts counts;
  counts.length = static_cast<int64_t>(text.text.size());
  counts.reference_length = closest_length(text);
  for (size_t n = 1; n <= kLongest; ++n) {
    Ngrams most;  // of any one reference
    for (const auto& reference : text.references)
      for (const auto& [ngram, count] : ngrams(reference, n)) most[ngram] = std::max(most[ngram], count);
    for (const auto& [ngram, count] : ngrams(text.text, n)) {
      counts.all[n - 1] += count;
      const auto found = most.find(ngram);
      if (found != most.end()) counts.right[n - 1] += std::min(count, found->second);
    }
  }
  return counts;
}

std::array<double, 4> bleu(const BleuCounts& counts) {
  std::array<double, 4> scores{};
  if (counts.length == 0) return scores;
  const double brevity =
      counts.length < counts.reference_length
          ? std::exp(1 - static_cast<double>(counts.reference_length) / static_cast<double>(counts.length))
          : 1;
  double logs = 0;
  for (size_t n = 0; n < kLongest && counts.right[n] > 0; ++n) {
    logs += std::log(static_cast<double>(counts.right[n]) / static_cast<double>(counts.all[n]));
    scores[n] = 100 * brevity * std::exp(logs / static_cast<double>(n + 1));
  }
  return scores;
}

std::array<double, 4> corpus_bleu(const std::vector<ScoredText>& texts) {
  BleuCounts counts;
  for (const auto& text : texts) counts += bleu_counts(text);
  return bleu(counts);
}

double rouge_n(const ScoredText& text, size_t n) {
  check(text);
  const Ngrams told = ngrams(text.text, n);
  double best = 0;
  for (const auto& reference : text.references) {
    const Ngrams wanted = ngrams(reference, n);
    int64_t both = 0;
    for (const auto& [ngram, count] : told) {
      const auto found = wanted.find(ngram);
      if (found != wanted.end()) both += std::min(count, found->second);
    }
    const auto precision = static_cast<double>(both) / static_cast<double>(std::max<int64_t>(total(told), 1));
    const auto recall = static_cast<double>(both) / static_cast<double>(std::max<int64_t>(total(wanted), 1));
    best = std::max(best, f1(precision, recall));
  }
  return best;
}

double rouge_l(const ScoredText& text) {
  check(text);
  double best = 0;
  for (const auto& reference : text.references) {
    const size_t common = common_subsequence(text.text, reference);
    best = std::max(best, f1(share(common, text.text.size()), share(common, reference.size())));
  }
  return best;
}

double rouge_l_coco(const ScoredText& text) {
  check(text);
  constexpr double kBeta2 = 1.2 * 1.2;
  double precision = 0, recall = 0;
  for (const auto& reference : text.references) {
    const size_t common = common_subsequence(text.text, reference);
    precision = std::max(precision, share(common, text.text.size()));
    recall = std::max(recall, share(common, reference.size()));
  }
  if (precision == 0 || recall == 0) return 0;
  return (1 + kBeta2) * precision * recall / (recall + kBeta2 * precision);
}

double cider_d(const std::vector<ScoredText>& texts) {
  const auto scores = cider_d_by_text(texts);
  double sum = 0;
  for (const double score : scores) sum += score;
  return texts.empty() ? 0 : sum / static_cast<double>(texts.size());
}

std::vector<double> cider_d_by_text(const std::vector<ScoredText>& texts) {
  Rarity rarity;
  rarity.log_count = std::log(static_cast<double>(texts.size()));
  for (const auto& text : texts) {
    check(text);
    std::set<std::vector<std::string>> seen;
    for (const auto& reference : text.references)
      for (size_t n = 1; n <= kLongest; ++n)
        for (const auto& [ngram, count] : ngrams(reference, n)) seen.insert(ngram);
    for (const auto& ngram : seen) ++rarity.texts[ngram];
  }
  std::vector<double> scores;
  for (const auto& text : texts) {
    const Weighted told = weigh(text.text, rarity);
    double of_text = 0;
    for (const auto& reference : text.references) of_text += cider_of(told, weigh(reference, rarity));
    scores.push_back(10 * of_text / static_cast<double>(text.references.size()));
  }
  return scores;
}

double meteor_exact(const ScoredText& text) {
  check(text);
  double best = 0;
  for (const auto& reference : text.references) {
    const auto [matches, chunks] = aligned(text.text, reference);
    if (matches == 0) continue;
    const double precision = share(matches, text.text.size()), recall = share(matches, reference.size());
    const double mean = 10 * precision * recall / (recall + 9 * precision);
    best = std::max(best, mean * (1 - 0.5 * std::pow(share(chunks, matches), 3)));
  }
  return best;
}

double distinct_ratio(const std::vector<std::string>& texts) {
  return share(std::set<std::string>(texts.begin(), texts.end()).size(), texts.size());
}

}  // namespace conclave
