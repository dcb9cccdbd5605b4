/// Recorded outputs of Qwen3-Omni's talker.
#pragma once

#include "models/checkpoint/checkpoint.h"
#include "models/checkpoint/comparison.h"

namespace conclave {

/// A pass by case ("talker.thinker_ids", "talker.thinker_embeds", "talker.thinker_hidden", "talker.labels"),
/// the codes behind the first of each frame ("talker.predictor.states", "talker.predictor.codes") and a
/// generation
/// ("talker.gen.trailing", "talker.gen.pad") from the pass's first row.
void verify_talker(Comparison& with, const CheckpointFolder& folder);

}  // namespace conclave
