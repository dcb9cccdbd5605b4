/// A model of notes as a folder holds it: config.json and model.safetensors.
#pragma once

#include <filesystem>

#include "framework/moe/trace.h"
#include "models/audio/music/music_lm.h"

namespace conclave {

/// Weights in float32, without gradients. Throws DataError that names the file and the cause; tensors that do
/// not fit are listed.
Ptr<MusicLm> load_music_lm(const std::filesystem::path& folder);

/// Writes both files; with `half`, weights become bfloat16, routers apart (the model's own too).
void save_music_lm(MusicLm& model, const std::filesystem::path& folder, bool half = false,
                   const std::map<std::string, std::string>& metadata = {});

/// Parameters in all, and how many work on a token, by what a trace saw chosen: null experts cost nothing.
struct MusicParameters {
  int64_t total = 0;
  double active = 0;
};
MusicParameters music_parameters(MusicLm& model, const Trace& trace);

}  // namespace conclave
