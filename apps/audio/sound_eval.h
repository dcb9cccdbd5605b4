/// How well the codec keeps speech, and how well digits are said.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "apps/common/verb.h"

namespace conclave {

struct SoundEvalOptions {
  std::filesystem::path data, model;            ///< model: folder of a voice; empty: the shipped one
  std::string speaker = "lucas";                ///< whom the codec is judged by: left out of its training
  int64_t takes = 5;                            ///< of each generated digit and speaker
  std::optional<double> temperature, guidance;  ///< without: the voice's own
  uint64_t seed = 0;
};

/// The speaker's recordings before and after the codec, with all codebooks and half of them, and after Opus
/// at the same rates: what the judges hear, mel and STFT distance, SI-SDR. The last record holds all.
int eval_codec(const SoundEvalOptions& options, Invocation& call);

/// Generated digits of all speakers beside the official test recordings: what the judges hear, and whose
/// voice it is by an embedding whose equal error rate is told.
int eval_digits(const SoundEvalOptions& options, Invocation& call);

}  // namespace conclave
