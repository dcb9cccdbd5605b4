/// Training of the speech model.
#pragma once

#include "framework/moe/loss.h"
#include "framework/train/train_task.h"
#include "models/audio/speech_model.h"

namespace conclave {

/// Frames of the recording that gives the voice, in training and in use.
inline constexpr int64_t kLeastSample = 12, kMostSample = 40;

struct SpokenTake {
  Tensor codes_FK;
  std::vector<UnitPlace> places = {};  ///< of free text: of each frame
};

/// One recording of a word, or of phones.
struct SpokenWord {
  std::vector<int64_t> said;  ///< words of the model
  int64_t speaker = 0;
  std::vector<SpokenTake> takes;  ///< variants of the recording, of which one is drawn
};

struct SpeechLearning {
  double dropped = 0;    ///< share of training without the text, as the model's configuration has it
  double corrupted = 0;  ///< share of the codes before each step that are read as others: what is drawn
                         ///< wrongly is no surprise then
};

/// {"corrupted": 0.1}; UsageError names the key.
SpeechLearning parse_speech_learning(const Json& config, double dropped);

/// Half of the time only the speaker's name is given, else frames of another recording of the same voice,
/// with the name or without.
class SpeechTask : public TrainTask {
 public:
  /// evaluate() reports "nll", the mean over held-out codes in nats with the name alone, and "nll_voice",
  /// with a sample alone; of free text "nll_ends" of each frame's being its phone's last, too.
  SpeechTask(Ptr<SpeechModel> model, std::vector<SpokenWord> words, std::vector<SpokenWord> held_out,
             Ptr<Loss> balance, const SpeechLearning& learning = {});

  Module& model() override { return *model_; }
  int64_t items() const override { return static_cast<int64_t>(words_.size()); }
  StepLoss loss(MicroBatch& batch) override;
  Metrics evaluate() override;

 private:
  struct Row {
    std::vector<int64_t> words;
    int64_t speaker;
    Tensor sample_FK;
    const SpokenTake* take;
  };
  struct Losses {
    Tensor codes;  ///< sum over the codebooks of their mean cross-entropy
    Tensor ends;   ///< of free text
  };
  Row row(const SpokenWord& spoken, bool named, bool sampled, Random& random) const;
  /// `random`: codes are corrupted with it.
  Losses losses(const std::vector<Row>& rows, const TokenContext& context, Random* random = nullptr) const;
  Tensor corrupt(const Tensor& steps_SC, Random& random) const;
  Metrics held_out_nll(bool named, bool sampled) const;

  Ptr<SpeechModel> model_;
  std::vector<SpokenWord> words_, held_out_;
  std::vector<std::vector<size_t>> of_speaker_;  // places in words_
  Ptr<Loss> balance_;
  SpeechLearning learning_;
};

}  // namespace conclave
