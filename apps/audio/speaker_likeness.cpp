#include "apps/audio/speaker_likeness.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>

namespace conclave {

SpeakerLikeness::SpeakerLikeness(const ClipClassifier& embedding, const std::vector<Tensor>& clips,
                                 std::vector<std::string> speakers)
    : embedding_(embedding), speakers_(std::move(speakers)) {
  for (const auto& clip_N : clips) voices_.push_back(embedding.voice(clip_N));
}

double SpeakerLikeness::equal_error_rate() const {
  std::vector<std::pair<double, bool>> pairs;
  for (size_t i = 0; i < voices_.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      pairs.emplace_back((voices_[i] * voices_[j]).sum().item<double>(), speakers_[i] == speakers_[j]);
  std::sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  double same = 0, other = 0;
  for (const auto& [score, is_same] : pairs) (is_same ? same : other) += 1;
  double accepted_same = 0, accepted_other = 0;
  for (const auto& [score, is_same] : pairs) {
    (is_same ? accepted_same : accepted_other) += 1;
    const double refused = 1 - accepted_same / same, taken = accepted_other / other;
    if (taken >= refused) return (taken + refused) / 2;
  }
  return 1;
}

double SpeakerLikeness::share_right(const std::vector<Tensor>& clips,
                                    const std::vector<std::string>& speakers, bool themselves) const {
  int64_t right = 0;
  for (size_t i = 0; i < clips.size(); ++i)
    right += nearest(embedding_.voice(clips[i]), themselves ? static_cast<int64_t>(i) : -1) == speakers[i];
  return static_cast<double>(right) / static_cast<double>(clips.size());
}

std::string SpeakerLikeness::nearest(const Tensor& voice_E, int64_t without) const {
  std::map<std::string, Tensor> sums;
  for (size_t i = 0; i < voices_.size(); ++i) {
    if (static_cast<int64_t>(i) == without) continue;
    Tensor& sum = sums[speakers_[i]];
    sum = sum.defined() ? sum + voices_[i] : voices_[i];
  }
  std::string best;
  double most = -2;
  for (const auto& [speaker, sum] : sums) {
    const double score = ((sum * voice_E).sum() / sum.norm()).item<double>();
    if (score > most) {
      most = score;
      best = speaker;
    }
  }
  return best;
}

}  // namespace conclave
