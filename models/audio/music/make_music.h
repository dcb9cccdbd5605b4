/// Making music with a MusicLm: going on, and filling in around notes that are given.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "framework/generate/sampling.h"
#include "framework/media/chord_name.h"
#include "models/audio/music/music_lm.h"

namespace conclave {

/// What is known of one frame beforehand.
struct FrameWish {
  std::optional<Chord> chord;  ///< all of it; or
  std::optional<int> top;      ///< its highest key
  /// Of free notes: pitch classes (0 is C) that they are drawn from, none set for all; and that of the
  /// lowest, or -1.
  PitchClasses classes = {};
  int bass = -1;
};

struct MusicRequest {
  int64_t style = 0;
  std::vector<FrameWish> frames;  ///< what is wanted, a known beginning included
  Sampling sampling = {.temperature = 1};
  /// Where given notes come after free ones, so many tries are made side by side, and those that foresee what
  /// is given live on (a particle filter): without it, free notes would not know what they lead to.
  int64_t tries = 32;
  uint64_t seed = 0;
  std::function<void(int64_t frames_done)> progress = {};
};

/// A piece with every wish kept: chords as given, top keys with notes made below them. On one thread, so that
/// the same request gives the same piece on any machine setting and in any batch. Throws UsageError for keys
/// outside the piano, Error when interrupted through `progress`.
PianoRoll make_music(const MusicLm& model, const MusicRequest& request);

}  // namespace conclave
