/// Codecs against their records.
#pragma once

#include "models/checkpoint/checkpoint.h"
#include "models/checkpoint/comparison.h"

namespace conclave {

/// "audio" in; "codes" and "audio" out, what lies between by name, "codes.S" and "audio.S" for a published
/// setting S (see Codec::books_for); of DAC also "from_codes.", "n2." (two codebooks), losses and gradients,
/// of Mimi "nowindow.".
void verify_codec(Comparison& with, const CheckpointFolder& folder);

}  // namespace conclave
