#include "datasets/vqa_baselines.h"

#include <map>
#include <sstream>

#include "framework/base/error.h"
#include "framework/text/utf8.h"

namespace conclave {
namespace {

using Counts = std::map<std::string, int64_t>;

std::string first_words(const std::string& question, int words) {
  std::istringstream in(lower_case(question));
  std::string prefix;
  for (std::string word; words > 0 && in >> word; --words) prefix += word + ' ';
  return prefix;
}

std::string most_frequent(const Counts& counts) {
  auto best = counts.begin();
  for (auto it = counts.begin(); it != counts.end(); ++it)
    if (it->second > best->second) best = it;
  return best->first;
}

}  // namespace

MajorityBaseline::MajorityBaseline(const VqaSet& train, int words) : words_(words) {
  Counts overall;
  std::unordered_map<std::string, Counts> by_prefix;
  for (const auto& sample : train.samples) {
    auto& counts = by_prefix[first_words(sample.question, words)];
    for (const auto& answer : sample.answers) {
      ++overall[answer];
      ++counts[answer];
    }
  }
  require<UsageError>(!overall.empty(), "{} {} has no answers to count", train.name, train.split);
  overall_ = most_frequent(overall);
  for (const auto& [prefix, counts] : by_prefix)
    if (!counts.empty()) by_prefix_[prefix] = most_frequent(counts);
}

const std::string& MajorityBaseline::answer(const std::string& question) const {
  const auto found = by_prefix_.find(first_words(question, words_));
  return found == by_prefix_.end() ? overall_ : found->second;
}

VqaPredictions MajorityBaseline::answer_all(const VqaSet& set) const {
  VqaPredictions predictions;
  for (const auto& sample : set.samples) predictions[sample.id] = answer(sample.question);
  return predictions;
}

}  // namespace conclave
