/// Training of the speech model.
#pragma once

#include "framework/moe/loss.h"
#include "framework/train/train_task.h"
#include "models/audio/speech_model.h"

namespace conclave {

/// Frames of the recording that gives the voice, in training and in use.
inline constexpr int64_t kLeastSample = 12, kMostSample = 40;

/// One recording of a word or window.
struct SpokenWord {
  std::vector<std::vector<int64_t>>
      spellings;  ///< words of the model that say it: one is drawn, the last one is scored
  int64_t speaker = 0;
  std::vector<Tensor> takes_FK;  ///< codes of the recording, in variants of which one is drawn
};

/// Half of the time only the speaker's name is given, else frames of another recording of the same voice,
/// with the name or without. The text is left out as often as the model's "dropped" says.
class SpeechTask : public TrainTask {
 public:
  /// evaluate() reports "nll", the mean over held-out codes in nats with the name alone, and "nll_voice",
  /// with a sample alone.
  SpeechTask(Ptr<SpeechModel> model, std::vector<SpokenWord> words, std::vector<SpokenWord> held_out,
             Ptr<Loss> balance, double dropped = 0);

  Module& model() override { return *model_; }
  int64_t items() const override { return static_cast<int64_t>(words_.size()); }
  StepLoss loss(MicroBatch& batch) override;
  Metrics evaluate() override;

 private:
  struct Row {
    std::vector<int64_t> words;
    int64_t speaker;
    Tensor sample_FK, codes_FK;
  };
  Row row(const SpokenWord& spoken, bool named, bool sampled, Random& random) const;
  /// Sum over the codebooks of their mean cross-entropy.
  Tensor codes_loss(const std::vector<Row>& rows, const TokenContext& context) const;
  double held_out_nll(bool named, bool sampled) const;

  Ptr<SpeechModel> model_;
  std::vector<SpokenWord> words_, held_out_;
  std::vector<std::vector<size_t>> of_speaker_;  // places in words_
  Ptr<Loss> balance_;
  double dropped_;
};

}  // namespace conclave
