/// eval --task music-nll: how well a model of notes foresees a data set.
#pragma once

#include <filesystem>
#include <string>

#include "apps/common/verb.h"

namespace conclave {

struct MusicEvaluation {
  std::filesystem::path model, data;
  std::string dataset, split, protocol;
  int shifts = 0;
};

/// Prints the figure and the routing behind it, as one JSON record or as text; metrics and routing go to the
/// history.
int evaluate_music(const MusicEvaluation& asked, Invocation& call);

/// eval --task music-key: how often find_key gives the key that is annotated in POP909.
int evaluate_key_finding(const std::filesystem::path& data, Invocation& call);

/// eval --task music-beat: tempo and beats that find_beats finds in POP909 beside the annotated ones.
int evaluate_beat_finding(const std::filesystem::path& data, Invocation& call);

}  // namespace conclave
