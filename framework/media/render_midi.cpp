#include "framework/media/render_midi.h"

#include <stdlib.h>

#include <string>

#include "framework/base/child_process.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/media/sound.h"
#include "framework/media/synthesizer.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFontFolders[] = {"/usr/share/sounds/sf2", "/usr/share/sounds/sf3",
                                        "/usr/share/soundfonts", "/usr/local/share/soundfonts"};

fs::path sound_font() {
  if (const char* named = std::getenv("CONCLAVE_SOUND_FONT"); named && *named) return named;
  fs::path found;
  for (const char* folder : kFontFolders) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      const auto extension = entry.path().extension();
      // The first by name, whatever order the folder has.
      if ((extension == ".sf2" || extension == ".sf3") && (found.empty() || entry.path() < found))
        found = entry.path();
    }
    if (!found.empty()) break;
  }
  return found;
}

// A folder of our own that goes away with what is in it.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "conclave-XXXXXX").string();
    require(mkdtemp(name.data()) != nullptr, "[render] no temporary folder can be made");
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

at::Tensor by_fluidsynth(const FluidSynth& with, const MidiFile& midi, int64_t sample_rate) {
  const Scratch folder;
  const fs::path notes = folder.path() / "notes.mid", sound = folder.path() / "sound.wav";
  write_file(notes, write_midi(midi));
  const auto made = run_child({with.program.string(), "-niq", "-F", sound.string(), "-r",
                               std::to_string(sample_rate), with.sound_font.string(), notes.string()});
  require(made.code == 0 && fs::exists(sound), "{} with {} ended with code {} and without sound",
          with.program.string(), with.sound_font.string(), made.code);
  return load_sound(sound, {.sample_rate = sample_rate, .max_seconds = 4 * 3600}).samples_N;
}

}  // namespace

std::optional<FluidSynth> find_fluidsynth() {
  FluidSynth found{find_program("fluidsynth"), sound_font()};
  if (found.program.empty() || found.sound_font.empty()) return std::nullopt;
  return found;
}

at::Tensor render_midi(const MidiFile& midi, int64_t sample_rate, Renderer renderer) {
  if (renderer != Renderer::builtin) {
    if (const auto found = find_fluidsynth()) return by_fluidsynth(*found, midi, sample_rate);
    require(renderer == Renderer::any,
            "fluidsynth is not installed or has no sound font: install fluidsynth and fluid-soundfont-gm, or "
            "name a "
            "font in CONCLAVE_SOUND_FONT");
  }
  return synthesize(midi, sample_rate);
}

}  // namespace conclave
