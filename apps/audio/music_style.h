/// eval --task music-style: whether what a model makes is like the music of a data set.
#pragma once

#include "apps/audio/music_eval.h"

namespace conclave {

/// As many pieces as the split has, each as long, are made and compared in chroma from the tonic on, range,
/// polyphony and the like. With `pieces` only so many.
int evaluate_music_style(const MusicEvaluation& asked, int64_t pieces, Invocation& call);

}  // namespace conclave
