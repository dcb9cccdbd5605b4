/// The strongest answer without the picture that needs no network: softmax regression over the words of the
/// question and over pairs of neighbours.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "datasets/vqa_scores.h"

namespace conclave {

class BagOfWords {
 public:
  /// Learns from the questions and answers of `train`, the 1,000 most frequent answers; the same seed gives
  /// the same answers. Throws UsageError when no sample has an answer.
  BagOfWords(const VqaSet& train, uint64_t seed);

  const std::string& answer(const std::string& question) const;
  VqaPredictions answer_all(const VqaSet& set) const;

 private:
  struct Example {
    std::vector<int64_t> features;
    int64_t answer;
  };
  std::vector<int64_t> features_of(const std::string& question) const;
  std::vector<float> logits(const std::vector<int64_t>& features) const;
  void fit(const std::vector<Example>& examples, uint64_t seed);

  std::vector<std::string> answers_;
  std::unordered_map<std::string, int64_t> features_;
  std::vector<float> weight_FA_;
};

}  // namespace conclave
