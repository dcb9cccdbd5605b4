/// Encoder-decoder models against their records.
#pragma once

#include "models/checkpoint/checkpoint.h"
#include "models/checkpoint/comparison.h"

namespace conclave {

/// "encoder.hidden.L", "decoder.hidden.L", routings as "router_logits.SIDE.L" and so on, "logits", "loss",
/// "generated".
void verify_translator(Comparison& with, const CheckpointFolder& folder);

/// "text_ids" and "decoder_input_ids" in; features of the text, layers, "logits", "loss", "delay.", and the
/// codes and the sound of a guided greedy generation out.
void verify_musicgen(Comparison& with, const CheckpointFolder& folder);

}  // namespace conclave
