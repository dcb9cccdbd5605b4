/// Sound out of notes, without a sound font: a few partials of falling strength under an envelope.
#pragma once

#include <ATen/core/Tensor.h>

#include "framework/media/midi_file.h"

namespace conclave {

/// Mono float32 [N]. Loudness is set afterwards; the peak here is at most 0.9. Percussion is left out. Throws
/// Error for music of more than four hours.
at::Tensor synthesize(const MidiFile& midi, int64_t sample_rate);

}  // namespace conclave
