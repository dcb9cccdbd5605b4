/// Scores of visual question answering.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "datasets/vqa_sample.h"

namespace conclave {

/// Answers by sample id.
using VqaPredictions = std::unordered_map<std::string, std::string>;

/// 1 when both are the same after normalize_answer, else 0. Items separated by a comma and a space may come
/// in any order (DAQUAR: "book, scissor").
double exact_match(const std::string& prediction, const std::string& answer);

/// VQA accuracy (Antol et al. 2015): the mean over the ten sets of nine answers of min(1, matches / 3).
/// Throws UsageError unless there are ten answers.
double vqa_accuracy(const std::string& prediction, const std::vector<std::string>& answers);

struct VqaScores {
  std::string metric;  ///< "exact_match" or "vqa_accuracy"
  double score = 0;    ///< mean over all samples, 0 .. 1; a sample without prediction counts as wrong
  int64_t samples = 0, missing = 0;
  std::optional<double> consistency;  ///< NLVR: share of sentences that are right in every picture
  std::unordered_map<std::string, double> by_id;
};

/// Ten answers a sample are scored with vqa_accuracy, one with exact_match, on NLVR with consistency as its
/// official scorer counts it (over all statements that share a sentence number: "1085" of "1085-3-0").
/// Throws UsageError when a sample has no answer or the set is empty.
VqaScores score_vqa(const VqaSet& set, const VqaPredictions& predictions);

}  // namespace conclave
