#include "datasets/vqa_scores.h"

#include <algorithm>

#include "datasets/vqa_normalize.h"
#include "framework/base/error.h"

namespace conclave {
namespace {

std::vector<std::string> sorted_items(const std::string& answer) {
  std::vector<std::string> items;
  for (size_t begin = 0; begin <= answer.size();) {
    const size_t end = std::min(answer.find(", ", begin), answer.size());
    items.push_back(normalize_answer(answer.substr(begin, end - begin)));
    begin = end + 2;
  }
  std::sort(items.begin(), items.end());
  return items;
}

double consistency_of(const VqaSet& set, const std::unordered_map<std::string, double>& score_by_id) {
  std::unordered_map<std::string, bool> right;
  for (const auto& sample : set.samples) {
    const auto [at, fresh] = right.emplace(sample.id.substr(0, sample.id.find('-')), true);
    at->second = at->second && score_by_id.at(sample.id) == 1;
  }
  const auto consistent = std::count_if(right.begin(), right.end(), [](const auto& s) { return s.second; });
  return static_cast<double>(consistent) / static_cast<double>(right.size());
}

}  // namespace

double exact_match(const std::string& prediction, const std::string& answer) {
  return sorted_items(prediction) == sorted_items(answer) ? 1 : 0;
}

double vqa_accuracy(const std::string& prediction, const std::vector<std::string>& answers) {
  require<UsageError>(answers.size() == 10, "VQA accuracy needs ten answers, not {}", answers.size());
  const std::string mine = normalize_answer(prediction);
  const auto matches = static_cast<int>(std::count_if(
      answers.begin(), answers.end(), [&](const auto& answer) { return normalize_answer(answer) == mine; }));
  // Leaving out one of the matching annotators leaves matches - 1, leaving out another leaves all.
  const double without_match = std::min(1.0, (matches - 1) / 3.0), with_all = std::min(1.0, matches / 3.0);
  return (matches * without_match + (10 - matches) * with_all) / 10;
}

VqaScores score_vqa(const VqaSet& set, const VqaPredictions& predictions) {
  require<UsageError>(!set.samples.empty(), "{} {} has no samples to score", set.name, set.split);
  VqaScores scores;
  scores.samples = static_cast<int64_t>(set.samples.size());
  const bool many = set.samples.front().answers.size() > 1;
  scores.metric = many ? "vqa_accuracy" : "exact_match";
  for (const auto& sample : set.samples) {
    require<UsageError>(!sample.answers.empty(), "{} {}: sample {} has no answer to compare with", set.name,
                        set.split, sample.id);
    const auto found = predictions.find(sample.id);
    double score = 0;
    if (found == predictions.end())
      ++scores.missing;
    else
      score = many ? vqa_accuracy(found->second, sample.answers)
                   : exact_match(found->second, sample.answers.front());
    scores.by_id[sample.id] = score;
    scores.score += score;
  }
  scores.score /= static_cast<double>(scores.samples);
  if (set.name == "nlvr") scores.consistency = consistency_of(set, scores.by_id);
  return scores;
}

}  // namespace conclave
