/// What can be had without looking at the picture: the answer that was most frequent for a like question.
#pragma once

#include <string>
#include <unordered_map>

#include "datasets/vqa_scores.h"

namespace conclave {

inline constexpr int kWholeQuestion = 1 << 20;

/// The most frequent training answer to questions with the same first words, or over all questions when none
/// began so. Ties go to the alphabetically first answer.
class MajorityBaseline {
 public:
  /// `words` = 0: one answer for all; 4: question-prefix majority; kWholeQuestion: question-only majority.
  /// Throws UsageError when no sample has an answer.
  MajorityBaseline(const VqaSet& train, int words);

  const std::string& answer(const std::string& question) const;
  VqaPredictions answer_all(const VqaSet& set) const;

 private:
  int words_;
  std::string overall_;
  std::unordered_map<std::string, std::string> by_prefix_;
};

}  // namespace conclave
