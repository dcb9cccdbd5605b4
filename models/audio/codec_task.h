/// Training of our own codec.
#pragma once

#include <memory>
#include <vector>

#include "framework/train/train_task.h"
#include "models/audio/codebook_learning.h"
#include "models/audio/spectral_codec.h"

namespace conclave {

struct CodecTaskOptions {
  int64_t frames = 32;  ///< of a crop
  double mel_weight = 15, wave_weight = 20, commitment_weight = 0.25;
  double dropout = 0.5;  ///< share of crops that take fewer codebooks than there are
  double speed = 0.18;   ///< crops are played faster or slower by up to this share, and so higher or lower
  bool decoder_only = false;       ///< encoder and codebooks stay, so that codes keep their meaning
  double quiet = -32, loud = -14;  ///< decibels of full scale between which a crop's level lies
  CodebookLearning learning;
};

/// {"frames", "mel_weight", "wave_weight", "commitment_weight", "dropout", "speed", "quiet", "loud",
/// "decoder_only"}; throws UsageError that names the key.
CodecTaskOptions parse_codec_task(const Json& config, const std::string& path = "codec_task");

/// Clips are mono at the codec's rate. A step hears one crop of each item; `sources` are drawn evenly,
/// however many clips each has.
class CodecTask : public TrainTask {
 public:
  /// `held_out` is what evaluate() reports on: mel_distance and si_sdr with all codebooks, mel_distance_half
  /// with half of them. Throws UsageError when there is no clip.
  CodecTask(Ptr<SpectralCodec> codec, std::vector<std::vector<Tensor>> sources, std::vector<Tensor> held_out,
            CodecTaskOptions options);

  Module& model() override { return *codec_; }
  int64_t items() const override { return items_; }
  StepLoss loss(MicroBatch& batch) override;
  Metrics evaluate() override;

 private:
  Tensor crop(Random& random) const;
  QuantisedFrames quantise(const Tensor& wanted_BN, const MicroBatch& batch, Random& random);

  Ptr<SpectralCodec> codec_;
  std::vector<std::vector<Tensor>> sources_;
  std::vector<Tensor> held_out_;
  CodecTaskOptions options_;
  int64_t items_ = 0;
};

/// `audio_N` at `decibels` of full scale (root mean square); silence stays as it is, and no sound is made
/// more than 60 dB louder.
Tensor at_level(const Tensor& audio_N, double decibels);

}  // namespace conclave
