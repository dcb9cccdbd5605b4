/// Language models over codes against their records.
#pragma once

#include "models/checkpoint/checkpoint.h"
#include "models/checkpoint/comparison.h"

namespace conclave {

/// A pass with "codec_input_ids" and "codec_labels" in, "codec_logits" out; "delay.", what the pattern makes
/// of codes; "gen.", a guided greedy continuation; "sample.J.", probabilities for given logits.
void verify_audio_lm(Comparison& with, const CheckpointFolder& folder);

}  // namespace conclave
