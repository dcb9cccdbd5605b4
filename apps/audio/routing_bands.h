/// Where a model of sound sends each frame: weights of the experts over time.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "framework/base/json.h"
#include "framework/media/piano_roll.h"
#include "framework/moe/routing_log.h"
#include "models/audio/music/music_lm.h"
#include "models/audio/speaking.h"

namespace conclave {

/// One MoE layer.
struct RoutingBand {
  std::string name;
  int64_t experts = 0, nulls = 0;
  std::map<int64_t, std::vector<float>> weight;  ///< by frame: [experts + nulls], null experts last
};

/// Of what speak() left in `log` (without guidance): a frame is one of codes, `hop` samples.
std::vector<RoutingBand> speech_bands(const RoutingLog& log, const std::vector<WordTime>& words, int64_t hop);

/// Of a piece that the model reads again; in layers that spell chords the notes of a frame are averaged. At
/// most `frames` frames from the beginning.
std::vector<RoutingBand> music_bands(const MusicLm& model, int64_t style, const PianoRoll& roll,
                                     int64_t frames);

/// {"times": [seconds at which each frame begins, and the last one ends], "layers": [{"name", "experts",
/// "nulls", "weights": [a list or null for each frame]}]}
Json bands_json(const std::vector<RoutingBand>& bands, const std::function<double(int64_t)>& seconds_of);

}  // namespace conclave
