#include "datasets/vqa_bag_of_words.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "framework/base/error.h"
#include "framework/base/random.h"
#include "framework/text/utf8.h"

namespace conclave {
namespace {

constexpr size_t kMostAnswers = 1000;
// Held-out training questions of DAQUAR, easy-VQA and NLVR gain nothing from more.
constexpr int kEpochs = 12;
constexpr float kRate = 0.3F;

// A word is a run of letters and digits. The empty word stands for every question and for its two ends.
std::vector<std::string> words_and_pairs(const std::string& question) {
  std::vector<std::string> all = {""};
  std::string previous, word;
  const auto end_word = [&] {
    all.push_back(previous + ' ' + word);
    if (!word.empty()) all.push_back(word);
    previous = std::exchange(word, "");
  };
  for (const char c : lower_case(question)) {
    if (std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80)
      word += c;
    else if (!word.empty())
      end_word();
  }
  if (!word.empty()) end_word();
  end_word();
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

// The most frequent answers, the most frequent first.
std::vector<std::string> frequent_answers(const VqaSet& train) {
  std::map<std::string, int64_t> count;
  for (const auto& sample : train.samples) {
    for (const auto& answer : sample.answers) ++count[answer];
  }
  std::vector<std::string> answers;
  for (const auto& [answer, n] : count) answers.push_back(answer);
  std::stable_sort(answers.begin(), answers.end(),
                   [&](const auto& a, const auto& b) { return count[a] > count[b]; });
  if (answers.size() > kMostAnswers) answers.resize(kMostAnswers);
  return answers;
}

void softmax(std::vector<float>& x) {
  const float most = *std::max_element(x.begin(), x.end());
  float sum = 0;
  for (float& v : x) sum += v = std::exp(v - most);
  for (float& v : x) v /= sum;
}

}  // namespace

BagOfWords::BagOfWords(const VqaSet& train, uint64_t seed) : answers_(frequent_answers(train)) {
  require<UsageError>(!answers_.empty(), "{} {} has no answers to learn from", train.name, train.split);
  std::unordered_map<std::string, int64_t> answer_id;
  for (const auto& answer : answers_) answer_id.emplace(answer, static_cast<int64_t>(answer_id.size()));
  std::vector<Example> examples;
  for (const auto& sample : train.samples) {
    for (const auto& text : words_and_pairs(sample.question))
      features_.emplace(text, static_cast<int64_t>(features_.size()));
    // Of ten annotators one is drawn by their place in the data: over all questions it comes to the same.
    if (sample.answers.empty()) continue;
    const auto& answer = sample.answers[examples.size() % sample.answers.size()];
    if (const auto found = answer_id.find(answer); found != answer_id.end())
      examples.push_back({features_of(sample.question), found->second});
  }
  fit(examples, seed);
}

std::vector<int64_t> BagOfWords::features_of(const std::string& question) const {
  std::vector<int64_t> features;
  for (const auto& text : words_and_pairs(question)) {
    if (const auto found = features_.find(text); found != features_.end()) features.push_back(found->second);
  }
  return features;
}

std::vector<float> BagOfWords::logits(const std::vector<int64_t>& features) const {
  const size_t A = answers_.size();
  std::vector<float> sum(A);
  for (const int64_t f : features) {
    const float* row = &weight_FA_[static_cast<size_t>(f) * A];
    for (size_t a = 0; a < A; ++a) sum[a] += row[a];
  }
  return sum;
}

// AdaGrad (Duchi et al. 2011) with one step size a feature: rare words learn as much as frequent ones.
void BagOfWords::fit(const std::vector<Example>& examples, uint64_t seed) {
  const size_t A = answers_.size();
  weight_FA_.assign(features_.size() * A, 0);
  std::vector<float> square_F(features_.size(), 1e-6F);
  Random random(seed, "bag of words");
  for (int epoch = 0; epoch < kEpochs; ++epoch) {
    for (const int64_t i : random.permutation(static_cast<int64_t>(examples.size()))) {
      const auto& example = examples[static_cast<size_t>(i)];
      std::vector<float> grad = logits(example.features);
      softmax(grad);
      grad[static_cast<size_t>(example.answer)] -= 1;
      float square = 0;
      for (const float g : grad) square += g * g;
      for (const int64_t f : example.features) {
        const float step = kRate / std::sqrt(square_F[static_cast<size_t>(f)] += square);
        float* row = &weight_FA_[static_cast<size_t>(f) * A];
        for (size_t a = 0; a < A; ++a) row[a] -= step * grad[a];
      }
    }
  }
}

const std::string& BagOfWords::answer(const std::string& question) const {
  const auto score = logits(features_of(question));
  return answers_[static_cast<size_t>(std::max_element(score.begin(), score.end()) - score.begin())];
}

VqaPredictions BagOfWords::answer_all(const VqaSet& set) const {
  VqaPredictions predictions;
  for (const auto& sample : set.samples) predictions[sample.id] = answer(sample.question);
  return predictions;
}

}  // namespace conclave
