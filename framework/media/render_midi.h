/// Music as sound: by FluidSynth where the program and a sound font are installed, else by the built-in
/// synthesiser.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <optional>

#include "framework/media/midi_file.h"

namespace conclave {

enum class Renderer { any, fluidsynth, builtin };

/// FluidSynth on PATH and the first sound font of $CONCLAVE_SOUND_FONT and the usual folders.
struct FluidSynth {
  std::filesystem::path program, sound_font;
};
std::optional<FluidSynth> find_fluidsynth();

/// Mono float32 [N]. Throws Error when FluidSynth is asked for and is not there, or fails.
at::Tensor render_midi(const MidiFile& midi, int64_t sample_rate, Renderer renderer = Renderer::any);

}  // namespace conclave
